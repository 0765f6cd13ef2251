/*
 * cases.c: the functions of cases.h that are the same for all kinds. The kinds are in the files
 * that cases_kinds.h lists.
 * SPDX-License-Identifier: MIT
 */
#include "bench/cases.h"

#include "cpu/span.h"
#include <assert.h>

size_t an_operand_bytes(const an_operand *operand)
{
    static const size_t element[] = {[AN_OPERAND_FLOAT] = sizeof(float),
                                     [AN_OPERAND_UNIT] = sizeof(float),
                                     [AN_OPERAND_ARGMAX] = 1,
                                     [AN_OPERAND_INT] = sizeof(int32_t)};

    return operand->count * element[operand->type];
}

/* An argmax for output i of [n][p][q][c]: a place of its window that is on the map. */
static uint8_t argmax_of(const an_pool *g, size_t i, float unit)
{
    const int q = (int)(i / (size_t)g->c % (size_t)g->q);
    const int p = (int)(i / (size_t)g->c / (size_t)g->q % (size_t)g->p);
    const an_span rows = an_places_on_map(p * g->stride - g->pad_top, g->r, g->h);
    const an_span columns = an_places_on_map(q * g->stride - g->pad_left, g->s, g->w);
    const int width = columns.end - columns.first;

    if (rows.end <= rows.first || width <= 0) return 0; /* there is none */
    const int place = (int)(unit * (float)((rows.end - rows.first) * width));
    return (uint8_t)((rows.first + place / width) * g->s + columns.first + place % width);
}

void an_operand_fill(const an_operand *operand, uint64_t seed, void *data)
{
    const an_stream stream = an_stream_open(seed, AN_PURPOSE_BENCH, 0, 0);
    uint32_t words[4];

    for (size_t i = 0; i < operand->count; ++i) {
        if (i % 4 == 0) an_stream_block(&stream, (uint32_t)(i / 4), words);
        const float unit = an_unit_from_u32(words[i % 4]);
        switch (operand->type) {
        case AN_OPERAND_FLOAT:
            ((float *)data)[i] = 2 * unit - 1;
            break;
        case AN_OPERAND_UNIT:
            ((float *)data)[i] = unit;
            break;
        case AN_OPERAND_ARGMAX:
            ((uint8_t *)data)[i] = argmax_of(&operand->pool, i, unit);
            break;
        case AN_OPERAND_INT:
            ((int32_t *)data)[i] = (int32_t)(unit * (float)operand->limit);
            break;
        }
    }
}

void an_case_get_sizes(const an_case *c, an_case_sizes *out)
{
    c->kind->sizes(c, out);
    out->bytes = 0;
    for (int i = 0; i < AN_CASE_INPUTS; ++i)
        out->bytes += (double)an_operand_bytes(&out->in[i]);
    for (int i = 0; i < AN_CASE_OUTPUTS; ++i)
        out->bytes += (double)an_operand_bytes(&out->out[i]);
}

size_t an_case_scratch(const an_case *c, const an_backend *backend, int threads)
{
    return c->kind->scratch != NULL ? c->kind->scratch(c, backend, threads) : 0;
}

const char *an_case_algorithm(const an_case *c, const an_backend *backend)
{
    if (c->kind->algorithm != NULL) return c->kind->algorithm(c, backend);
    return c->algorithm == NULL ? "" : NULL;
}

alexnet_status an_case_run(const an_case *c, const an_backend *backend, const an_run *run,
                           const void *const in[AN_CASE_INPUTS], void *const out[AN_CASE_OUTPUTS])
{
    return c->kind->run(c, backend, run, in, out);
}

size_t an_case_packed_bytes(const an_case *c, const an_backend *backend)
{
    return c->kind->packed_bytes != NULL ? c->kind->packed_bytes(c, backend) : 0;
}

alexnet_status an_case_pack_weights(an_case *c, const an_backend *backend, const an_run *run,
                                    const void *const in[AN_CASE_INPUTS], void *packed)
{
    c->packed = packed;
    return c->kind->pack_weights(c, backend, run, in[1], packed);
}

an_case an_case_get(const an_case_list *list, int index, int n)
{
    an_case_sizes sizes;

    assert(index >= 0 && index < list->count);
    an_case c = list->cases[index];
    c.conv2d.n = c.conv2d.pool.n = c.linear.n = c.pool.n = c.lrn.n = c.lrn.pool.n = n;
    c.kind->sizes(&c, &sizes);
    if (!sizes.updates) c.shape.n = n; /* the number of weights does not depend on the batch */
    return c;
}
