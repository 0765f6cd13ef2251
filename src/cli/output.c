/*
 * output.c: the implementation of output.h: numbers, tables, JSON and CSV.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- printing ---- */

static int write_error; /* errno of the first write to stdout that failed; 0: none */

static void note_failure(FILE *to)
{
    if (to == stdout && write_error == 0) write_error = errno;
}

int cli_print(FILE *to, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    const int count = vfprintf(to, format, list);
    if (count < 0) note_failure(to);
    va_end(list);
    return count;
}

bool cli_output_close(int *error)
{
    const bool failed_before = ferror(stdout) != 0;

    errno = 0;
    const bool failed = fclose(stdout) != 0 || failed_before;
    *error = write_error != 0 ? write_error : errno;
    return !failed;
}

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

    if (seconds > 0 && seconds < 0.95)
        snprintf(text, CLI_NUMBER, "%.1fs", fmax(seconds, 0.1));
    else if (whole >= 3600)
        snprintf(text, CLI_NUMBER, "%" PRId64 "h%02" PRId64 "m", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        snprintf(text, CLI_NUMBER, "%" PRId64 "m%02" PRId64 "s", whole / 60, whole % 60);
    else
        snprintf(text, CLI_NUMBER, "%" PRId64 "s", whole);
    return text;
}

const char *cli_noun(double count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

const char *cli_percent(double fraction, char text[CLI_NUMBER])
{
    if (isnan(fraction))
        snprintf(text, CLI_NUMBER, "not a number");
    else
        snprintf(text, CLI_NUMBER, "%.2f %%", 100 * fraction);
    return text;
}

const char *cli_fixed(double value, int decimals, char text[CLI_NUMBER])
{
    if (isnan(value)) /* "-nan" on some systems */
        snprintf(text, CLI_NUMBER, "not a number");
    else
        snprintf(text, CLI_NUMBER, fabs(value) < 1e15 ? "%.*f" : "%.*g", decimals, value);
    return text;
}

/* ---- text ---- */

/* Bytes of the UTF-8 character at `text`, which is not empty; 0: not UTF-8 (RFC 3629). */
static size_t utf8_length(const char *text)
{
    const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;

    for (size_t i = 1; i < length; ++i)
        if (((unsigned char)text[i] & 0xc0) != 0x80) return 0; /* also at the final 0 */
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : length;
}

/* U+0000 to U+001F, U+007F to U+009F: characters that a terminal may obey. */
static bool is_control(const char *text)
{
    const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];

    return first < ' ' || first == 0x7f || (first == 0xc2 && second >= 0x80 && second < 0xa0);
}

char *cli_quote(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:=@%+-";
    const char *before = *text == '-' ? "./" : ""; /* so that it is not read as an option */
    char *quoted = cli_allocate(4 * strlen(text) + 5, 1);
    size_t used = (size_t)sprintf(quoted, "%s", before);

    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        strcpy(quoted + used, text);
        return quoted;
    }
    quoted[used++] = '\'';
    for (; *text != '\0'; ++text)
        used += (size_t)sprintf(quoted + used, *text == '\'' ? "'\\''" : "%c", *text);
    strcpy(quoted + used, "'");
    return quoted;
}

char *cli_escape(const char *text)
{
    static const char letters[] = "\n\r\t", names[] = "nrt";
    char *escaped = cli_allocate(4 * strlen(text) + 1, 1);
    size_t used = 0;

    while (*text != '\0') {
        const size_t length = utf8_length(text);
        const char *letter = strchr(letters, *text);
        if (letter != NULL) {
            escaped[used++] = '\\';
            escaped[used++] = names[letter - letters];
            ++text;
        } else if (length == 0 || is_control(text)) {
            used += (size_t)snprintf(escaped + used, 5, "\\x%02x", (unsigned char)*text);
            ++text;
            if (length == 2) /* the second byte of a control character */
                used += (size_t)snprintf(escaped + used, 5, "\\x%02x", (unsigned char)*text++);
        } else {
            memcpy(escaped + used, text, length);
            used += length;
            text += length;
        }
    }
    return escaped;
}

void cli_put(FILE *to, const char *text)
{
    char *escaped = cli_escape(text);

    cli_print(to, "%s", escaped);
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

/* The number of characters: counts the bytes of UTF-8 that begin one. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; ++text)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* Prints one row, without spaces after its last non-empty cell. */
static void print_row(const cli_table *table, char *const *cells, const size_t *widths, FILE *to)
{
    size_t columns = strlen(table->align);

    while (columns > 1 && *cells[columns - 1] == '\0')
        --columns;
    for (size_t i = 0; i < columns; ++i) {
        const int fill = (int)(widths[i] - width_of(cells[i]));
        if (table->align[i] == 'r')
            cli_print(to, "%*s%s", fill, "", cells[i]);
        else
            cli_print(to, "%s%*s", cells[i], i + 1 < columns ? fill : 0, "");
        cli_print(to, "%s", i + 1 < columns ? "  " : "\n");
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
        cli_print(to, "%s", indent);
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

/*
 * jansson accepts only UTF-8. A byte that is not UTF-8 is passed to it as U+10FFFE, which is a
 * noncharacter, and two hexadecimal digits; U+10FFFE itself is passed as U+10FFFE and an 'x'.
 */
#define MARK       "\xf4\x8f\xbf\xbe"
#define MARK_BYTES 4

json_t *cli_json_text(an_json_maker *m, const char *text)
{
    if (text == NULL) return json_null();
    char *copy = cli_allocate(strlen(text) + 1, MARK_BYTES + 2);
    size_t used = 0;

    while (*text != '\0') {
        const size_t length = utf8_length(text);
        if (length == 0) {
            used += (size_t)sprintf(copy + used, MARK "%02x", (unsigned char)*text++);
            continue;
        }
        memcpy(copy + used, text, length);
        used += length;
        if (strncmp(text, MARK, MARK_BYTES) == 0) copy[used++] = 'x';
        text += length;
    }
    copy[used] = '\0';
    json_t *json = an_json_string(m, copy);
    free(copy);
    return json;
}

static void put_bytes(const char *bytes, size_t count)
{
    if (fwrite(bytes, 1, count, stdout) != count) note_failure(stdout);
}

/* Prints the text that jansson wrote: decodes the marks, and escapes the control characters that
 * jansson does not. */
static void put_json(const char *text)
{
    while (*text != '\0') {
        const size_t plain = strcspn(text, "\x7f\xc2\xf4");

        put_bytes(text, plain);
        text += plain;
        if (*text == '\0') break;
        if (is_control(text)) {
            cli_print(stdout, "\\u%04x", *text == 0x7f ? 0x7fu : (unsigned char)text[1]);
            text += *text == 0x7f ? 1 : 2;
        } else if (strncmp(text, MARK, MARK_BYTES) != 0) {
            put_bytes(text++, 1);
        } else if (text[MARK_BYTES] == 'x') {
            put_bytes(MARK, MARK_BYTES);
            text += MARK_BYTES + 1;
        } else if (strspn(text + MARK_BYTES, "0123456789abcdef") >= 2) {
            cli_print(stdout, "\\udc%.2s", text + MARK_BYTES);
            text += MARK_BYTES + 2;
        } else { /* the text does not come from cli_json_text() */
            put_bytes(text, MARK_BYTES);
            text += MARK_BYTES;
        }
    }
}

json_t *cli_json_ints(an_json_maker *m, const int64_t *values, int count)
{
    json_t *list = an_json_list(m);

    for (int i = 0; i < count; ++i)
        an_json_add(m, list, an_json_int(m, values[i]));
    return list;
}

cli_exit cli_json_print(cli *app, json_t *document)
{
    const bool whole = app->json.status == ALEXNET_OK && document != NULL;
    /* Nine digits restore every float32. main() reports a failed write when it closes stdout. */
    char *text = whole ? an_json_line(app->ctx, document, 9) : NULL;

    json_decref(document);
    app->json = (an_json_maker){0};
    if (text == NULL) return cli_error(app, CLI_FAILED, "out of memory for the result");
    put_json(text);
    cli_print(stdout, "\n");
    an_json_free(app->ctx, text);
    return CLI_DONE;
}

/* ---- CSV ---- */

static void put_field(FILE *to, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        cli_print(to, "%s", text);
        return;
    }
    cli_print(to, "\"");
    for (; *text != '\0'; ++text) {
        if (*text == '"') cli_print(to, "\"");
        cli_print(to, "%c", *text);
    }
    cli_print(to, "\"");
}

void cli_csv_field(FILE *to, const char *text, bool safe)
{
    char *shown = isatty(fileno(to)) ? cli_escape(text) : cli_copy(text);

    if (safe && *shown != '\0' && strchr("=+-@", *shown) != NULL) {
        char *guarded = cli_allocate(strlen(shown) + 2, 1);
        guarded[0] = '\'';
        strcpy(guarded + 1, shown);
        free(shown);
        shown = guarded;
    }
    put_field(to, shown);
    free(shown);
}
