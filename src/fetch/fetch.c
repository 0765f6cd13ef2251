/*
 * fetch.c: the tries to fetch a file, and its verification.
 * SPDX-License-Identifier: MIT
 */
#include "fetch/fetch.h"

#include "base/context.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/status.h"
#include "base/text.h"
#include "fetch/transfer.h"
#include "fetch/url.h"
#include <math.h>
#include <string.h>

/* Tries that continue after a cut; each must have got something. So many are enough for a bad
   connection, and end with a server that sends a byte at a time. */
#define CUTS_MAX 50

/* ---- what is known of the part ---- */

static alexnet_status write_record(const an_transfer *t)
{
    an_json_maker m = {0};
    const an_validator *known = &t->known;
    json_t *record =
        an_json_pack(&m, "{s:i, s:s, s:s, s:s, s:I}", "schema", 1, "url", t->options->url, "etag",
                     known->etag, "modified", known->modified, "bytes", (json_int_t)known->bytes);
    alexnet_status status = an_json_made(t->ctx, &m, t->record);

    if (status == ALEXNET_OK) status = an_json_write(t->ctx, t->record, record);
    json_decref(record);
    return status;
}

/* Copies a text that http.c may send to the server; anything else is as good as absent. */
static void take_text(const json_t *record, const char *key, char text[AN_VALIDATOR])
{
    const char *value = an_json_get_text(record, key, "");

    text[0] = '\0';
    if (strlen(value) >= AN_VALIDATOR) return;
    for (const char *at = value; *at != '\0'; ++at)
        if (*at < ' ' || *at > '~') return;
    strcpy(text, value);
}

/* Learns what has arrived. Without a record of this URL, nothing that counts. */
static alexnet_status read_record(an_transfer *t)
{
    json_t *record = NULL;
    const alexnet_status status = an_json_read(t->ctx, t->record, &record);

    if (status != ALEXNET_OK && status != ALEXNET_NOT_FOUND && status != ALEXNET_BAD_FILE)
        return status;
    const bool same = record != NULL && !t->options->again &&
                      strcmp(an_json_get_text(record, "url", ""), t->options->url) == 0;
    if (same) {
        const int64_t bytes = an_json_get_int(record, "bytes", 0);
        take_text(record, "etag", t->known.etag);
        take_text(record, "modified", t->known.modified);
        t->known.bytes = bytes > 0 ? (uint64_t)bytes : 0;
    }
    json_decref(record);
    return same || t->part.size == 0 ? ALEXNET_OK : an_arrival_restart(&t->part);
}

/* ---- during a try ---- */

static alexnet_status check_size(const an_transfer *t, uint64_t bytes)
{
    const char *url = t->options->url;
    char needed[AN_REAL_SIZE], there[AN_REAL_SIZE];

    if (t->options->bytes != 0 && bytes != t->options->bytes)
        return an_fail(t->ctx, ALEXNET_BAD_FILE,
                       "%s: expected a file of %llu bytes, the server has %llu", url,
                       (unsigned long long)t->options->bytes, (unsigned long long)bytes);
    if (bytes > t->bytes_max)
        return an_fail(t->ctx, ALEXNET_BAD_FILE, "%s: %s; at most %s are fetched", url,
                       an_show_bytes(needed, (int64_t)AN_MIN(bytes, (uint64_t)INT64_MAX)),
                       an_show_bytes(there, (int64_t)t->bytes_max));
    const uint64_t room = an_disk_free(t->ctx, t->part.path);
    if (bytes > room)
        return an_fail(t->ctx, ALEXNET_IO,
                       "%s: cannot write: the file has %s, the disk has %s free", t->part.path,
                       an_show_bytes(needed, (int64_t)bytes), an_show_bytes(there, (int64_t)room));
    return ALEXNET_OK;
}

alexnet_status an_transfer_begin(an_transfer *t, const an_validator *known)
{
    if (t->part.size > 0) AN_TRY(an_arrival_restart(&t->part));
    t->resumed = 0;
    if (known->bytes > 0) AN_TRY(check_size(t, known->bytes));
    t->known = *known;
    return write_record(t);
}

alexnet_status an_transfer_add(an_transfer *t, const void *data, size_t bytes)
{
    const uint64_t most = t->known.bytes != 0 ? t->known.bytes : t->bytes_max;

    if (bytes > most || t->part.size > most - bytes)
        return an_fail(t->ctx, ALEXNET_BAD_FILE, "%s: the server sends more than %llu bytes",
                       t->options->url, (unsigned long long)most);
    return an_arrival_add(&t->part, data, bytes);
}

alexnet_status an_transfer_tell(an_transfer *t)
{
    const double seconds = an_context_seconds(t->ctx) - t->began;
    const uint64_t total = t->options->bytes != 0 ? t->options->bytes : t->known.bytes;
    const uint64_t now = t->part.size - AN_MIN(t->part.size, t->resumed);
    char text[AN_REAL_SIZE];

    if (t->options->tell == NULL) return ALEXNET_OK;
    alexnet_progress report =
        an_progress(AN_FETCH_PHASE, (int64_t)now,
                    total > 0 ? (int64_t)(total - AN_MIN(total, t->resumed)) : 0, seconds);
    report.done = (int64_t)t->part.size;
    report.total = (int64_t)total;
    if (total == 0) report.seconds_left = (double)NAN;
    if (t->options->tell(t->options->tell_user, &report) != ALEXNET_GO_STOP) return ALEXNET_OK;
    return an_fail(t->ctx, ALEXNET_STOPPED, "stopped after %s; the next call continues from there",
                   an_show_bytes(text, report.done));
}

/* ---- tries ---- */

static alexnet_status try_once(an_transfer *t, an_url_kind kind, an_transfer_end *end)
{
    t->resumed = t->part.size;
    t->began = an_context_seconds(t->ctx);
    if (kind == AN_URL_FILE) return an_transfer_local(t, end);
    return an_transfer_http(t, end);
}

static alexnet_status begin_anew(an_transfer *t)
{
    t->known = (an_validator){0};
    return an_arrival_restart(&t->part);
}

/* True if fewer bytes have arrived than the file has. */
static bool is_short(const an_transfer *t)
{
    const uint64_t bytes = t->options->bytes != 0 ? t->options->bytes : t->known.bytes;

    return t->part.size < bytes;
}

/* Fetches all of it. *joined: its pieces came by several answers of the server. */
static alexnet_status fetch_whole(an_transfer *t, an_url_kind kind, bool *joined)
{
    an_transfer_end end = AN_TRANSFER_CUT;

    *joined = t->part.size > 0;
    /* What was killed before it verified the file, or the server's size, that it has no more. */
    if (t->part.size > 0 && t->part.size == t->known.bytes) return ALEXNET_OK;
    for (int cuts = 0; end != AN_TRANSFER_WHOLE;) {
        const uint64_t before = t->part.size;
        AN_TRY(try_once(t, kind, &end));
        if (end == AN_TRANSFER_WHOLE && is_short(t)) {
            end = AN_TRANSFER_CUT;
            an_print(t->cause, sizeof t->cause, "the connection ended early");
        }
        if (end == AN_TRANSFER_WHOLE) break;
        if (end == AN_TRANSFER_CUT && t->part.size != before && ++cuts <= CUTS_MAX) {
            *joined = true;
        } else if (end == AN_TRANSFER_CHANGED && before > 0) {
            AN_TRY(begin_anew(t));
            *joined = false;
        } else {
            return an_fail(t->ctx, ALEXNET_IO, "%s: %s", t->options->url,
                           end == AN_TRANSFER_CHANGED ? "the server sends a part that was not asked"
                                                      : t->cause);
        }
    }
    return ALEXNET_OK;
}

/* ---- verification ---- */

alexnet_status an_fetch_hash(alexnet_context *ctx, const char *path, bool sha256,
                             char hex[AN_SHA256_HEX_SIZE])
{
    int64_t bytes;

    return sha256 ? an_file_hash(ctx, path, &bytes, hex) : an_file_sha1(ctx, path, hex);
}

/* Compares the checksum of what is on the disk, which is what will be used. */
static alexnet_status verify(an_transfer *t, bool *right)
{
    const an_fetch_options *o = t->options;
    const char *expected = o->sha256 != NULL ? o->sha256 : o->sha1;
    char found[AN_SHA256_HEX_SIZE] = "";

    AN_TRY(an_fetch_hash(t->ctx, t->part.name, o->sha256 != NULL, found));
    *right = an_same_word(found, expected);
    if (!*right)
        an_print(t->cause, sizeof t->cause, "expected %s %s, found %s",
                 o->sha256 != NULL ? "SHA-256" : "SHA-1", expected, found);
    return ALEXNET_OK;
}

static alexnet_status fetch(an_transfer *t, an_url_kind kind)
{
    bool joined, right;

    AN_TRY(read_record(t));
    AN_TRY(fetch_whole(t, kind, &joined));
    AN_TRY(verify(t, &right));
    if (!right && joined) { /* its pieces may be of two files */
        AN_TRY(begin_anew(t));
        AN_TRY(fetch_whole(t, kind, &joined));
        AN_TRY(verify(t, &right));
    }
    return right ? ALEXNET_OK
                 : an_fail(t->ctx, ALEXNET_BAD_FILE, "%s: %s", t->options->url, t->cause);
}

/* After a failure that another call would only repeat: removes what arrived, and keeps the
   message. */
static void remove_part(an_transfer *t)
{
    alexnet_context *ctx = t->ctx;
    char said[AN_ERROR_BYTES];

    an_print(said, sizeof said, "%s", ctx->error);
    if (an_file_remove(ctx, t->part.name) != ALEXNET_OK ||
        an_file_remove(ctx, t->record) != ALEXNET_OK)
        an_log(ctx, ALEXNET_LOG_WARNING, "%s", ctx->error);
    an_print(ctx->error, sizeof ctx->error, "%s", said);
}

/* ---- the call ---- */

static bool is_hex(const char *text, size_t digits)
{
    return strlen(text) == digits && text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static alexnet_status check_options(alexnet_context *ctx, const an_fetch_options *o,
                                    an_url_kind *kind)
{
    AN_TRY(an_url_check(ctx, o->url, kind));
    if (*kind == AN_URL_OTHER)
        return an_fail(ctx, ALEXNET_UNSUPPORTED, "URL '%s': expected https://, http:// or file:/",
                       o->url);
    if (o->sha256 != NULL && !is_hex(o->sha256, AN_SHA256_HEX_SIZE - 1))
        return an_fail(ctx, ALEXNET_BAD_ARG, "SHA-256: expected 64 hexadecimal digits, found '%s'",
                       o->sha256);
    if (o->sha256 == NULL && (o->sha1 == NULL || !is_hex(o->sha1, AN_SHA1_HEX_SIZE - 1)))
        return an_fail(ctx, ALEXNET_BAD_ARG, "%s: expected a checksum to verify the file by",
                       o->url);
    return ALEXNET_OK;
}

alexnet_status an_fetch(alexnet_context *ctx, const an_fetch_options *options, uint64_t *bytes)
{
    an_transfer t = {.ctx = ctx,
                     .options = options,
                     .bytes_max = options->bytes != 0 ? options->bytes : AN_FETCH_BYTES_MAX};
    an_url_kind kind;

    *bytes = 0;
    AN_TRY(check_options(ctx, options, &kind));
    t.record = an_format(ctx, "%s.part.json", options->path);
    if (t.record == NULL)
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s: no memory to write", options->path);
    alexnet_status status = an_arrival_open(ctx, options->path, &t.part);
    if (status == ALEXNET_OK) {
        status = fetch(&t, kind);
        if (status == ALEXNET_BAD_FILE) remove_part(&t);
    }
    const uint64_t size = t.part.size;
    if (status == ALEXNET_OK)
        status = an_arrival_commit(&t.part);
    else
        an_arrival_close(&t.part);
    if (status == ALEXNET_OK) status = an_file_remove(ctx, t.record);
    if (status == ALEXNET_OK) *bytes = size;
    an_free(ctx, t.record);
    return status;
}
