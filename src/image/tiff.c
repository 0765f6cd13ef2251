/*
 * tiff.c: the first directory of a TIFF to RGB by libtiff's RGBA interface, which knows all layouts
 * of strips, tiles and planes. What it would do otherwise than PIL is taken from it: 16 bits give
 * their high byte, colours are not multiplied by alpha, and CMYK is handed over as it is.
 *
 * libtiff says what is wrong by callbacks of this one handle, so that the host program's handlers
 * and stderr are left alone (hence libtiff 4.5 at least), and takes no large block on a file's word.
 * SPDX-License-Identifier: MIT
 */
#include "image/codec.h"
#include <string.h>

/* 42 for TIFF, 43 for BigTIFF. */
static bool sniff(const uint8_t *data, size_t bytes)
{
    static const char magics[4][4] = {"II*", "MM\0*", "II+", "MM\0+"};

    for (size_t i = 0; i < AN_COUNT(magics) && bytes >= 8; ++i) {
        if (memcmp(data, magics[i], 4) == 0) return true;
    }
    return false;
}

#ifndef AN_HAVE_TIFF
const an_codec an_codec_tiff = {.name = "TIFF", .library = "libtiff", .sniff = sniff};
#else

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <tiffio.h>

#define PIXEL_BYTES_MAX 8 /* 4 x 16 bits: of a strip, which may be the whole image */

typedef enum alpha { NO_ALPHA, PREMULTIPLIED } alpha;

typedef struct tiff_reader {
    alexnet_context *ctx;
    const uint8_t *data;
    size_t bytes, at;
    char words[256]; /* libtiff's first complaint */
    TIFF *tiff;
    bool cmyk;
    alpha alpha;
    uint32_t *raster;
    jmp_buf escape;
    alexnet_status status;
} tiff_reader;

/* ---- callbacks ---- */

/* libtiff tells a lack of memory by its words alone. What a file asks for beyond reason has some of them, too. */
static bool is_about_memory(const char *words)
{
    static const char *const signs[] = {"ut of memory", "ot enough memory", "ailed to allocate",
                                        "malloc",       "o space for",      "tif_map_dir"};
    static const char *const others[] = {"(0 elements", "is beyond", "greater than filesize"};

    for (size_t i = 0; i < AN_COUNT(others); ++i)
        if (strstr(words, others[i]) != NULL) return false;
    for (size_t i = 0; i < AN_COUNT(signs); ++i)
        if (strstr(words, signs[i]) != NULL) return true;
    return false;
}

static int on_error(TIFF *tiff, void *user, const char *place, const char *format, va_list list)
    AN_PRINTF(4, 0);

/* Without memory libtiff 4.5 goes on with a table of fields that is gone: it is left where it stands, with what it holds. */
static int on_error(TIFF *tiff, void *user, const char *place, const char *format, va_list list)
{
    tiff_reader *r = user;

    (void)tiff;
    (void)place;
    if (r->words[0] == '\0') {
        an_print_list(r->words, sizeof r->words, format, list);
        if (is_about_memory(r->words)) longjmp(r->escape, 1);
    }
    return 1; /* nobody else needs to know */
}

static int on_warning(TIFF *tiff, void *user, const char *place, const char *format, va_list list)
{
    (void)tiff;
    (void)user;
    (void)place;
    (void)format;
    (void)list;
    return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t bytes)
{
    tiff_reader *r = handle;
    const size_t left = r->at < r->bytes ? r->bytes - r->at : 0;
    const size_t count = bytes < 0 ? 0 : AN_MIN((size_t)bytes, left);

    if (count > 0) memcpy(to, r->data + r->at, count);
    r->at += count;
    return (tmsize_t)count;
}

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t bytes)
{
    (void)handle;
    (void)from;
    (void)bytes;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int from)
{
    tiff_reader *r = handle;
    const toff_t start = from == SEEK_SET ? 0 : from == SEEK_CUR ? r->at : r->bytes;

    r->at = (size_t)AN_MIN(start + offset, SIZE_MAX / 2);
    return r->at;
}

static toff_t size_of(thandle_t handle) { return ((const tiff_reader *)handle)->bytes; }

static int close_file(thandle_t handle)
{
    (void)handle;
    return 0;
}

/* ---- the directory ---- */

static alexnet_status fail(const tiff_reader *r, alexnet_status status, const char *words)
{
    return an_fail(r->ctx, status, "TIFF: %s", r->words[0] != '\0' ? r->words : words);
}

static alexnet_status open_tiff(tiff_reader *r)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();

    if (options == NULL) return an_fail(r->ctx, ALEXNET_NO_MEMORY, "TIFF: the decoder");
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, r);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, r);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options,
                                        (tmsize_t)(r->ctx->options.max_pixels * PIXEL_BYTES_MAX));
    r->tiff = TIFFClientOpenExt("image", "rm", r, read_bytes, write_bytes, seek, close_file,
                                size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return r->tiff != NULL ? ALEXNET_OK : fail(r, ALEXNET_BAD_FILE, "damaged header");
}

/* CMYK is declared to be RGB with a fourth channel, so that it comes as it is. */
static alexnet_status choose_colours(tiff_reader *r)
{
    uint16_t photometric = 0, samples = 0, extra = 0;
    uint16_t *kinds;

    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds);
    if (extra > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA) r->alpha = PREMULTIPLIED;
    if (photometric != PHOTOMETRIC_SEPARATED) return ALEXNET_OK;

    uint16_t fourth = EXTRASAMPLE_ASSOCALPHA;
    r->cmyk = samples == 4 && extra == 0;
    r->alpha = NO_ALPHA;
    if (!r->cmyk)
        return an_fail(r->ctx, ALEXNET_UNSUPPORTED, "TIFF of %d inks is not read; " AN_IMAGE_WAY_ON,
                       samples);
    if (TIFFSetField(r->tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB) != 1 ||
        TIFFSetField(r->tiff, TIFFTAG_EXTRASAMPLES, 1, &fourth) != 1)
        return fail(r, ALEXNET_BAD_FILE, "damaged description of the inks");
    return ALEXNET_OK;
}

/* What a byte of a file stands for at most: a small file makes no large image. */
static alexnet_status check_plausible(const tiff_reader *r, uint32_t width, uint32_t height)
{
    static const struct {
        uint16_t compression;
        uint16_t ratio;
    } rows[] = {{COMPRESSION_NONE, 1},
                {COMPRESSION_PACKBITS, 64},
                {COMPRESSION_LZW, 2731},
                {COMPRESSION_DEFLATE, 1032},
                {COMPRESSION_ADOBE_DEFLATE, 1032}};
    uint16_t compression = 0, samples = 0, bits = 0, photometric = 0;

    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_COMPRESSION, &compression);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    const uint64_t raw = (uint64_t)width * height * samples * bits / 8;
    for (size_t i = 0; i < AN_COUNT(rows) && photometric != PHOTOMETRIC_YCBCR; ++i) {
        if (rows[i].compression == compression && raw / rows[i].ratio > r->bytes)
            return an_fail(r->ctx, ALEXNET_BAD_FILE,
                           "TIFF: truncated: %u x %u pixels cannot be in %zu bytes", width, height,
                           r->bytes);
    }
    return ALEXNET_OK;
}

static alexnet_status read_directory(tiff_reader *r, int *turn, int *width, int *height)
{
    uint32_t w = 0, h = 0;
    uint16_t orientation = ORIENTATION_TOPLEFT;

    TIFFGetField(r->tiff, TIFFTAG_IMAGEWIDTH, &w);
    TIFFGetField(r->tiff, TIFFTAG_IMAGELENGTH, &h);
    AN_TRY(an_image_check_size(r->ctx, "TIFF", w, h));
    *width = (int)w;
    *height = (int)h;
    AN_TRY(check_plausible(r, w, h));
    AN_TRY(an_image_check_ratio(r->ctx, "TIFF", w, h, r->bytes));
    TIFFGetFieldDefaulted(r->tiff, TIFFTAG_ORIENTATION, &orientation);
    if (turn != NULL && orientation >= 1 && orientation <= 8) *turn = orientation;
    return choose_colours(r);
}

/* ---- pixels ---- */

/* libtiff's own tables round 16 bits, and multiply by alpha what is not multiplied yet. */
static void replace_tables(const TIFFRGBAImage *image)
{
    for (int i = 0; i < 65536 && image->Bitdepth16To8 != NULL; ++i)
        image->Bitdepth16To8[i] = (uint8_t)(i >> 8);
    for (int i = 0; i < 65536 && image->UaToAa != NULL; ++i)
        image->UaToAa[i] = (uint8_t)(i & 255);
}

static alexnet_status read_raster(tiff_reader *r, int width, int height)
{
    TIFFRGBAImage image;
    char words[1024] = "";
    size_t bytes;

    if (!TIFFRGBAImageOK(r->tiff, words) ||
        !TIFFRGBAImageBegin(&image, r->tiff, 1 /* the first error ends it */, words)) {
        if (words[0] == '\0') return fail(r, ALEXNET_UNSUPPORTED, "a layout that is not read");
        return an_fail(r->ctx, is_about_memory(words) ? ALEXNET_NO_MEMORY : ALEXNET_UNSUPPORTED,
                       "TIFF: %s", words);
    }
    alexnet_status status = ALEXNET_OK;
    if (an_multiply((size_t)width * (size_t)height, sizeof *r->raster, &bytes))
        r->raster = an_new_zeroed(r->ctx, bytes);
    if (r->raster == NULL)
        status = an_fail(r->ctx, ALEXNET_NO_MEMORY, "TIFF: %d x %d pixels", width, height);
    replace_tables(&image);
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT; /* as stored */
    if (status == ALEXNET_OK &&
        (!TIFFRGBAImageGet(&image, r->raster, (uint32_t)width, (uint32_t)height) ||
         r->words[0] != '\0'))
        status = fail(r, ALEXNET_BAD_FILE, "damaged data");
    TIFFRGBAImageEnd(&image);
    return status;
}

/* The colour again, of what was multiplied by alpha. */
static uint8_t divide(uint32_t value, uint32_t by)
{
    if (by == 0) return 0;
    return (uint8_t)AN_MIN(value * 255 / by, 255);
}

static void take_row(const tiff_reader *r, const uint32_t *row, int width, uint8_t *rgb)
{
    for (int x = 0; x < width; ++x, rgb += 3) {
        uint8_t c[4];
        for (int k = 0; k < 4; ++k)
            c[k] = (uint8_t)((row[x] >> 8 * k & 255) ^ (r->cmyk ? 255u : 0u));
        if (r->cmyk) {
            an_image_rgb_of_cmyk(c, 1, rgb);
            continue;
        }
        for (int k = 0; k < 3; ++k)
            rgb[k] = r->alpha == PREMULTIPLIED ? divide(c[k], c[3]) : c[k];
    }
}

static alexnet_status read_image(tiff_reader *r, int *turn, an_image *image)
{
    int width, height;

    AN_TRY(open_tiff(r));
    AN_TRY(read_directory(r, turn, &width, &height));
    image->working = (size_t)width * (size_t)height * sizeof *r->raster;
    AN_TRY(an_image_reserve(r->ctx, image, width, height));
    AN_TRY(read_raster(r, width, height));
    for (int y = 0; y < height; ++y) {
        const size_t at = (size_t)y * (size_t)width;
        take_row(r, r->raster + at, width, image->pixels + 3 * at);
    }
    return ALEXNET_OK;
}

/* In a function of its own, so that no variable of its changes between setjmp() and longjmp(). */
static void decode_guarded(tiff_reader *r, int *turn, an_image *image)
{
    if (setjmp(r->escape) == 0) {
        r->status = read_image(r, turn, image);
        if (r->tiff != NULL) TIFFClose(r->tiff);
    } else {
        r->status = an_fail(r->ctx, ALEXNET_NO_MEMORY, "TIFF: %s", r->words);
    }
}

static alexnet_status decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image)
{
    tiff_reader r = {.ctx = ctx, .data = data, .bytes = bytes};

    decode_guarded(&r, turn, image);
    an_free(ctx, r.raster);
    return r.status;
}

const an_codec an_codec_tiff = {
    .name = "TIFF", .library = "libtiff", .sniff = sniff, .decode = decode};
#endif
