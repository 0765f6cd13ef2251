/*
 * samples.h: the small files of PyTorch and NumPy in tests/fuzz/corpus/{pth,pickle}, what they hold
 * (tests/golden/pytorch.inc), and what every damaged copy of one must do.
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_TEST_PYTORCH_SAMPLES_H
#define AN_TEST_PYTORCH_SAMPLES_H

#include "support/support.h"

#include "formats/tensor_file.h"

typedef struct an_sample {
    uint8_t *data; /* free() */
    size_t size;
} an_sample;

/* The path of a sample, "pth/zip"; valid as long as that of an_test_path(). */
const char *an_sample_path(const char *name);
an_sample an_sample_read(const char *name);

/* Compares the file with all rows of the table that have this name; there must be some. */
void an_sample_check(alexnet_context *ctx, const char *name, const an_tensor_file *file);

/* Opens every sample of the table in the folder, from disk and from memory, and compares. */
void an_sample_check_all(alexnet_context *ctx, const char *folder, const an_tensor_format *format);

/* Opens bytes in memory, which must be refused with this status and a message with this part. */
void an_sample_refuse(alexnet_context *ctx, const void *data, size_t size,
                      const an_tensor_format *format, alexnet_status status, const char *part);
/* The same for a sample. */
void an_sample_refuse_file(alexnet_context *ctx, const char *name, const an_tensor_format *format,
                           alexnet_status status, const char *part);

/*
 * Cuts a sample at every byte, which must be refused, and flips every bit of its first 4 KiB, which
 * must do no harm. `exact`: a copy that is still read has the same values under the same names.
 */
void an_sample_damage(alexnet_context *ctx, const char *name, const an_tensor_format *format,
                      bool exact);

/* Opens the sample while one allocation or one read after the other fails. */
void an_sample_starve(alexnet_context *ctx, const char *name, const an_tensor_format *format);

/* The most bytes that were allocated at a time while `data` was opened and closed, in a context of
   its own; *status receives what came of it. */
size_t an_sample_peak(const void *data, size_t size, const an_tensor_format *format,
                      alexnet_status *status);

/* Replaces the only occurrence of `old` by as many bytes. */
void an_sample_replace(an_sample *sample, const char *old, const char *new_, size_t bytes);

#endif
