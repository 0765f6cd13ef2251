/*
 * fuzz_zip.c: whatever the bytes, the reader refuses them or gives entries that lie apart from each
 * other, each with the content that its checksum says.
 * SPDX-License-Identifier: MIT
 */
#include "formats/zip.h"
#include "fuzz/fuzz.h"
#include <string.h>
#include <zlib.h>

#define CONTENT_MAX ((size_t)1 << 20)

static void check_content(const an_reader *reader, const an_zip_entry *entry)
{
    an_bytes content;
    const alexnet_status status =
        an_zip_content(fuzz_context(), "fuzz", reader, entry, CONTENT_MAX, &content);

    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE);
    if (status != ALEXNET_OK) return;
    FUZZ_REQUIRE(content.size == entry->size && content.data[content.size] == 0);
    FUZZ_REQUIRE(crc32_z(0, content.data, content.size) == entry->crc32);
    if (!entry->deflated)
        FUZZ_REQUIRE(memcmp(content.data, reader->memory + entry->place, content.size) == 0);
    an_bytes_free(fuzz_context(), &content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    const an_reader reader = an_reader_of(data, size);
    an_store store = {0};
    an_zip zip;

    const alexnet_status status = an_zip_read(ctx, "fuzz", &reader, &store, &zip);
    FUZZ_REQUIRE(status == ALEXNET_OK || status == ALEXNET_BAD_FILE ||
                 status == ALEXNET_UNSUPPORTED);
    uint8_t *used = calloc(size + 1, 1); /* by which bytes an entry is held */
    FUZZ_REQUIRE(used != NULL && zip.count <= size / 46);
    for (size_t i = 0; i < zip.count; ++i) {
        const an_zip_entry *entry = &zip.entries[i];
        FUZZ_REQUIRE(an_zip_name_fits(entry->name));
        FUZZ_REQUIRE(an_zip_find(&zip, entry->name) == entry);
        FUZZ_REQUIRE(entry->place <= size && entry->packed <= size - entry->place);
        for (uint64_t at = entry->place; at < entry->place + entry->packed; ++at)
            FUZZ_REQUIRE(used[at]++ == 0);
        check_content(&reader, entry);
    }
    free(used);
    an_store_free(ctx, &store);
    return 0;
}
