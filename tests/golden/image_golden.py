#!/usr/bin/env python3
"""Draws the images of tests/fuzz/corpus/image/ and writes the results of PIL and torchvision.

usage: tests/golden/image_golden.py [DATA]

Needs Pillow 13, torchvision and numpy, which the tests do not. Every image is drawn here. DATA is
the folder of $ALEXNET_TEST_DATA: with it the results for its photographs are written, too.

Writes tests/fuzz/corpus/image/* and, for the tests to include, rows of C tables
tests/golden/image_*.inc. A digest is the first 16 hexadecimal digits of the SHA-256 of the pixels
([height][width][3] bytes) or the tensor ([3][height][width] float32).
SPDX-License-Identifier: MIT
"""

import gzip
import hashlib
import io
import random
import struct
import sys
import zlib
from pathlib import Path

import numpy
from PIL import Image, ImageEnhance, ImageOps
from torchvision import transforms
from torchvision.transforms.functional import InterpolationMode

from drawing import draw

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "fuzz" / "corpus" / "image"
ROWS = ROOT / "golden"

WIDTH, HEIGHT = 45, 31
FILTERS = {"BILINEAR": InterpolationMode.BILINEAR, "BICUBIC": InterpolationMode.BICUBIC,
           "NEAREST": InterpolationMode.NEAREST}


# ---------------------------------------------------------------- images

def jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 75, **options})
    return file.getvalue()


def tiff(orientation, order="<"):
    """The smallest EXIF: one entry, the orientation."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def segments(data):
    """(marker, bytes) of each segment before the scan, then ("rest", bytes)."""
    yield 0xD8, data[:2]
    at = 2
    while data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        yield data[at + 1], data[at:end]
        at = end
    yield "rest", data[at:]


def with_exif(data, exif):
    segment = b"Exif\0\0" + exif
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def png(width, height, depth, kind, rows, before=(), interlaced=0):
    """A PNG of the given rows, each packed as in the file; `before` are chunks before the
    pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = [(b"IHDR", header), *before, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks)


def packed(values, depth):
    """Samples of 1 to 16 bits as bytes."""
    bits = "".join(format(value, f"0{depth}b") for value in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def drawn_png(depth, kind, channels, width=21, height=9, **options):
    noise = random.Random(depth * 10 + kind)
    rows = [packed([noise.randrange(1 << depth) for _ in range(width * channels)], depth) for _ in range(height)]
    return png(width, height, depth, kind, rows, **options)


def adam7(image):
    """The image interlaced: seven passes, each a small image."""
    pixels, rows = numpy.asarray(image), []
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        rows += [row.tobytes() for row in pixels[y0::dy, x0::dx] if row.size]
    return png(image.width, image.height, 8, 2, rows, interlaced=1)


def palette(count):
    noise = random.Random(count)
    return b"PLTE", bytes(noise.randrange(256) for _ in range(3 * count))


def images():
    """name: bytes."""
    rgb = draw(WIDTH, HEIGHT)
    files = {
        "rgb420.jpg": jpeg(rgb, subsampling=2),
        "rgb422.jpg": jpeg(rgb, subsampling=1),
        "rgb444.jpg": jpeg(rgb, subsampling=0, quality=95),
        "rgb_adobe.jpg": jpeg(rgb, keep_rgb=True),
        "grey.jpg": jpeg(rgb.convert("L")),
        "progressive.jpg": jpeg(rgb, progressive=True),
        "restart.jpg": jpeg(rgb, restart_marker_blocks=1),
        "cmyk_adobe.jpg": jpeg(rgb.convert("CMYK")),
        "1x1.jpg": jpeg(Image.new("RGB", (1, 1), (200, 100, 50))),
        "tall.jpg": jpeg(draw(9, 70)),
        "rgb8.png": png(WIDTH, HEIGHT, 8, 2, [row.tobytes() for row in numpy.asarray(rgb)]),
        "interlaced.png": adam7(rgb),
        "1x1.png": png(1, 1, 8, 2, [bytes([200, 100, 50])]),
        "grey1.png": drawn_png(1, 0, 1),
        "grey2.png": drawn_png(2, 0, 1),
        "grey4.png": drawn_png(4, 0, 1),
        "grey8.png": drawn_png(8, 0, 1),
        "grey8_transparent.png": drawn_png(8, 0, 1, before=[(b"tRNS", b"\0\x40")]),
        "grey16.png": drawn_png(16, 0, 1),
        "rgb16.png": drawn_png(16, 2, 3),
        "rgb_gamma.png": drawn_png(8, 2, 3, before=[(b"gAMA", struct.pack(">I", 90000)), (b"tEXt", b"Comment\0drawn")]),
        "palette1.png": drawn_png(1, 3, 1, before=[palette(2)]),
        "palette2.png": drawn_png(2, 3, 1, before=[palette(4)]),
        "palette4.png": drawn_png(4, 3, 1, before=[palette(16)]),
        "palette8.png": drawn_png(8, 3, 1, before=[palette(256)]),
        "palette8_transparent.png": drawn_png(8, 3, 1, before=[palette(256), (b"tRNS", bytes(range(200)))]),
        "palette8_short.png": drawn_png(8, 3, 1, before=[palette(100)]),   # some pixels are outside the palette
        "grey_alpha8.png": drawn_png(8, 4, 2),
        "grey_alpha16.png": drawn_png(16, 4, 2),
        "rgb_alpha8.png": drawn_png(8, 6, 4),
        "rgb_alpha16.png": drawn_png(16, 6, 4),
        "exif6.png": png(WIDTH, HEIGHT, 8, 2, [row.tobytes() for row in numpy.asarray(rgb)], before=[(b"eXIf", tiff(6, ">"))]),
    }
    files["png_named.jpg"] = files["rgb8.png"]
    for orientation in range(1, 9):
        files[f"exif{orientation}.jpg"] = with_exif(files["rgb420.jpg"], tiff(orientation, "<>"[orientation % 2]))

    # PIL writes CMYK with Adobe's marker, transform 0. With transform 2 the same data are YCCK.
    files["ycck_adobe.jpg"] = b"".join(data[:-1] + b"\2" if marker == 0xEE else data
                                       for marker, data in segments(files["cmyk_adobe.jpg"]))
    files["four_unmarked.jpg"] = b"".join(data for marker, data in segments(files["cmyk_adobe.jpg"]) if marker != 0xEE)
    files["gzipped.jpg"] = gzip.compress(files["rgb420.jpg"], mtime=0)
    return files


def broken(files):
    """Images that must fail; each is still a seed for the fuzzer."""
    return {
        "bad_truncated.jpg": files["rgb420.jpg"][:-200],
        "bad_no_end.jpg": files["rgb420.jpg"][:-2],
        "bad_hole.jpg": files["rgb420.jpg"][:-150] + files["rgb420.jpg"][-2:],   # truncated, then ended as the standard asks
        "bad_12bit.jpg": files["rgb420.jpg"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
        "bad_lossless.jpg": files["rgb420.jpg"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc3\0\x11\x08"),
        "bad_huge.jpg": files["rgb420.jpg"].replace(struct.pack(">HH", HEIGHT, WIDTH), struct.pack(">HH", 60000, 60000)),
        "bad_large.jpg": files["rgb420.jpg"].replace(struct.pack(">HH", HEIGHT, WIDTH), struct.pack(">HH", 8000, 8000)),
        "bad_truncated.png": files["rgb8.png"][:-400],
        "bad_checksum.png": files["rgb8.png"][:-20] + bytes([files["rgb8.png"][-20] ^ 1]) + files["rgb8.png"][-19:],
        "bad_huge.png": png(60000, 60000, 8, 2, [b"\0\0\0"]),
        "bad_large.png": png(8000, 8000, 8, 2, [b"\0\0\0"]),
        "bad_no_palette.png": drawn_png(8, 3, 1),
        "bad_truncated.gz": files["gzipped.jpg"][:-300],
        "bad_size.gz": files["gzipped.jpg"][:-4] + struct.pack("<I", 1 << 31),
        "bad_text.gz": gzip.compress(b"not an image", mtime=0),
        "bad_gif.jpg": b"GIF89a" + bytes(20),
        "bad_text.jpg": b"<html>Not found</html>",
    }


# ---------------------------------------------------------------- expected results

def digest(data):
    return hashlib.sha256(numpy.ascontiguousarray(data).tobytes()).hexdigest()[:16]


def pixels(name, data):
    """PIL's pixels of a file: as stored, and upright."""
    if name.endswith(".gz") or data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    image = Image.open(io.BytesIO(data))
    if name == "four_unmarked.jpg":
        # PIL reads it as CMYK. It is YCbCr and a fourth channel to ignore: the first three of the marked YCCK file.
        marked = b"".join(part + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\2" if marker == 0xD8 else part
                          for marker, part in segments(data))
        image = Image.open(io.BytesIO(marked))
        image = Image.merge("RGB", image.split()[:3])
    if image.mode == "I;16":
        # PIL clamps at 255, which gives white. This takes the high byte, as PIL does for RGB of 16 bits.
        image = Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8))
    return image.convert("RGB"), ImageOps.exif_transpose(image).convert("RGB")


def braces(values):
    return "{" + ", ".join(map(str, values)) + "}"


def decode_rows(files):
    """{file, width, height, digest as stored, digest upright}: a decoded image."""
    for name, data in sorted(files.items()):
        stored, upright = pixels(name, data)
        yield f'"{name}", {stored.width}, {stored.height}, "{digest(stored)}", "{digest(upright)}"'


def random_rectangle(draws, width, height):
    left, top = draws.randrange(width), draws.randrange(height)
    return left, top, draws.randint(1, width - left), draws.randint(1, height - top)


def cut(image, rectangle):
    left, top, width, height = rectangle
    return image.crop((left, top, left + width, top + height))


def resize_rows(files):
    """{file, part, width, height, filter, window, digest}: crop(part), resize, crop(window)."""
    draws = random.Random(2)
    for i in range(48):
        name = ("rgb8.png", "tall.jpg")[i % 2]
        image = pixels(name, files[name])[0]
        filter_name = sorted(FILTERS)[i % 3]
        part = (0, 0, *image.size) if i % 4 < 2 else random_rectangle(draws, *image.size)
        free = draws.choice((1, 7, 24, 60, 100)), draws.choice((1, 8, 24, 65, 150))
        size = (free, (part[2], 20), (33, part[3]), part[2:])[i // 3 % 4]
        window = (0, 0, *size) if i % 5 < 2 else random_rectangle(draws, *size)
        result = cut(cut(image, part).resize(size, Image.Resampling[filter_name]), window)
        yield (f'"{name}", {braces(part)}, {size[0]}, {size[1]}, AN_FILTER_{filter_name}, {braces(window)}, '
               f'"{digest(result)}"')


def box_rows(files):
    """{box, width, height, filter, digest}: resize of a box of rgb8.png."""
    image = pixels("rgb8.png", files["rgb8.png"])[0]
    for box, size in (((0.5, 0.25, 44.75, 30.5), (20, 17)), ((10.125, 3.0, 20.375, 29.0), (50, 8)), ((3, 4, 23, 24), (20, 20))):
        for name in sorted(FILTERS):
            result = image.resize(size, Image.Resampling[name], box)
            yield f'{braces(box)}, {size[0]}, {size[1]}, AN_FILTER_{name}, "{digest(result)}"'


def enhance_rows(files):
    """{function, factor, digest}: ImageEnhance of rgb8.png."""
    image = pixels("rgb8.png", files["rgb8.png"])[0]
    for word, enhancer in (("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast),
                           ("saturation", ImageEnhance.Color)):
        for factor in (0.0, 0.625, 1.0, 1.375, 2.0):
            yield f'an_image_{word}, {factor}f, "{digest(enhancer(image).enhance(factor))}"'


NUMBERS = "divide=255 mean=0.485,0.456,0.406 std=0.229,0.224,0.225"
NORMALIZE = transforms.Compose([transforms.ToTensor(), transforms.Normalize([.485, .456, .406], [.229, .224, .225])])
GEOMETRY = {
    "resize=short:24 crop=20": [transforms.Resize(24), transforms.CenterCrop(20)],
    "resize=short:24 filter=bicubic crop=17x22": [transforms.Resize(24, FILTERS["BICUBIC"]), transforms.CenterCrop((17, 22))],
    "resize=exact:27x30 filter=nearest crop=24": [transforms.Resize((27, 30), FILTERS["NEAREST"]), transforms.CenterCrop(24)],
    "resize=short:15 crop=40x21": [transforms.Resize(15), transforms.CenterCrop((40, 21))],
    "resize=none crop=61x64": [transforms.CenterCrop((61, 64))],
    "resize=exact:20x33": [transforms.Resize((20, 33))],
}


def prepare_rows(files):
    """{file, record, height, width, digest of the pixels, of the tensor}: torchvision's
    transforms."""
    for name in ("rgb8.png", "tall.jpg", "1x1.png"):
        image = pixels(name, files[name])[0]
        for record, steps in GEOMETRY.items():
            result = transforms.Compose(steps)(image)
            yield (f'"{name}", "{record} {NUMBERS}", {result.height}, {result.width}, "{digest(result)}", '
                   f'"{digest(NORMALIZE(result).numpy())}"')


def photo_rows(data):
    """{file, digests: as stored, upright, short side 256 and centre 224, tensor}: each photograph
    and oddity, some of Imagenette."""
    prepare = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    for path in [*sorted(data.glob("photos/*")), *sorted(data.glob("odd/*")), *sorted(data.glob("imagenette-224/*/*/*"))[::200]]:
        try:
            stored, upright = pixels(path.name, path.read_bytes())
        except OSError:
            continue    # the truncated ones
        prepared = prepare(stored)
        yield (f'"{path.relative_to(data)}", "{digest(stored)}", "{digest(upright)}", "{digest(prepared)}", '
               f'"{digest(NORMALIZE(prepared).numpy())}"')


def write_rows(name, what, rows):
    with open(ROWS / f"image_{name}.inc", "w", encoding="utf-8") as out:
        out.write(f"/* {what} Written by image_golden.py. SPDX-License-Identifier: MIT */\n"
                  "/* clang-format off */\n")
        out.writelines(f"{{{row}}},\n" for row in rows)


def main():
    files = images()
    IMAGES.mkdir(parents=True, exist_ok=True)
    for path in IMAGES.iterdir():
        path.unlink()
    for name, data in {**files, **broken(files)}.items():
        (IMAGES / name).write_bytes(data)

    for rows in decode_rows, resize_rows, box_rows, enhance_rows, prepare_rows:
        write_rows(rows.__name__.removesuffix("_rows"), rows.__doc__, rows(files))
    if len(sys.argv) > 1:
        write_rows("photo", photo_rows.__doc__, photo_rows(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
