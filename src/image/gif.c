/*
 * gif.c: the first frame of a GIF to RGB by giflib. What the frame leaves free of the canvas gets
 * the transparent colour, or colour 0 if there is none, as in PIL.
 * SPDX-License-Identifier: MIT
 */
#include "image/codec.h"
#include <string.h>

static bool sniff(const uint8_t *data, size_t bytes)
{
    return bytes >= 6 && (memcmp(data, "GIF87a", 6) == 0 || memcmp(data, "GIF89a", 6) == 0);
}

#ifndef AN_HAVE_GIF
const an_codec an_codec_gif = {.name = "GIF", .library = "giflib", .sniff = sniff};
#else

#include "base/cursor.h"
#include "base/memory.h"
#include "base/status.h"
#include <gif_lib.h>

#define RATIO_MAX 2731 /* LZW: a code of 12 bits produces at most 4096 pixels */

typedef struct gif_reader {
    alexnet_context *ctx;
    an_cursor file;
    GifFileType *gif;
    int transparent; /* index of the transparent colour; -1: none */
    uint8_t palette[256][3];
    GifPixelType *row; /* one row of the frame */
} gif_reader;

static int read_bytes(GifFileType *gif, GifByteType *to, int bytes)
{
    gif_reader *r = gif->UserData;
    const uint8_t *from = bytes < 0 ? NULL : an_cursor_bytes(&r->file, (size_t)bytes);

    if (from == NULL) return 0;
    memcpy(to, from, (size_t)bytes);
    return bytes;
}

static alexnet_status fail(const gif_reader *r, int code)
{
    const char *words = GifErrorString(code);

    if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
        return an_fail(r->ctx, ALEXNET_NO_MEMORY, "GIF: the decoder");
    if (r->file.bad)
        return an_fail(r->ctx, ALEXNET_BAD_FILE, "GIF: truncated: the file ends within the image");
    return an_fail(r->ctx, ALEXNET_BAD_FILE, "GIF: %s", words != NULL ? words : "damaged data");
}

/* ---- up to the first frame ---- */

/* The graphic control extension holds the transparent colour (GIF89a, 23). */
static void take_extension(gif_reader *r, int kind, const GifByteType *data)
{
    if (kind == GRAPHICS_EXT_FUNC_CODE && data[0] >= 4)
        r->transparent = (data[1] & 1) != 0 ? data[4] : -1;
}

static alexnet_status skip_extension(gif_reader *r)
{
    GifByteType *data;
    int kind;

    if (DGifGetExtension(r->gif, &kind, &data) == GIF_ERROR) return fail(r, r->gif->Error);
    while (data != NULL) {
        take_extension(r, kind, data);
        if (DGifGetExtensionNext(r->gif, &data) == GIF_ERROR) return fail(r, r->gif->Error);
    }
    return ALEXNET_OK;
}

static alexnet_status find_frame(gif_reader *r)
{
    for (;;) {
        GifRecordType type;
        if (DGifGetRecordType(r->gif, &type) == GIF_ERROR) return fail(r, r->gif->Error);
        switch (type) {
        case IMAGE_DESC_RECORD_TYPE:
            return DGifGetImageDesc(r->gif) == GIF_ERROR ? fail(r, r->gif->Error) : ALEXNET_OK;
        case EXTENSION_RECORD_TYPE:
            AN_TRY(skip_extension(r));
            break;
        default:
            return an_fail(r->ctx, ALEXNET_BAD_FILE, "GIF: it contains no image");
        }
    }
}

/* Without a palette, colour k is grey k; colours missing from a palette are black: as in PIL. */
static void take_palette(gif_reader *r)
{
    const ColorMapObject *own = r->gif->Image.ColorMap;
    const ColorMapObject *map = own != NULL ? own : r->gif->SColorMap;

    for (int k = 0; map == NULL && k < 256; ++k)
        memset(r->palette[k], k, 3);
    for (int i = 0; map != NULL && i < map->ColorCount && i < 256; ++i) {
        const GifColorType *c = &map->Colors[i];
        const uint8_t rgb[3] = {c->Red, c->Green, c->Blue};
        memcpy(r->palette[i], rgb, sizeof rgb);
    }
}

/* ---- pixels ---- */

static void fill(const gif_reader *r, an_image *image)
{
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const uint8_t *colour = r->palette[r->transparent >= 0 ? r->transparent : 0];

    for (size_t i = 0; i < pixels; ++i)
        memcpy(image->pixels + 3 * i, colour, 3);
}

static alexnet_status read_row(const gif_reader *r, int y, const an_image *image)
{
    const GifImageDesc *frame = &r->gif->Image;
    const size_t at = (size_t)(frame->Top + y) * (size_t)image->width + (size_t)frame->Left;
    uint8_t *to = image->pixels + 3 * at;

    if (DGifGetLine(r->gif, r->row, frame->Width) == GIF_ERROR) return fail(r, r->gif->Error);
    for (int x = 0; x < frame->Width; ++x, to += 3)
        memcpy(to, r->palette[r->row[x]], 3);
    return ALEXNET_OK;
}

static alexnet_status read_rows(const gif_reader *r, const an_image *image)
{
    static const int first[4] = {0, 4, 2, 1}, step[4] = {8, 8, 4, 2};
    const GifImageDesc *frame = &r->gif->Image;

    for (int y = 0; !frame->Interlace && y < frame->Height; ++y)
        AN_TRY(read_row(r, y, image));
    for (int pass = 0; frame->Interlace && pass < 4; ++pass) {
        for (int y = first[pass]; y < frame->Height; y += step[pass])
            AN_TRY(read_row(r, y, image));
    }
    return ALEXNET_OK;
}

static alexnet_status read_image(gif_reader *r, size_t bytes, an_image *image)
{
    AN_TRY(find_frame(r));
    const GifImageDesc *frame = &r->gif->Image;
    const int width = AN_MAX(r->gif->SWidth, frame->Left + frame->Width);
    const int height = AN_MAX(r->gif->SHeight, frame->Top + frame->Height);

    AN_TRY(an_image_check_size(r->ctx, "GIF", frame->Width, frame->Height));
    AN_TRY(an_image_check_size(r->ctx, "GIF", width, height));
    if ((int64_t)frame->Width * frame->Height / RATIO_MAX > (int64_t)bytes)
        return an_fail(r->ctx, ALEXNET_BAD_FILE,
                       "GIF: truncated: %d x %d pixels cannot be in %zu bytes", frame->Width,
                       frame->Height, bytes);
    AN_TRY(an_image_check_ratio(r->ctx, "GIF", width, height, bytes));
    r->row = an_new_array(r->ctx, (size_t)frame->Width, sizeof *r->row);
    if (r->row == NULL) return an_fail(r->ctx, ALEXNET_NO_MEMORY, "GIF: a row");
    AN_TRY(an_image_reserve(r->ctx, image, width, height));
    take_palette(r);
    fill(r, image);
    return read_rows(r, image);
}

static alexnet_status decode(alexnet_context *ctx, const uint8_t *data, size_t bytes, int *turn,
                             an_image *image)
{
    gif_reader r = {.ctx = ctx, .file = an_cursor_open(data, bytes), .transparent = -1};
    int code = D_GIF_ERR_READ_FAILED;

    (void)turn; /* the format has no orientation */
    r.gif = DGifOpen(&r, read_bytes, &code);
    if (r.gif == NULL) return fail(&r, code);
    const alexnet_status status = read_image(&r, bytes, image);
    an_free(ctx, r.row);
    DGifCloseFile(r.gif, &code);
    return status;
}

const an_codec an_codec_gif = {
    .name = "GIF", .library = "giflib", .sniff = sniff, .decode = decode};
#endif
