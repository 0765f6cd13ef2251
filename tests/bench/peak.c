/*
 * peak.c: runs a program and writes its peak memory: peak FILE PROGRAM ARGUMENTS... Its exit status
 * is that of the program.
 *
 * The system also counts what a process had before exec(). A script that starts the program may be
 * larger, and would be measured in its place.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;

    if (argc < 3) return 99;
    const pid_t child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(98);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) return 97;
    FILE *file = fopen(argv[1], "w");
    if (file == NULL) return 96;
    fprintf(file, "%ld\n", usage.ru_maxrss);
    if (fclose(file) != 0) return 95;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 94;
}
