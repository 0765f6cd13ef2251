/*
 * url_test.c: the parts of URLs.
 * SPDX-License-Identifier: MIT
 */
#include "support/support.h"

#include "base/memory.h"
#include "fetch/url.h"
#include <string.h>

static void urls_are_checked(void **state)
{
    static const struct {
        const char *url;
        alexnet_status status;
        an_url_kind kind;
        const char *error;
    } rows[] = {
        {"https://host.example/a/b.pth", ALEXNET_OK, AN_URL_HTTPS, ""},
        {"HTTP://127.0.0.1:80/x?y#z", ALEXNET_OK, AN_URL_HTTP, ""},
        {"http://[::1]:8080/x", ALEXNET_OK, AN_URL_HTTP, ""},
        {"file:/a/b", ALEXNET_OK, AN_URL_FILE, ""},
        {"file:///a/b", ALEXNET_OK, AN_URL_FILE, ""},
        {"ftp://host/x", ALEXNET_OK, AN_URL_OTHER, ""},
        {"https://host/mail@home.pth", ALEXNET_OK, AN_URL_HTTPS, ""},
        {"", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected https://"},
        {"weights.pth", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected https://"},
        {"/a/b", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected https://"},
        {"://host", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected https://"},
        {"http://", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected a host"},
        {"http:/x", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected a host"},
        {"http:///x", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected a host"},
        {"http://me:secret@host/x", ALEXNET_BAD_ARG, AN_URL_OTHER, "a user name"},
        {"http://host/a b", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected ASCII"},
        {"http://host/\r\nX: y", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected ASCII"},
        {"http://host/\xc3\xa4", ALEXNET_BAD_ARG, AN_URL_OTHER, "expected ASCII"},
    };
    const an_test_place *p = *state;
    an_url_kind kind;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_url_check(p->ctx, rows[i].url, &kind), rows[i].status);
        if (rows[i].status == ALEXNET_OK)
            assert_int_equal(kind, rows[i].kind);
        else
            an_assert_error(p->ctx, rows[i].error);
    }
    an_assert_status(p->ctx, an_url_check(p->ctx, "http://me:secret@host/x", &kind),
                     ALEXNET_BAD_ARG);
    assert_null(strstr(alexnet_error(p->ctx), "secret"));
}

static void files_have_a_path(void **state)
{
    static const struct {
        const char *url, *path; /* NULL: BAD_ARG */
    } rows[] = {
        {"file:/a/b", "/a/b"},
        {"file:///a/b", "/a/b"},
        {"FILE://localhost/a", "/a"},
        {"file:///a%20b%2F%C3%A4", "/a b/\xc3\xa4"},
        {"file://elsewhere/a", NULL},
        {"file:a/b", NULL},
        {"file:", NULL},
        {"file://", NULL},
        {"file:///a%2", NULL},
        {"file:///a%zz", NULL},
        {"file:///a%00b", NULL},
        {"file:///a%", NULL},
        {"file:///a?b#c", "/a?b#c"},
    };
    const an_test_place *p = *state;
    char *path;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_assert_status(p->ctx, an_url_local_path(p->ctx, rows[i].url, &path),
                         rows[i].path != NULL ? ALEXNET_OK : ALEXNET_BAD_ARG);
        if (rows[i].path != NULL) assert_string_equal(path, rows[i].path);
        an_free(p->ctx, path);
    }
}

static void files_have_a_name(void **unused)
{
    static const struct {
        const char *url, *name;
    } rows[] = {
        {"https://host/models/alexnet-owt-7be5be79.pth", "alexnet-owt-7be5be79.pth"},
        {"https://host/a.pth?token=1/b", "a.pth"},
        {"https://host/a.pth#/b", "a.pth"},
        {"file:/a/b.onnx", "b.onnx"},
        {"file:///b", "b"},
        {"https://host/", "weights"},
        {"https://host", "weights"},
        {"https://host/..", "weights"},
        {"https://host/.hidden", "weights"},
        {"https://host/a%20b", "weights"},
    };
    char longer[400] = "http://host/", name[AN_URL_NAME];

    (void)unused;
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_url_file_name(rows[i].url, name);
        assert_string_equal(name, rows[i].name);
    }
    memset(longer + 12, 'n', 300);
    an_url_file_name(longer, name);
    assert_string_equal(name, "weights");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        an_test_in_place(urls_are_checked),
        an_test_in_place(files_have_a_path),
        cmocka_unit_test(files_have_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
