/*
 * kinds.c: the image format that the name or the first bytes of a file indicate, including
 * formats that we do not support, so that a message can name them.
 * SPDX-License-Identifier: MIT
 */
#include "base/file.h"
#include "base/text.h"
#include "image/codec.h"
#include "image/directory.h"
#include <string.h>

/* ---- by name ---- */

static const struct {
    const char *extension; /* upper or lower case */
    const char *name;
    const an_codec *codec; /* NULL: not supported */
} extensions[] = {
    {"jpg", "JPEG", &an_codec_jpeg},
    {"jpeg", "JPEG", &an_codec_jpeg},
    {"png", "PNG", &an_codec_png},
    {"jfif", "JPEG", &an_codec_jpeg},
    {"jpe", "JPEG", &an_codec_jpeg},
    {"jif", "JPEG", &an_codec_jpeg},
    {"jfi", "JPEG", &an_codec_jpeg},
    {"pjpeg", "JPEG", &an_codec_jpeg},
    {"pjp", "JPEG", &an_codec_jpeg},
    {"mpo", "JPEG", &an_codec_jpeg}, /* several images in one file: the first is decoded */
    {"apng", "PNG", &an_codec_png},
    {"webp", "WebP", &an_codec_webp},
    {"gif", "GIF", &an_codec_gif},
    {"tif", "TIFF", &an_codec_tiff},
    {"tiff", "TIFF", &an_codec_tiff},
    {"bmp", "BMP", &an_codec_bmp},
    {"dib", "BMP", &an_codec_bmp},
    {"heic", "HEIC", NULL},
    {"heif", "HEIF", NULL},
    {"hif", "HEIF", NULL},
    {"avif", "AVIF", NULL},
    {"jxl", "JPEG XL", NULL},
    {"jp2", "JPEG 2000", NULL},
    {"j2k", "JPEG 2000", NULL},
    {"jpx", "JPEG 2000", NULL},
    {"jpf", "JPEG 2000", NULL},
    {"jxr", "JPEG XR", NULL},
    {"psd", "PSD", NULL},
    {"psb", "PSB", NULL},
    {"xcf", "XCF", NULL},
    {"svg", "SVG", NULL},
    {"svgz", "SVG", NULL},
    {"eps", "EPS", NULL},
    {"cr2", "CR2", NULL}, /* raw photographs: from here to X3F */
    {"cr3", "CR3", NULL},
    {"crw", "CRW", NULL},
    {"nef", "NEF", NULL},
    {"nrw", "NRW", NULL},
    {"arw", "ARW", NULL},
    {"sr2", "SR2", NULL},
    {"srw", "SRW", NULL},
    {"dng", "DNG", NULL},
    {"orf", "ORF", NULL},
    {"rw2", "RW2", NULL},
    {"raf", "RAF", NULL},
    {"pef", "PEF", NULL},
    {"3fr", "3FR", NULL},
    {"x3f", "X3F", NULL},
    {"ppm", "PPM", NULL},
    {"pgm", "PGM", NULL},
    {"pbm", "PBM", NULL},
    {"pnm", "PNM", NULL},
    {"tga", "TGA", NULL},
    {"ico", "ICO", NULL},
    {"pcx", "PCX", NULL},
    {"dds", "DDS", NULL},
    {"exr", "EXR", NULL},
    {"hdr", "HDR", NULL},
    {"qoi", "QOI", NULL},
    {"dcm", "DICOM", NULL},
};

an_image_kind an_image_kind_of(const char *path)
{
    const char *base = an_path_base(path);
    const char *dot = strrchr(base, '.');

    for (size_t i = 0; dot != NULL && dot != base && i < AN_COUNT(extensions); ++i) {
        if (an_same_word(dot + 1, extensions[i].extension))
            return (an_image_kind){.name = extensions[i].name,
                                   .read = extensions[i].codec != NULL &&
                                           extensions[i].codec->decode != NULL};
    }
    return (an_image_kind){0};
}

/* ---- by content ---- */

/* clang-format off */
static const struct {
    size_t at, length;
    const char *magic, *name;
} magics[] = {
    {4, 8, "ftypavif",          "AVIF"     },
    {4, 8, "ftypavis",          "AVIF"     },
    {4, 8, "ftypheic",          "HEIC"     },
    {4, 8, "ftypheix",          "HEIC"     },
    {4, 8, "ftyphevc",          "HEIC"     },
    {4, 8, "ftyphevx",          "HEIC"     },
    {4, 8, "ftypheim",          "HEIC"     },
    {4, 8, "ftypheis",          "HEIC"     },
    {4, 8, "ftypmif1",          "HEIF"     },
    {4, 8, "ftypmsf1",          "HEIF"     },
    {4, 8, "ftypcrx ",          "raw photograph (CR3)"},
    {4, 4, "jP  ",              "JPEG 2000"},
    {0, 4, "\xff\x4f\xff\x51",  "JPEG 2000"},
    {4, 4, "JXL ",              "JPEG XL"  },
    {0, 2, "\xff\x0a",          "JPEG XL"  },
    {0, 4, "II\xbc\x01",        "JPEG XR"  },
    {0, 4, "8BPS",              "PSD"      },
    {0, 8, "gimp xcf",          "XCF"      },
    {0, 4, "<svg",              "SVG"      },
    {0, 5, "<?xml",             "SVG or other XML"},
    {0, 4, "%!PS",              "EPS"      },
    {0, 4, "%PDF",              "PDF"      },
    {0, 4, "IIRO",              "raw photograph (ORF)"},
    {0, 4, "IIRS",              "raw photograph (ORF)"},
    {0, 4, "IIU\0",             "raw photograph (RW2)"},
    {0, 8, "FUJIFILM",          "raw photograph (RAF)"},
    {0, 4, "FOVb",              "raw photograph (X3F)"},
    {0, 3, "P3\n",              "PPM"      },
    {0, 3, "P5\n",              "PGM"      },
    {0, 3, "P6\n",              "PPM"      },
    {0, 4, "DDS ",              "DDS"      },
    {0, 4, "v/1\x01",           "EXR"      },
    {0, 4, "qoif",              "QOI"      },
    {0, 4, "\0\0\1\0",          "ICO"      },
    {0, 3, "\x0a\x05\x01",      "PCX"      },
    {0, 12, "\0\0\2\0\0\0\0\0\0\0\0\0",    "TGA"},
    {0, 12, "\0\0\x0a\0\0\0\0\0\0\0\0\0", "TGA"},
};
/* clang-format on */

/* clang-format off */
static const struct {
    size_t at, length;
    const char *magic, *name;
} archives[] = {
    {0,   4, "PK\3\4",                  "a ZIP archive"  },
    {0,   4, "PK\5\6",                  "a ZIP archive"  },
    {0,   6, "\xfd" "7zXZ\0",           "an XZ archive"  },
    {0,   4, "\x28\xb5\x2f\xfd",       "a Zstandard archive"},
    {0,  10, "BZh91AY&SY",              "a bzip2 archive"},
    {0,   6, "7z\xbc\xaf\x27\x1c",     "a 7-Zip archive"},
    {0,   4, "Rar!",                    "a RAR archive"  },
    {257, 5, "ustar",                   "a tar file"     },
};
/* clang-format on */

const char *an_image_archive(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < AN_COUNT(archives); ++i) {
        if (bytes >= archives[i].at + archives[i].length &&
            memcmp(data + archives[i].at, archives[i].magic, archives[i].length) == 0)
            return archives[i].name;
    }
    return NULL;
}

/* Cameras' raw files are TIFF files; in most the first image is a small preview. */
#define TAG_SUBFILE_TYPE 254
#define TAG_PHOTOMETRIC  262
#define TAG_SUB_IFDS     330
#define TAG_DNG_VERSION  50706
#define REDUCED          1     /* a bit of TAG_SUBFILE_TYPE */
#define COLOUR_FILTERS   32803 /* TAG_PHOTOMETRIC: the sensor's mosaic */

const char *an_image_raw(const uint8_t *data, size_t bytes)
{
    static const char canon[] = "II*\0\x10\0\0\0CR\2\0"; /* "CR", version 2; the directory at 16 */
    bool preview = false, more = false, sensor = false;
    an_directory directory;
    an_directory_entry entry;

    if (bytes >= 12 && memcmp(data, canon, 12) == 0) return "raw photograph (CR2)";
    if (!an_directory_open(data, bytes, &directory)) return NULL;
    while (an_directory_next(&directory, &entry)) {
        if (entry.tag == TAG_DNG_VERSION) return "raw photograph (DNG)";
        preview = preview || (entry.tag == TAG_SUBFILE_TYPE && (entry.value & REDUCED) != 0);
        more = more || entry.tag == TAG_SUB_IFDS;
        sensor = sensor || (entry.tag == TAG_PHOTOMETRIC && entry.value == COLOUR_FILTERS);
    }
    return (preview && more) || sensor ? "raw photograph (such as NEF or ARW)" : NULL;
}

const char *an_image_unread(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < AN_COUNT(magics); ++i) {
        if (bytes >= magics[i].at + magics[i].length &&
            memcmp(data + magics[i].at, magics[i].magic, magics[i].length) == 0)
            return magics[i].name;
    }
    return an_image_raw(data, bytes);
}
