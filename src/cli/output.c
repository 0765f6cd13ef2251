/*
 * output.c: numbers, tables, JSON and CSV as output.h describes them.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

const char *cli_thousands(int64_t value, char text[CLI_NUMBER])
{
    char digits[CLI_NUMBER];
    size_t out = 0;

    snprintf(digits, sizeof digits, "%" PRId64, value);
    const size_t length = strlen(digits);
    for (size_t i = 0; i < length && out < CLI_NUMBER - 2; ++i) {
        if (i > (value < 0 ? 1u : 0u) && (length - i) % 3 == 0) text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

const char *cli_bytes(int64_t bytes, char text[CLI_NUMBER])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.5 && unit + 1 < CLI_COUNT_OF(units)) {
        value /= 1024;
        ++unit;
    }
    snprintf(text, CLI_NUMBER, "%.*f %s", unit > 0 && value < 9.95 ? 1 : 0, value, units[unit]);
    return text;
}

const char *cli_seconds(double seconds, char text[CLI_NUMBER])
{
    const int64_t whole = seconds < 1e12 ? (int64_t)(seconds + 0.5) : 0;

    if (whole >= 3600)
        snprintf(text, CLI_NUMBER, "%" PRId64 "h%02" PRId64 "m", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        snprintf(text, CLI_NUMBER, "%" PRId64 "m%02" PRId64 "s", whole / 60, whole % 60);
    else
        snprintf(text, CLI_NUMBER, "%" PRId64 "s", whole);
    return text;
}

const char *cli_percent(double fraction, char text[CLI_NUMBER])
{
    if (isnan(fraction))
        snprintf(text, CLI_NUMBER, "-");
    else
        snprintf(text, CLI_NUMBER, "%.2f %%", 100 * fraction);
    return text;
}

/* ---- text ---- */

char *cli_escape(const char *text)
{
    json_t *whole = json_string(text); /* NULL: not UTF-8 */
    char *escaped = cli_allocate(4 * strlen(text) + 1, 1);
    size_t used = 0;

    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; ++c) {
        const bool wide = *c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 to U+009F */
        const bool second = c > (const unsigned char *)text && c[-1] == 0xc2 && *c < 0xa0;
        if (*c < ' ' || *c == 0x7f || (*c >= 0x80 && (whole == NULL || wide || second)))
            used += (size_t)snprintf(escaped + used, 5, "\\x%02x", *c);
        else
            escaped[used++] = (char)*c;
    }
    json_decref(whole);
    return escaped;
}

void cli_put(FILE *to, const char *text)
{
    char *escaped = cli_escape(text);

    fputs(escaped, to);
    free(escaped);
}

/* ---- tables ---- */

void cli_table_row(cli_table *table, ...)
{
    const size_t columns = strlen(table->align);
    va_list list;

    table->cells = cli_grow(table->cells, table->count + columns, sizeof *table->cells);
    va_start(list, table);
    for (size_t i = 0; i < columns; ++i) {
        const char *text = va_arg(list, const char *);
        table->cells[table->count++] = cli_escape(text != NULL ? text : "");
    }
    va_end(list);
}

/* Characters, not bytes: those of UTF-8 that begin one. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; ++text)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* One row; nothing after its last cell that is not empty. */
static void print_row(const cli_table *table, char *const *cells, const size_t *widths, FILE *to)
{
    size_t columns = strlen(table->align);

    while (columns > 1 && *cells[columns - 1] == '\0')
        --columns;
    for (size_t i = 0; i < columns; ++i) {
        const int fill = (int)(widths[i] - width_of(cells[i]));
        if (table->align[i] == 'r')
            fprintf(to, "%*s%s", fill, "", cells[i]);
        else
            fprintf(to, "%s%*s", cells[i], i + 1 < columns ? fill : 0, "");
        fputs(i + 1 < columns ? "  " : "\n", to);
    }
}

void cli_table_print(const cli_table *table, FILE *to, const char *indent)
{
    const size_t columns = strlen(table->align);
    size_t *widths = cli_allocate(columns, sizeof *widths);

    for (size_t i = 0; i < table->count; ++i) {
        const size_t width = width_of(table->cells[i]);
        if (width > widths[i % columns]) widths[i % columns] = width;
    }
    for (size_t row = 0; row < table->count; row += columns) {
        fputs(indent, to);
        print_row(table, table->cells + row, widths, to);
    }
    free(widths);
}

void cli_table_free(cli_table *table)
{
    for (size_t i = 0; i < table->count; ++i)
        free(table->cells[i]);
    free(table->cells);
    *table = (cli_table){.align = table->align};
}

/* ---- JSON ---- */

json_t *cli_json_text(const char *text)
{
    if (text == NULL) return json_null();
    json_t *json = json_string(text);
    if (json != NULL) return json;

    char *copy = cli_allocate(strlen(text) + 1, 1);
    for (size_t i = 0; text[i] != '\0'; ++i)
        copy[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    json = json_string(copy);
    free(copy);
    return json;
}

json_t *cli_json_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *cli_json_ints(const int64_t *values, int count)
{
    json_t *array = json_array();

    for (int i = 0; i < count; ++i)
        json_array_append_new(array, json_integer(values[i]));
    return array;
}

cli_exit cli_json_print(cli *app, json_t *document)
{
    if (document == NULL) return cli_error(app, CLI_FAILED, "out of memory for the result");
    /* Nine digits bring every float32 back. A write that fails shows when main() closes stdout. */
    json_dumpf(document, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(document);
    return CLI_DONE;
}

/* ---- CSV ---- */

void cli_csv_field(FILE *to, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text != '\0'; ++text) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}
