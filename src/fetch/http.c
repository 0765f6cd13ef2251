/*
 * http.c: http: and https: URLs by libcurl, in a build that has it.
 *
 * A transfer that continues asks for "Range: bytes=N-" with "If-Range", so that a server whose file
 * has changed sends all of it (RFC 9110, 13.1.5 and 14). Its answer is checked all the same.
 * Redirects: five at most, from https to https only.
 * SPDX-License-Identifier: MIT
 */
#include "fetch/transfer.h"

#include "base/status.h"

#ifndef AN_HAVE_CURL

bool an_fetch_has_http(void) { return false; }

alexnet_status an_transfer_http(an_transfer *t, an_transfer_end *end)
{
    *end = AN_TRANSFER_CUT;
    return an_fail(
        t->ctx, ALEXNET_UNSUPPORTED,
        "%s: this program was built without libcurl: install it (Debian: "
        "libcurl4-openssl-dev, Fedora: libcurl-devel) and build again, or fetch the file "
        "by other means and give it as --url file:/...",
        t->options->url);
}

#else

#include "base/text.h"
#include "fetch/url.h"
#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REDIRECTS_MAX  5
#define STALL_BYTES    100 /* a second; less than this is a stall */
#define BUFFER_BYTES   (256 << 10)
#define SECONDS_MAX    86400.0
#define HTTP_OK        200
#define HTTP_PARTIAL   206
#define HTTP_NOT_FOUND 404
#define HTTP_GONE      410
#define HTTP_BAD_RANGE 416

typedef struct http {
    an_transfer *t;
    CURL *curl;
    bool asked_range, begun;
    alexnet_status status; /* of a callback that ended the transfer */
    bool changed;          /* the same, to begin anew */
    /* Of the last answer's header. */
    an_validator said;
    char range[AN_VALIDATOR]; /* Content-Range */
    char error[CURL_ERROR_SIZE];
} http;

bool an_fetch_has_http(void) { return true; }

/* ---- the header ---- */

/* If the line has this name, copies its value. What does not fit, or is not plain ASCII, is as good
   as absent. */
static void take_header(const char *line, size_t bytes, const char *name, char value[AN_VALIDATOR])
{
    const size_t length = strlen(name);

    if (bytes <= length || line[length] != ':' || strncasecmp(line, name, length) != 0) return;
    size_t begin = length + 1, end = bytes;
    while (begin < end && (line[begin] == ' ' || line[begin] == '\t'))
        ++begin;
    while (end > begin && (line[end - 1] == '\r' || line[end - 1] == '\n' || line[end - 1] == ' '))
        --end;
    value[0] = '\0';
    if (end - begin >= AN_VALIDATOR) return;
    for (size_t i = begin; i < end; ++i)
        if (line[i] < ' ' || line[i] > '~') return;
    memcpy(value, line + begin, end - begin);
    value[end - begin] = '\0';
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    http *h = user;
    const size_t bytes = size * count;

    if (h->begun) return bytes;                             /* what follows a body in chunks */
    if (bytes >= 5 && strncasecmp(line, "HTTP/", 5) == 0) { /* a redirect came before it */
        h->said = (an_validator){0};
        h->range[0] = '\0';
    }
    take_header(line, bytes, "etag", h->said.etag);
    take_header(line, bytes, "last-modified", h->said.modified);
    take_header(line, bytes, "content-range", h->range);
    /* A weak one, W/"...", does not say that the bytes are the same. */
    if (h->said.etag[0] != '"') h->said.etag[0] = '\0';
    return bytes;
}

static long code_of(const http *h)
{
    long code = 0;

    (void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

/* "bytes 100-999/1000", or "bytes 0-99/" and a star for a file whose size is not known: total 0. */
static bool parse_range(const char *text, uint64_t *from, uint64_t *total)
{
    int64_t numbers[3] = {0};
    static const char ends[] = {'-', '/', '\0'};

    if (strncasecmp(text, "bytes ", 6) != 0) return false;
    text += 6;
    for (int i = 0; i < 3; ++i) {
        const size_t length = strcspn(text, "-/");
        if (text[length] != ends[i]) return false;
        const bool unknown = i == 2 && length == 1 && *text == '*';
        if (!unknown && (!an_parse_int(text, length, &numbers[i]) || numbers[i] < 0)) return false;
        text += length + (i < 2);
    }
    *from = (uint64_t)numbers[0];
    *total = (uint64_t)numbers[2];
    return true;
}

/* ---- the body ---- */

static alexnet_status fail_with_code(const http *h, long code)
{
    const char *url = h->t->options->url;

    if (code == HTTP_NOT_FOUND || code == HTTP_GONE)
        return an_fail(h->t->ctx, ALEXNET_NOT_FOUND, "%s: the server has no such file (status %ld)",
                       url, code);
    return an_fail(h->t->ctx, ALEXNET_IO, "%s: the server answered with status %ld", url, code);
}

/* Whether the part of a file in this answer continues what has arrived. */
static bool continues(const http *h)
{
    const an_transfer *t = h->t;
    uint64_t from, total;

    return h->asked_range && parse_range(h->range, &from, &total) && from == t->part.size &&
           (total == 0 || t->known.bytes == 0 || total == t->known.bytes) &&
           (h->said.etag[0] == '\0' || t->known.etag[0] == '\0' ||
            strcmp(h->said.etag, t->known.etag) == 0);
}

/* Decides, by the header, what to do with the body. */
static alexnet_status begin(http *h)
{
    const long code = code_of(h);
    curl_off_t length = -1;

    h->begun = true;
    if (code == HTTP_OK) {
        (void)curl_easy_getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        h->said.bytes = length > 0 ? (uint64_t)length : 0;
        return an_transfer_begin(h->t, &h->said);
    }
    if (code == HTTP_PARTIAL) {
        h->changed = !continues(h);
        return ALEXNET_OK;
    }
    if (code == HTTP_BAD_RANGE && h->asked_range) {
        h->changed = true;
        return ALEXNET_OK;
    }
    return fail_with_code(h, code);
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    http *h = user;
    const size_t bytes = size * count;

    if (!h->begun) h->status = begin(h);
    if (h->status == ALEXNET_OK && !h->changed) h->status = an_transfer_add(h->t, data, bytes);
    return h->status == ALEXNET_OK && !h->changed ? bytes : 0; /* other than `bytes`: ends it */
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up)
{
    http *h = user;

    (void)total, (void)now, (void)up_total, (void)up;
    if (h->status == ALEXNET_OK) h->status = an_transfer_tell(h->t);
    return h->status != ALEXNET_OK;
}

/* ---- the request ---- */

/* Names of protocols became texts in libcurl 7.85. */
static CURLcode allow_protocols(CURL *curl, bool secure)
{
    CURLcode code;

#if LIBCURL_VERSION_NUM >= 0x075500
    code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
#else
    const long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;
    code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, both);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, secure ? CURLPROTO_HTTPS : both);
#endif
    return code;
}

/* Asks for what is missing, if the server can tell whether its file is the same. */
static CURLcode ask_for_rest(http *h, struct curl_slist **headers)
{
    const an_validator *known = &h->t->known;
    const char *validator = known->etag[0] != '\0' ? known->etag : known->modified;
    char range[AN_REAL_SIZE], line[AN_VALIDATOR + 16];

    if (h->t->part.size == 0) return CURLE_OK;
    h->asked_range = true;
    an_print(range, sizeof range, "%llu-", (unsigned long long)h->t->part.size);
    if (*validator != '\0') {
        an_print(line, sizeof line, "If-Range: %s", validator);
        *headers = curl_slist_append(NULL, line);
        if (*headers == NULL) return CURLE_OUT_OF_MEMORY;
        const CURLcode code = curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, *headers);
        if (code != CURLE_OK) return code;
    }
    return curl_easy_setopt(h->curl, CURLOPT_RANGE, range);
}

#define SET(option, value)                                                                         \
    if (code == CURLE_OK) code = curl_easy_setopt(curl, option, value)

static CURLcode set_options(http *h, struct curl_slist **headers)
{
    CURL *curl = h->curl;
    const an_fetch_options *options = h->t->options;
    const double seconds = fmin(fmax(options->stall_seconds, 1.0), SECONDS_MAX);
    const char *certificates = getenv("SSL_CERT_FILE");
    char agent[64];
    an_url_kind kind;

    if (an_url_check(h->t->ctx, options->url, &kind) != ALEXNET_OK) return CURLE_URL_MALFORMAT;
    an_print(agent, sizeof agent, "alexnet/%s", alexnet_version());
    CURLcode code = allow_protocols(curl, kind == AN_URL_HTTPS);
    SET(CURLOPT_URL, options->url);
    SET(CURLOPT_USERAGENT, agent);
    SET(CURLOPT_ERRORBUFFER, h->error);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(1000 * seconds));
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, (long)ceil(seconds));
    SET(CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, h);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, h);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, h);
    if (certificates != NULL && *certificates != '\0') SET(CURLOPT_CAINFO, certificates);
    if (code == CURLE_OK) code = ask_for_rest(h, headers);
    return code;
}

#undef SET

/* ---- the end ---- */

/* What libcurl says about its failure, as a cause. */
static const char *cause_of(const http *h, CURLcode code)
{
    return code == CURLE_OPERATION_TIMEDOUT ? "no data came for too long (--timeout)"
           : h->error[0] != '\0'            ? h->error
                                            : curl_easy_strerror(code);
}

static alexnet_status fail_with_cause(const http *h, CURLcode code)
{
    alexnet_context *ctx = h->t->ctx;
    const char *url = h->t->options->url;

    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return an_fail(ctx, ALEXNET_NO_MEMORY, "%s", url);
    case CURLE_TOO_MANY_REDIRECTS:
        return an_fail(ctx, ALEXNET_IO, "%s: more than %d redirects", url, REDIRECTS_MAX);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return an_fail(ctx, ALEXNET_IO,
                       "%s: redirected to another protocol, which is not followed: %s", url,
                       cause_of(h, code));
    default:
        return an_fail(ctx, ALEXNET_IO, "%s: %s", url, cause_of(h, code));
    }
}

/* True if another try may get the rest: the connection was there, and ended. */
static bool was_cut(CURLcode code)
{
    return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_HTTP2 ||
           code == CURLE_HTTP2_STREAM;
}

static alexnet_status conclude(http *h, CURLcode code, an_transfer_end *end)
{
    if (code == CURLE_OK && !h->begun) h->status = begin(h); /* an empty body */
    AN_TRY(h->status);
    if (h->changed) {
        *end = AN_TRANSFER_CHANGED;
    } else if (code == CURLE_OK) {
        *end = AN_TRANSFER_WHOLE;
    } else if (h->begun && was_cut(code)) {
        *end = AN_TRANSFER_CUT;
        an_print(h->t->cause, sizeof h->t->cause, "%s", cause_of(h, code));
    } else {
        return fail_with_cause(h, code);
    }
    return ALEXNET_OK;
}

static alexnet_status transfer(an_transfer *t, an_transfer_end *end)
{
    http h = {.t = t, .curl = curl_easy_init()};
    struct curl_slist *headers = NULL;

    if (h.curl == NULL) return an_fail(t->ctx, ALEXNET_NO_MEMORY, "%s", t->options->url);
    CURLcode code = set_options(&h, &headers);
    const bool ready = code == CURLE_OK;
    if (ready) code = curl_easy_perform(h.curl);
    const alexnet_status status = ready ? conclude(&h, code, end) : fail_with_cause(&h, code);
    curl_easy_cleanup(h.curl);
    curl_slist_free_all(headers);
    return status;
}

alexnet_status an_transfer_http(an_transfer *t, an_transfer_end *end)
{
    *end = AN_TRANSFER_CUT;
    const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        return an_fail(t->ctx, code == CURLE_OUT_OF_MEMORY ? ALEXNET_NO_MEMORY : ALEXNET_IO,
                       "%s: libcurl: %s", t->options->url, curl_easy_strerror(code));
    const alexnet_status status = transfer(t, end);
    curl_global_cleanup();
    return status;
}

#endif
