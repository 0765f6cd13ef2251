/*
 * names.c: the implementation of names.h.
 * SPDX-License-Identifier: MIT
 */
#include "cli/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536

static void add_name(cli_names *list, const char *name)
{
    list->items = cli_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = cli_copy(name);
}

/* Reads the whole stream and adds a final 0. NULL: it cannot be read. */
static char *read_all(FILE *from, size_t *bytes)
{
    char *text = cli_allocate(CHUNK_BYTES + 1, 1);
    size_t room = CHUNK_BYTES, used = 0;

    for (size_t got; (got = fread(text + used, 1, room - used, from)) > 0;) {
        used += got;
        if (used < room) continue;
        room *= 2;
        text = cli_grow(text, room + 1, 1);
    }
    if (ferror(from)) {
        free(text);
        return NULL;
    }
    text[used] = '\0';
    *bytes = used;
    return text;
}

static void add_list(cli_names *list, char *text, size_t bytes)
{
    const bool zeros = memchr(text, '\0', bytes) != NULL;
    char *const end = text + bytes;

    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3; /* a byte order mark */
    for (char *next; text < end; text = next) {
        char *stop = memchr(text, zeros ? '\0' : '\n', (size_t)(end - text));
        if (stop == NULL) stop = end;
        next = stop + 1;
        *stop = '\0';
        if (!zeros && stop > text && stop[-1] == '\r') stop[-1] = '\0';
        if (*text != '\0') add_name(list, text);
    }
}

static cli_exit collect_list(cli *app, cli_names *out)
{
    const size_t before = out->count;
    size_t bytes;
    char *text = read_all(stdin, &bytes);

    if (text == NULL) return cli_error(app, CLI_IO, "standard input: %s", strerror(errno));
    add_list(out, text, bytes);
    free(text);
    return out->count > before
               ? CLI_DONE
               : cli_error(app, CLI_NO_INPUT, "no images: the list on standard input is empty");
}

cli_exit cli_names_collect(cli *app, int first, cli_names *out)
{
    cli_exit code = CLI_DONE;

    *out = (cli_names){NULL, 0};
    for (int i = first; i < app->word_count && code == CLI_DONE; ++i) {
        if (strcmp(app->words[i], "-") == 0)
            code = collect_list(app, out);
        else
            add_name(out, app->words[i]);
    }
    return code;
}

void cli_names_free(cli_names *names)
{
    for (size_t i = 0; i < names->count; ++i)
        free(names->items[i]);
    free(names->items);
    *names = (cli_names){NULL, 0};
}
