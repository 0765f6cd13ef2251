#!/usr/bin/env python3
"""Draws the images of tests/fuzz/corpus/{webp,gif,tiff,bmp}/ and writes PIL's decoded pixels.

usage: tests/golden/formats_golden.py

Needs Pillow 13 and numpy, which the tests do not. Every image is drawn here.

Writes tests/fuzz/corpus/FORMAT/* and, for the tests to include, rows of C tables
tests/golden/image_FORMAT.inc. A digest is the first 16 hexadecimal digits of the SHA-256 of the
pixels, [height][width][3] bytes.
SPDX-License-Identifier: MIT
"""

import hashlib
import io
import random
import struct
from pathlib import Path

import numpy
from PIL import Image, ImageOps

from drawing import draw

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"

WIDTH, HEIGHT = 37, 21


# ---------------------------------------------------------------- images

def drawn(seed=1):
    return draw(WIDTH, HEIGHT, seed)


def with_alpha(image):
    ramp = numpy.tile(numpy.linspace(0, 255, image.width).astype(numpy.uint8), (image.height, 1))
    image = image.convert("RGBA")
    image.putalpha(Image.fromarray(ramp))
    return image


def save(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def webps():
    rgb, frames = drawn(), [drawn(seed) for seed in (1, 2, 3)]
    files = {
        "lossy": save(rgb, "WEBP", quality=80),
        "lossless": save(rgb, "WEBP", lossless=True),
        "lossy_alpha": save(with_alpha(rgb), "WEBP", quality=80),
        "lossless_alpha": save(with_alpha(rgb), "WEBP", lossless=True, exact=True),
        "one": save(Image.new("RGB", (1, 1), (200, 100, 50)), "WEBP", lossless=True),
        "animated": save(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=40, quality=70),
        "animated_alpha": save(with_alpha(rgb), "WEBP", save_all=True, append_images=[with_alpha(frame) for frame in frames[1:]],
                               duration=40, lossless=True, exact=True),
        **{f"exif{orientation}": save(rgb, "WEBP", quality=60, exif=exif(orientation)) for orientation in (3, 6)},
    }
    files["animated_part"] = part_of_canvas(files["animated"])
    files["bad_truncated"] = files["lossy"][:-40]
    files["bad_truncated_lossless"] = files["lossless"][:-40]
    files["bad_truncated_frame"] = files["animated"][:120]
    files["bad_huge"] = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<IBBBB", 10, 2, 0, 0, 0) + b"\xff" * 6
    files["bad_outside"] = files["animated_part"].replace(struct.pack("<HB", 3, 0) + struct.pack("<HB", 2, 0),
                                                          struct.pack("<HB", 9000, 0) * 2, 1)
    files["bad_empty"] = b"RIFF\4\0\0\0WEBP"
    return files


def part_of_canvas(animation):
    """Only the animation's first frame, at (6, 4) of a canvas of 50 x 30."""
    at = animation.index(b"ANMF")
    size = struct.unpack("<I", animation[at + 4:at + 8])[0]
    frame = bytearray(animation[at:at + 8 + size + size % 2])
    frame[8:14] = struct.pack("<HB", 3, 0) + struct.pack("<HB", 2, 0)
    canvas = struct.pack("<HB", 49, 0) + struct.pack("<HB", 29, 0)
    chunks = (b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + canvas + b"ANIM" + struct.pack("<IIH", 6, 0xffffffff, 0) +
              bytes(frame))
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def gif(screen, place, size, colours, own=None, transparent=None, interlace=False, bits=3):
    """A GIF of one frame; its pixels are written as single codes, never combined, so that no
    encoder is needed."""
    noise = random.Random(bits)
    pixels = [noise.randrange(1 << bits) for _ in range(size[0] * size[1])]
    stream, width, out, held, count = [1 << bits], bits + 1, b"", 0, 0
    for i, pixel in enumerate(pixels):
        if i % ((1 << bits) - 2) == 0 and i > 0:
            stream.append(1 << bits)
        stream.append(pixel)
    for code in [*stream, (1 << bits) + 1]:
        held |= code << count
        count += width
        while count >= 8:
            out, held, count = out + bytes([held & 255]), held >> 8, count - 8
    out += bytes([held])
    blocks = b"".join(bytes([len(part)]) + part for part in (out[i:i + 255] for i in range(0, len(out), 255)))
    file = b"GIF89a" + struct.pack("<HHBBB", *screen, (0xf0 | bits - 1) if colours else 0x70, 0, 0)
    if colours:
        file += colours
    if transparent is not None:
        file += b"!\xf9\4\1\0\0" + bytes([transparent, 0])
    file += b"!\xfe\5hello\0,"
    file += struct.pack("<HHHHB", *place, *size, (0x80 | bits - 1 if own else 0) | (0x40 if interlace else 0))
    return file + (own or b"") + bytes([bits]) + blocks + b"\0;"


def gifs():
    rgb, colours, others = drawn(), random.Random(7).randbytes(24), random.Random(8).randbytes(24)
    frames = [drawn(seed) for seed in (1, 2)]
    files = {
        "saved": save(rgb.quantize(200), "GIF"),
        "grey": save(rgb.convert("L"), "GIF"),
        "animated": save(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "transparent": gif((20, 11), (0, 0), (20, 11), colours, transparent=3),
        "interlaced": gif((20, 11), (0, 0), (20, 11), colours, interlace=True),
        "interlaced_low": gif((20, 3), (0, 0), (20, 3), colours, interlace=True),
        "own_colours": gif((20, 11), (0, 0), (20, 11), colours, own=others),
        "no_colours": gif((20, 11), (0, 0), (20, 11), None),
        "part": gif((30, 20), (5, 4), (20, 11), colours),
        "part_transparent": gif((30, 20), (5, 4), (20, 11), colours, transparent=5),
        "beyond": gif((10, 10), (5, 4), (20, 11), colours),
        "one": gif((1, 1), (0, 0), (1, 1), colours),
    }
    files["bad_truncated"] = files["saved"][:-200]
    files["bad_no_end"] = files["transparent"][:-3]
    files["bad_empty"] = files["saved"][:13 + 768] + b";"
    files["bad_large"] = gif((60000, 60000), (0, 0), (20, 11), colours)
    files["bad_ratio"] = gif((8000, 8000), (0, 0), (20, 11), colours).replace(struct.pack("<HHHH", 0, 0, 20, 11),
                                                                             struct.pack("<HHHH", 0, 0, 8000, 8000))
    files["bad_header"] = b"GIF89a" + bytes(3)
    return files


def entries(order, values):
    """A TIFF of one directory, of the given (tag, type, values); tag 273 has the offsets of the
    strips."""
    sizes = {1: "B", 3: "H", 4: "I"}
    body = b""
    start = 8 + 2 + 12 * len(values) + 4
    rows = []
    for tag, kind, numbers in sorted(values):
        data = struct.pack(f"{order}{len(numbers)}{sizes[kind]}", *numbers)
        if len(data) > 4:
            rows.append((tag, kind, len(numbers), struct.pack(order + "I", start + len(body))))
            body += data + b"\0" * (len(data) % 2)
        else:
            rows.append((tag, kind, len(numbers), data.ljust(4, b"\0")))
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", len(rows))
    return head + b"".join(struct.pack(order + "HHI", *row[:3]) + row[3] for row in rows) + bytes(4), body


def tiff(pixels, photometric, bits, order="<", extra=(), planes=False, tags=()):
    """An uncompressed TIFF of pixels [height][width][channels], in one strip or one for each
    channel."""
    height, width, channels = pixels.shape
    data = pixels.astype(numpy.dtype({8: numpy.uint8, 16: numpy.uint16, 32: numpy.float32}[bits]).newbyteorder(order))
    strips = [data[..., c].tobytes() for c in range(channels)] if planes else [data.tobytes()]
    values = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * channels), (259, 3, [1]), (262, 3, [photometric]),
              (277, 3, [channels]), (278, 4, [height]), (279, 4, [len(strip) for strip in strips]),
              (284, 3, [2 if planes else 1]), *tags]
    if extra:
        values.append((338, 3, list(extra)))
    places = [0] * len(strips)
    for _ in range(2):      # the second pass knows the offsets of the strips
        head, body = entries(order, [*values, (273, 4, places)])
        at, places = len(head) + len(body), []
        for strip in strips:
            places.append(at)
            at += len(strip)
    return head + body + b"".join(strips)


def tiffs():
    rgb = drawn()
    noise = numpy.random.default_rng(3)
    wide = noise.integers(0, 65536, (11, 13, 4))
    deep = noise.integers(0, 256, (11, 13, 4))
    files = {
        "rgb": save(rgb, "TIFF"),
        "grey": save(rgb.convert("L"), "TIFF"),
        "bits": save(rgb.convert("1"), "TIFF"),
        "bits_group4": save(rgb.convert("1"), "TIFF", compression="group4"),
        "palette": save(rgb.quantize(50), "TIFF"),
        "cmyk": save(rgb.convert("CMYK"), "TIFF"),
        "cmyk_lzw": save(rgb.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "lzw": save(rgb, "TIFF", compression="tiff_lzw"),
        "deflate": save(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "packbits": save(rgb, "TIFF", compression="packbits"),
        "jpeg": save(rgb, "TIFF", compression="jpeg", quality=90),
        "rgba": save(with_alpha(rgb), "TIFF"),
        "rgb_planes": tiff(deep[..., :3], 2, 8, planes=True),
        "rgb_big_endian": tiff(deep[..., :3], 2, 8, order=">"),
        "premultiplied": tiff(numpy.sort(deep, axis=2), 2, 8, extra=[1]),
        "fourth": tiff(deep, 2, 8, extra=[0]),
        "white_is_zero": tiff(deep[..., :1], 0, 8),
        "grey_alpha": tiff(deep[..., :2], 1, 8, extra=[2]),
        "rgb16": tiff(wide[..., :3], 2, 16),
        "rgb16_big_endian": tiff(wide[..., :3], 2, 16, order=">"),
        "grey16": tiff(wide[..., :1], 1, 16),
        "pages": save(rgb, "TIFF", save_all=True, append_images=[draw(9, 8, 4)]),
        **{f"turned{turn}": save(draw(12, 7), "TIFF", tiffinfo={274: turn}) for turn in range(2, 9)},
    }
    files["big"] = save(draw(12, 7), "TIFF", big_tiff=True)
    files["bad_truncated"] = files["rgb_big_endian"][:-100]
    files["bad_lzw"] = files["lzw"][:100] + files["lzw"][100:][::-1]
    files["bad_huge"] = files["grey16"].replace(struct.pack("<HHII", 256, 4, 1, 13), struct.pack("<HHII", 256, 4, 1, 60000)).replace(
        struct.pack("<HHII", 257, 4, 1, 11), struct.pack("<HHII", 257, 4, 1, 60000))
    files["bad_large"] = files["grey16"].replace(struct.pack("<HHII", 256, 4, 1, 13), struct.pack("<HHII", 256, 4, 1, 8000)).replace(
        struct.pack("<HHII", 257, 4, 1, 11), struct.pack("<HHII", 257, 4, 1, 8000))
    files["bad_samples"] = files["rgb_planes"].replace(struct.pack("<HHIH", 277, 3, 1, 3), struct.pack("<HHIH", 277, 3, 1, 60000))
    files["bad_loop"] = b"II*\0" + struct.pack("<I", 8) + b"\0\0" + struct.pack("<I", 8)
    files["bad_empty"] = b"II*\0" + struct.pack("<I", 8)
    files["bad_float"] = tiff(wide[..., :1], 1, 32, tags=[(339, 3, [3])])
    files["bad_inks"] = tiff(numpy.concatenate([deep, deep], axis=2)[..., :5], 5, 8)
    files["bad_dng"] = tiff(deep[..., :3], 2, 8, tags=[(50706, 1, [1, 4, 0, 0])])
    files["bad_nef"] = tiff(deep[..., :3], 2, 8, tags=[(254, 4, [1]), (330, 4, [8])])
    files["bad_cr2"] = b"II*\0\x10\0\0\0CR\2\0" + bytes(4) + files["grey16"][8:]
    return files


def bmp(width, height, bits, rows, colours=b"", count=0, compression=0, masks=b"", header=40):
    """Rows in the order of the file, padded here to 4 bytes each; a height below 0: from the
    top."""
    body = b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(body), 0, 0, count, 0)
        info += masks
        info += bytes(header - len(info)) if header > 40 else b""
    start = 14 + len(info) + len(colours)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + colours + body


def bmps():
    rgb = drawn()
    noise = random.Random(5)
    colours = noise.randbytes(1024)
    rows = {bits: [noise.randbytes((13 * bits + 7) // 8) for _ in range(9)] for bits in (1, 4, 8, 16, 24, 32)}
    files = {
        "saved": save(rgb, "BMP"),
        "saved_grey": save(rgb.convert("L"), "BMP"),
        "saved_bits": save(rgb.convert("1"), "BMP"),
        "bits1": bmp(13, 9, 1, rows[1], colours[:8]),
        "bits4": bmp(13, 9, 4, rows[4], colours[:64]),
        "bits8": bmp(13, 9, 8, rows[8], colours),
        "bits8_few": bmp(13, 9, 8, rows[8], colours[:400], count=100),
        "bits16": bmp(13, 9, 16, rows[16]),
        "bits16_masks": bmp(13, 9, 16, rows[16], compression=3, masks=struct.pack("<III", 0xf800, 0x7e0, 0x1f)),
        "bits24": bmp(13, 9, 24, rows[24]),
        "bits24_down": bmp(13, -9, 24, rows[24]),
        "bits32": bmp(13, 9, 32, rows[32]),
        "bits32_masks": bmp(13, 9, 32, rows[32], compression=3, masks=struct.pack("<IIII", 0xff, 0xff00, 0xff0000, 0xff000000),
                            header=108),
        "os2": bmp(13, 9, 4, rows[4], colours[:48], header=12),
        "os2_24": bmp(13, 9, 24, rows[24], header=12),
        "one": bmp(1, 1, 24, [b"\x10\x20\x30"]),
    }
    files["bad_truncated"] = files["bits24"][:-10]
    files["bad_colours"] = files["bits8"][:200]
    files["bad_rle"] = bmp(13, 9, 8, rows[8], colours, compression=1)
    files["bad_jpeg"] = bmp(13, 9, 24, rows[24], compression=4)
    files["bad_bits"] = bmp(13, 9, 7, rows[8])
    files["bad_huge"] = bmp(60000, 60000, 24, rows[24])
    files["bad_large"] = bmp(8000, 8000, 24, rows[24])
    files["bad_width"] = bmp(-13, 9, 24, rows[24])
    files["bad_height"] = bmp(13, -2**31, 24, rows[24])
    files["bad_masks"] = bmp(13, 9, 24, rows[24], compression=3, masks=struct.pack("<III", 255, 255, 255))
    files["bad_header"] = files["bits24"][:30]
    return files


# ---------------------------------------------------------------- expected results

def digest(image):
    return hashlib.sha256(numpy.ascontiguousarray(image).tobytes()).hexdigest()[:16]


def as_rgb(image):
    if image.mode.startswith("I;16"):
        # PIL clamps at 255, which gives white. This takes the high byte, as PIL does for RGB of 16 bits.
        image = Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8))
    return image.convert("RGB")


def pixels(folder, name, data):
    """PIL's pixels of a file: as stored, and upright."""
    image = Image.open(io.BytesIO(data))
    if folder == "tiff" and name.startswith("turned"):
        turn = int(name[-1])        # PIL has turned it already: the file without the tag gives the stored pixels
        stored = Image.open(io.BytesIO(data.replace(struct.pack("<HHIH", 274, 3, 1, turn), struct.pack("<HHIH", 274, 3, 1, 1))))
        return as_rgb(stored), as_rgb(image)
    return as_rgb(image), as_rgb(ImageOps.exif_transpose(image))


def main():
    for folder, files in (("webp", webps()), ("gif", gifs()), ("tiff", tiffs()), ("bmp", bmps())):
        (CORPUS / folder).mkdir(parents=True, exist_ok=True)
        for path in (CORPUS / folder).iterdir():
            path.unlink()
        with open(ROOT / "golden" / f"image_{folder}.inc", "w", encoding="utf-8") as out:
            out.write("/* {file, width, height, digest as stored, digest upright}: a decoded image. Written by "
                      "formats_golden.py. SPDX-License-Identifier: MIT */\n/* clang-format off */\n")
            for name, data in sorted(files.items()):
                (CORPUS / folder / name).write_bytes(data)
                if not name.startswith("bad_"):
                    stored, upright = pixels(folder, name, data)
                    out.write(f'{{"{name}", {stored.width}, {stored.height}, "{digest(stored)}", "{digest(upright)}"}},\n')


if __name__ == "__main__":
    main()
