/*
 * list_test.c: text files that name images and classes.
 * SPDX-License-Identifier: MIT
 */
#include "fixtures.h"

#include "base/file.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *list_path(const fixture *f)
{
    return an_test_path(f->folder, "lists/train.txt");
}

static an_source *open_list(const fixture *f, const char *text)
{
    an_source *source;

    fixture_text(f->ctx, f->folder, "lists/train.txt", text);
    an_assert_ok(f->ctx, an_source_open(f->ctx, list_path(f), AN_PART_TRAIN, &source));
    assert_string_equal(an_source_kind(source), "list");
    return source;
}

/* The image's path is in the list's folder, or is the line's own if that is absolute. */
static void assert_entry(const fixture *f, const an_source *source, int64_t index, const char *path,
                         const char *class_name)
{
    char name[512];

    an_source_name(source, index, name, sizeof name);
    if (path[0] == '/')
        assert_string_equal(name, path);
    else
        assert_string_equal(name, an_test_path(an_test_path(f->folder, "lists"), path));
    assert_string_equal(an_source_class(source, an_source_label(source, index)), class_name);
}

static void lines_are_split_as_people_write_them(void **in)
{
    static const struct {
        const char *line, *path, *class_name;
    } rows[] = {
        {"a.jpg cat", "a.jpg", "cat"},
        {"a.jpg,cat", "a.jpg", "cat"},
        {"a.jpg\tcat", "a.jpg", "cat"},
        {"  a.jpg ,  cat  \r", "a.jpg", "cat"},
        {"my cat.jpg tabby", "my cat.jpg", "tabby"},
        {"a.jpg golden retriever", "a.jpg", "golden retriever"},
        {"a b.jpg,golden retriever", "a b.jpg", "golden retriever"},
        {"a,b.jpg,c,d", "a,b.jpg", "c,d"},
        {"\"a b.jpg\",\"grey, striped\"", "a b.jpg", "grey, striped"},
        {"a.jpg b.JPEG 3x", "a.jpg b.JPEG", "3x"},
        {"no/extension 7x", "no/extension", "7x"},
        {"no extension 7x", "no extension", "7x"},
        {"# of it.png x", "# of it.png", "x"},
        {"a.jpg;cat", "a.jpg", "cat"},
        {"a b.jpg;grey;striped", "a b.jpg", "grey;striped"},
        {"no/extension;7x", "no/extension", "7x"},
        {"no/extension a;b", "no/extension", "a;b"},
        {"\"the \"\"big\"\" one.jpg\" cat", "the \"big\" one.jpg", "cat"},
        {"a.jpg,\"the \"\"big\"\" one\"", "a.jpg", "the \"big\" one"},
        {"\"a\nb.jpg\",\"two\nlines\"", "a\nb.jpg", "two\nlines"},
        {"\"a.jpg,cat", "\"a.jpg", "cat"}, /* an ordinary character */
        {"a.jpg 5\" tyre", "a.jpg", "5\" tyre"},
        {"a.jpg \"big\" one", "a.jpg", "\"big\" one"},
        {"cat,b/a.jpg", "b/a.jpg", "cat"}, /* the label first */
        {"grey cat;b/my a.jpg", "b/my a.jpg", "grey cat"},
        {"7 a.heic", "a.heic", "7"},
        {"\"a, b\",c.jpg", "c.jpg", "a, b"},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_source *source = open_list(f, rows[i].line);
        assert_int_equal(an_source_count(source), 1);
        assert_entry(f, source, 0, rows[i].path, rows[i].class_name);
        an_source_close(source);
    }
}

static void numbers_are_class_numbers(void **in)
{
    const fixture *f = *in;
    an_source *source = open_list(f, "a.jpg 3\nb.jpg 0\n\nc.jpg 10");

    assert_int_equal(an_source_count(source), 3);
    assert_int_equal(an_source_classes(source), 11);
    assert_int_equal(an_source_label(source, 0), 3);
    assert_int_equal(an_source_label(source, 2), 10);
    assert_entry(f, source, 2, "c.jpg", "10");
    an_source_close(source);
}

static void one_name_makes_all_labels_names(void **in)
{
    const fixture *f = *in;
    an_source *source = open_list(f, "a.jpg 10\nb.jpg 9\nc.jpg none\nd.jpg 10\n");

    assert_int_equal(an_source_classes(source), 3);
    assert_string_equal(an_source_class(source, 0), "10"); /* byte order */
    assert_string_equal(an_source_class(source, 1), "9");
    assert_entry(f, source, 3, "d.jpg", "10");
    an_source_close(source);
}

static void a_heading_and_a_byte_order_mark_are_accepted(void **in)
{
    const fixture *f = *in;
    an_source *source = open_list(f, "\xef\xbb\xbfPath,Label\r\na.jpg,1\r\n");

    assert_int_equal(an_source_count(source), 1);
    assert_entry(f, source, 0, "a.jpg", "1");
    an_source_close(source);
}

/* With any names and order of the columns. */
static void a_heading_names_the_columns(void **in)
{
    static const char *const lists[] = {
        "path,label\na b.jpg,x y\n",
        "image,label\r\na b.jpg,x y\r\n",
        "filename,class\n\na b.jpg,x y\n",
        "File Name;Class Name\na b.jpg;x y",
        "file_name\ttarget\na b.jpg\tx y\n",
        "category,img\nx y,a b.jpg\n",
        "id,label,split,image_path\n7,x y,train,a b.jpg\n",
        "\xef\xbb\xbfid;\"class\";\"file\"\n7; x y ; \"a b.jpg\" \n",
        ",image,label\n0,a b.jpg,x y\n", /* pandas' unnamed column */
        "species,image\nx y,a b.jpg\n",  /* one known word of two is enough */
        "image_id,class\na b.jpg,x y\n",
        "id,picture,label\n7,a b.jpg,x y\n",
        "name,filename,class\nUlf,a b.jpg,x y\n", /* the preferred word counts */
        "path label\na b.jpg x y\n",
        "label,path\n\"x y\",\"a b.jpg\"\n",
        "path,label\na b.jpg\tx y\n",
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(lists); ++i) {
        an_source *source = open_list(f, lists[i]);
        assert_int_equal(an_source_count(source), 1);
        assert_entry(f, source, 0, "a b.jpg", "x y");
        an_source_close(source);
    }
    an_source *source =
        open_list(f, "id,class,path\n1,\"a, \"\"b\"\"\nc\",\"d,e\nf.jpg\"\n2,x,g.jpg\n");
    assert_int_equal(an_source_count(source), 2);
    assert_entry(f, source, 0, "d,e\nf.jpg", "a, \"b\"\nc");
    assert_entry(f, source, 1, "g.jpg", "x");
    an_source_close(source);
}

/* Unknown words are recognised by files: those of other lines exist. */
static void a_heading_in_unknown_words_is_no_class(void **in)
{
    static const struct {
        const char *list;
        int64_t count;
    } rows[] = {
        {"bild,klasse\nhere.png,a\ngone.png,b\n", 2},
        {"bild klasse\ngone.png a\nhere.png b\n", 2},
        {"bild,klasse\ngone.png,a\n", 2},         /* no file exists: it cannot be known */
        {"gone.png,klasse\nhere.png,a\n", 2},     /* a missing image */
        {"here.png,klasse\nhere.png,a\n", 2},     /* a file */
        {"image,4\nhere.png,5\nhere.png,6\n", 2}, /* a number as label, but no file */
    };
    const fixture *f = *in;

    fixture_write(f->ctx, f->folder, "lists/here.png", 1);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_source *source = open_list(f, rows[i].list);
        assert_int_equal(an_source_count(source), rows[i].count);
        an_source_close(source);
    }
}

static void numbers_may_have_a_point_and_any_first_class(void **in)
{
    const fixture *f = *in;
    an_source *source = open_list(f, "image,label\na.jpg,10.0\nb.jpg,2\nc.jpg,1.0\n");

    assert_int_equal(an_source_classes(source), 11);
    assert_int_equal(an_source_label(source, 0), 10);
    assert_int_equal(an_source_label(source, 2), 1);
    assert_entry(f, source, 1, "b.jpg", "2");
    an_source_close(source);
}

static void paths_are_relative_to_the_list(void **in)
{
    const fixture *f = *in;
    char text[600];

    fixture_write(f->ctx, f->folder, "lists/here.png", 1);
    fixture_write(f->ctx, f->folder, "images/there \xff.png", 2);
    snprintf(text, sizeof text,
             "here.png 0\n../images/there \xff.png 0\n%s/lists/here.png 0\nmissing.png 0\n",
             f->folder);
    an_source *source = open_list(f, text);
    assert_int_equal(fixture_grey(f->ctx, source, 0), 1);
    assert_int_equal(fixture_grey(f->ctx, source, 1), 2);
    assert_int_equal(fixture_grey(f->ctx, source, 2), 1);

    an_source_buffer buffer = {0};
    an_image image = {0};
    an_assert_status(f->ctx,
                     an_source_read(source, f->ctx, 3, AN_ORIENTATION_EXIF, &buffer, &image),
                     ALEXNET_NOT_FOUND);
    assert_null(strstr(alexnet_error(f->ctx), "missing"));
    an_source_close(source);
}

static void files_that_are_no_lists_are_refused(void **in)
{
    static const struct {
        const char *text;
        alexnet_status status;
        const char *message;
    } rows[] = {
        {"a.jpg 1\nb.jpg\n", ALEXNET_BAD_FILE, "line 2: expected PATH LABEL, found 'b.jpg'"},
        {"a.jpg,", ALEXNET_BAD_FILE, "line 1"},
        {",5", ALEXNET_BAD_FILE, "line 1"},
        {"", ALEXNET_NOT_FOUND, "found none"},
        {"\n \n", ALEXNET_NOT_FOUND, "found none"},
        {"path,label\n", ALEXNET_NOT_FOUND, "found none"},
        {"a.jpg 1\nb.jpg -1\n", ALEXNET_BAD_FILE, "line 2: expected a class from 0"},
        {"a.jpg 100000\n", ALEXNET_BAD_FILE, "found 100000"},
        {"id,image,animal\n1,a.jpg,cat\n", ALEXNET_BAD_FILE, "without a column of labels"},
        {"id,what,class\n1,a.jpg,cat\n", ALEXNET_BAD_FILE, "without a column of paths"},
        {"id,class,path\n1,cat,a.jpg\n\n2,dog\n", ALEXNET_BAD_FILE,
         "line 4: expected 3 columns as in the heading, found 2"},
        {"id,class,path\n1,cat,a.jpg,b\n", ALEXNET_BAD_FILE, "expected 3 columns"},
        {"id,class,path\n1,,a.jpg\n", ALEXNET_BAD_FILE, "line 2: expected a path and a label"},
        {"path,label\na.jpg,cat\nb.jpg,cat,extra\n", ALEXNET_BAD_FILE,
         "line 3: expected 2 columns as in the heading, found 3"},
        {"path,label\na.jpg,cat\nb.jpg,\"cat\n", ALEXNET_BAD_FILE,
         "line 3: a quotation mark without a closing one"},
        {"a.jpg 1\n\"b\n\nc.jpg\" 1\nd.jpg\n", ALEXNET_BAD_FILE, "line 5: expected PATH LABEL"},
    };
    const fixture *f = *in;

    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        an_source *source;
        fixture_text(f->ctx, f->folder, "lists/train.txt", rows[i].text);
        an_assert_status(f->ctx, an_source_open(f->ctx, list_path(f), AN_PART_ALL, &source),
                         rows[i].status);
        an_assert_error(f->ctx, rows[i].message);
    }
    an_source *source;
    char late[1000]; /* text at its beginning */
    memset(late, 'a', sizeof late);
    late[900] = '\0';
    an_test_write(list_path(f), late, sizeof late);
    an_assert_status(f->ctx, an_source_open(f->ctx, list_path(f), AN_PART_ALL, &source),
                     ALEXNET_BAD_FILE);
    an_assert_error(f->ctx, "zero byte");
}

static void lines_may_end_as_on_old_macintoshes(void **in)
{
    const fixture *f = *in;
    an_source *source = open_list(f, "path,label\ra.jpg,cat\rb.jpg,dog\r");

    assert_int_equal(an_source_count(source), 2);
    assert_entry(f, source, 1, "b.jpg", "dog");
    an_source_close(source);
}

/* The second line decides if the first is a heading. */
static void a_label_may_come_first_below_a_heading(void **in)
{
    const fixture *f = *in;

    fixture_text(f->ctx, f->folder, "lists/a.jpg", "x");
    fixture_text(f->ctx, f->folder, "lists/b", "x");
    an_source *source = open_list(f, "Tier,Foto\ncat,a.jpg\ndog,b\n");
    assert_int_equal(an_source_count(source), 2);
    assert_entry(f, source, 0, "a.jpg", "cat");
    assert_entry(f, source, 1, "b", "dog");
    an_source_close(source);
}

static void a_list_has_no_validation_split(void **in)
{
    const fixture *f = *in;
    an_source *source;

    fixture_text(f->ctx, f->folder, "lists/train.txt", "a.jpg 1\n");
    an_assert_status(f->ctx, an_source_open(f->ctx, list_path(f), AN_PART_VAL, &source),
                     ALEXNET_NOT_FOUND);
}

static alexnet_status open_and_close(const fixture *f, const void *unused)
{
    an_source *source;

    (void)unused;
    const alexnet_status status = an_source_open(f->ctx, list_path(f), AN_PART_ALL, &source);
    an_source_close(source);
    return status;
}

static void every_failure_is_clean(void **in)
{
    static const struct {
        const char *list;
        unsigned kinds;
    } rows[] = {
        {"a.jpg x\nb.jpg y\n", AN_FAULT_ANY},
        {"bild klasse\na.jpg x\nhere.png y\n", 1u << AN_FAULT_MEMORY},
        {"id,image,class\n1,a.jpg,x\n2,b.jpg,X\n", 1u << AN_FAULT_MEMORY},
    };
    const fixture *f = *in;

    fixture_write(f->ctx, f->folder, "lists/here.png", 1);
    for (size_t i = 0; i < AN_COUNT(rows); ++i) {
        fixture_text(f->ctx, f->folder, "lists/train.txt", rows[i].list);
        fixture_sweep_job(f, rows[i].kinds, EIO, open_and_close, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(lines_are_split_as_people_write_them),
        FIXTURE_TEST(numbers_are_class_numbers),
        FIXTURE_TEST(one_name_makes_all_labels_names),
        FIXTURE_TEST(a_heading_and_a_byte_order_mark_are_accepted),
        FIXTURE_TEST(a_heading_names_the_columns),
        FIXTURE_TEST(a_heading_in_unknown_words_is_no_class),
        FIXTURE_TEST(numbers_may_have_a_point_and_any_first_class),
        FIXTURE_TEST(paths_are_relative_to_the_list),
        FIXTURE_TEST(files_that_are_no_lists_are_refused),
        FIXTURE_TEST(a_list_has_no_validation_split),
        FIXTURE_TEST(lines_may_end_as_on_old_macintoshes),
        FIXTURE_TEST(a_label_may_come_first_below_a_heading),
        FIXTURE_TEST(every_failure_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
