/*
 * fuzz_protobuf.c: whatever the bytes, the cursor stays within its message, and comes to an end.
 * SPDX-License-Identifier: MIT
 */
#include "formats/protobuf.h"
#include "fuzz/fuzz.h"

#define FIELDS_MAX 100000 /* in all, as each message is read as a list and as a text, too */

typedef struct count {
    an_store store;
    long fields;
} count;

static void read_list(an_pb_cursor *message, const an_pb_field *field)
{
    an_pb_cursor list = an_pb_enter(message, field);
    uint64_t value, numbers = 0;

    while (an_pb_varint(&list, &value))
        ++numbers;
    FUZZ_REQUIRE(numbers <= field->value);
    FUZZ_REQUIRE(list.at <= list.end);
}

static void read_message(an_pb_cursor *message, count *all)
{
    an_pb_field field;

    while (all->fields < FIELDS_MAX && an_pb_next(message, &field)) {
        ++all->fields;
        FUZZ_REQUIRE(field.number > 0 && message->at <= message->end);
        if (field.wire != AN_PB_BYTES) continue;
        FUZZ_REQUIRE(field.place <= message->at && field.value == message->at - field.place);
        an_pb_cursor as_text = *message;
        const char *text = an_pb_text(&as_text, &field, &all->store, 1000);
        FUZZ_REQUIRE((text != NULL) == (as_text.status == ALEXNET_OK));
        read_list(message, &field);
        an_pb_cursor inner = an_pb_enter(message, &field); /* a text may look like a message */
        read_message(&inner, all);
        FUZZ_REQUIRE(inner.at >= field.place && inner.at <= field.place + field.value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    alexnet_context *ctx = fuzz_context();
    const an_reader reader = an_reader_of(data, size);
    an_pb_cursor message = an_pb_open(ctx, "fuzz", &reader);
    count all = {0};

    read_message(&message, &all);
    FUZZ_REQUIRE(message.status == ALEXNET_OK || message.status == ALEXNET_BAD_FILE);
    an_pb_close(&message);
    an_store_free(ctx, &all.store);
    return 0;
}
