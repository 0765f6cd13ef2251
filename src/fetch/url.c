/*
 * url.c: reads URLs (RFC 3986; file: by RFC 8089).
 * SPDX-License-Identifier: MIT
 */
#include "fetch/url.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* Bytes of "https" in "https://..."; 0: there is no protocol. */
static size_t protocol_length(const char *url)
{
    const size_t letters = strspn(url, alphabet);
    const size_t length = letters > 0 ? letters + strspn(url + letters, "+-.0123456789") : 0;

    return url[length] == ':' ? length : 0;
}

static bool has_protocol(const char *url, const char *protocol)
{
    const size_t length = protocol_length(url);
    char word[16];

    if (length == 0 || length >= sizeof word) return false;
    memcpy(word, url, length);
    word[length] = '\0';
    return an_same_word(word, protocol);
}

static bool is_plain(const char *url)
{
    for (; *url != '\0'; ++url)
        if (*url <= ' ' || *url > '~') return false;
    return true;
}

/* The part of "http://user@host:80/path" after the slashes. NULL: there are none. */
static const char *authority_of(const char *url)
{
    const char *rest = url + protocol_length(url) + 1;

    return strncmp(rest, "//", 2) == 0 ? rest + 2 : NULL;
}

alexnet_status an_url_check(alexnet_context *ctx, const char *url, an_url_kind *kind)
{
    static const struct {
        const char *protocol;
        an_url_kind kind;
    } kinds[] = {{"file", AN_URL_FILE}, {"http", AN_URL_HTTP}, {"https", AN_URL_HTTPS}};

    *kind = AN_URL_OTHER;
    if (!is_plain(url))
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "URL '%s': expected ASCII without spaces; write other bytes as %%XX", url);
    if (protocol_length(url) == 0)
        return an_fail(ctx, ALEXNET_BAD_ARG,
                       "URL '%s': expected https://, http:// or file:/ at its beginning", url);
    for (size_t i = 0; i < AN_COUNT(kinds); ++i)
        if (has_protocol(url, kinds[i].protocol)) *kind = kinds[i].kind;
    if (*kind == AN_URL_OTHER || *kind == AN_URL_FILE) return ALEXNET_OK;

    const char *host = authority_of(url);
    const size_t length = host != NULL ? strcspn(host, "/?#") : 0;
    if (length == 0)
        return an_fail(ctx, ALEXNET_BAD_ARG, "URL '%s': expected a host after the protocol", url);
    if (memchr(host, '@', length) != NULL)
        return an_fail(
            ctx, ALEXNET_BAD_ARG,
            "a URL with a user name is not fetched: it would stay in the cache's record");
    return ALEXNET_OK;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes %XX in place; false: a bad one, or a zero byte. */
static bool decode(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; ++at) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        const int high = digit_of(at[1]), low = high >= 0 ? digit_of(at[2]) : -1;
        if (low < 0 || (high == 0 && low == 0)) return false;
        *to++ = (char)(high * 16 + low);
        at += 2;
    }
    *to = '\0';
    return true;
}

alexnet_status an_url_local_path(alexnet_context *ctx, const char *url, char **path)
{
    const char *host = authority_of(url);
    const char *from = host != NULL ? host + strcspn(host, "/") : url + protocol_length(url) + 1;
    const size_t length = host != NULL ? (size_t)(from - host) : 0;

    *path = NULL;
    if (length > 0 && !(length == 9 && strncmp(host, "localhost", 9) == 0))
        return an_fail(ctx, ALEXNET_BAD_ARG, "URL '%s': a file on another machine", url);
    if (*from != '/')
        return an_fail(ctx, ALEXNET_BAD_ARG, "URL '%s': expected a path from the root: file:/...",
                       url);
    char *copy = an_copy_text(ctx, from);
    if (copy == NULL) return an_fail(ctx, ALEXNET_NO_MEMORY, "URL '%s'", url);
    if (!decode(copy)) {
        an_free(ctx, copy);
        return an_fail(ctx, ALEXNET_BAD_ARG, "URL '%s': expected two hexadecimal digits after %%",
                       url);
    }
    *path = copy;
    return ALEXNET_OK;
}

void an_url_file_name(const char *url, char name[AN_URL_NAME])
{
    const char *host = authority_of(url);
    const char *path = host != NULL ? host + strcspn(host, "/?#") : url + protocol_length(url) + 1;
    const size_t length = strcspn(path, "?#");
    size_t begin = length;

    while (begin > 0 && path[begin - 1] != '/')
        --begin;
    const size_t bytes = length - begin;
    bool good = bytes > 0 && bytes < AN_URL_NAME && path[begin] != '.';
    for (size_t i = begin; i < length && good; ++i)
        good = isalnum((unsigned char)path[i]) || strchr("._-", path[i]) != NULL;
    if (good) {
        memcpy(name, path + begin, bytes);
        name[bytes] = '\0';
    } else {
        strcpy(name, "weights");
    }
}
