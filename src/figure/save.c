/*
 * save.c: writes an image as PNG or SVG.
 * SPDX-License-Identifier: MIT
 */
#include "figure/save.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"

static bool is_svg(const char *path) { return an_path_has_extension(path, "svg"); }

alexnet_status an_figure_check_name(alexnet_context *ctx, const char *path)
{
    return is_svg(path) || an_path_has_extension(path, "png")
               ? ALEXNET_OK
               : an_fail(ctx, ALEXNET_BAD_ARG, "'%s': expected a name that ends in .png or .svg",
                         path);
}

/* RFC 4648: each three bytes become four letters; the last four are padded with '='. */
static alexnet_status write_base64(an_writer *writer, const uint8_t *data, size_t bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < bytes; i += 3) {
        const uint32_t a = data[i], b = i + 1 < bytes ? data[i + 1] : 0,
                       c = i + 2 < bytes ? data[i + 2] : 0;
        const uint32_t bits = a << 16 | b << 8 | c;
        const char four[] = {letters[bits >> 18], letters[bits >> 12 & 63],
                             i + 1 < bytes ? letters[bits >> 6 & 63] : '=',
                             i + 2 < bytes ? letters[bits & 63] : '='};
        AN_TRY(an_writer_add(writer, four, sizeof four));
    }
    return ALEXNET_OK;
}

static alexnet_status write_svg(an_writer *writer, const char *title, const an_image *image,
                                const uint8_t *png, size_t bytes)
{
    const int w = image->width, h = image->height;

    AN_TRY(an_writer_format(writer,
                            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                            "viewBox=\"0 0 %d %d\">\n<title>%s</title>\n"
                            "<image width=\"%d\" height=\"%d\" style=\"image-rendering:pixelated\" "
                            "href=\"data:image/png;base64,",
                            w, h, w, h, title, w, h));
    AN_TRY(write_base64(writer, png, bytes));
    return an_writer_format(writer, "\"/>\n</svg>\n");
}

static alexnet_status save_svg(alexnet_context *ctx, const char *path, const char *title,
                               const an_image *image, const uint8_t *png, size_t bytes)
{
    an_writer *writer;

    AN_TRY(an_writer_open(ctx, path, &writer));
    const alexnet_status status = write_svg(writer, title, image, png, bytes);
    if (status == ALEXNET_OK) return an_writer_commit(writer);
    an_writer_abandon(writer);
    return status;
}

alexnet_status an_figure_save(alexnet_context *ctx, const char *path, const char *title,
                              const an_image *image)
{
    uint8_t *png;
    size_t bytes;

    AN_TRY(an_figure_check_name(ctx, path));
    AN_TRY(an_image_encode_png(ctx, image, &png, &bytes));
    const alexnet_status status = is_svg(path) ? save_svg(ctx, path, title, image, png, bytes)
                                               : an_file_write(ctx, path, png, bytes);
    an_free(ctx, png);
    return status;
}
