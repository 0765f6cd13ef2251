/*
 * packed_conv2d_tmpl.h: convolution forward in a packed format, straight from a zero-padded copy of an image:
 * conv2d_direct_tmpl.h with units of 4 bytes. The rows of a tile are neighbouring output columns, its columns
 * are NR filters, and a step of the sum is a unit of channels under one place of the window.
 *
 * Prepared filters: panels [block of NR][run][unit][NR][UNIT numbers], each group with blocks of its own; then
 * what weights_info says of each filter. A run is what lies side by side in the copy: a row of the window
 * where there is one group, else a place's channels. Its last unit is filled up with zeros, which meet
 * whatever follows in the copy.
 *
 * Cache: a padded image (169 KB for torchvision's conv4 in bf16) and a panel (216 KB) share L2; meanwhile the next
 * panel is fetched. Where maximum pooling is a part of the layer, a block's outputs before it (387 KB of conv1's) do not
 * leave the cache either.
 * SPDX-License-Identifier: MIT
 */

typedef struct conv_plan {
    int groups, filters, channels;  /* of one group */
    int blocks;                     /* of one group */
    int places, run_numbers, units; /* runs of a row of the window; numbers and units of a run */
    size_t block_bytes, info_at, prepared_bytes;
    int h, w; /* the copy; no window passes its border */
    size_t row_bytes, image_bytes;
    int parts;            /* of an image */
    size_t output_floats; /* of a block, before pooling; 0: there is no pooling */
    size_t images_at, outputs_at, bytes;
} conv_plan;

/* Into how many parts an image is cut so that every thread has something to do. */
static int image_parts(int n, int blocks, int threads)
{
    const int wanted = (2 * threads + n - 1) / n;

    return n >= 2 * threads ? 1 : AN_MIN(wanted, blocks);
}

static conv_plan plan_conv(const an_conv2d *g, int threads)
{
    const bool merge = g->groups == 1 && (int64_t)g->s * g->c <= INT_MAX;
    conv_plan plan = {
        .groups = g->groups,
        .filters = g->k / g->groups,
        .channels = g->c / g->groups,
        .blocks = blocks_of(g->k / g->groups, NR),
        .places = merge ? 1 : g->s,
        .run_numbers = merge ? g->s * g->c : g->c / g->groups,
        .h = (g->p - 1) * g->stride + g->r,
        .w = (g->q - 1) * g->stride + g->s,
    };
    an_scratch scratch = {0};

    plan.units = blocks_of(plan.run_numbers, UNIT);
    plan.block_bytes = an_size_times(an_size_times((size_t)g->r, (size_t)plan.places),
                                     an_size_times((size_t)plan.units, STEP_BYTES));
    plan.info_at = an_size_times((size_t)(plan.groups * plan.blocks), plan.block_bytes);
    plan.prepared_bytes = an_size_plus(plan.info_at, weights_info_bytes(g->k));
    plan.row_bytes = an_size_times(an_size_times((size_t)plan.w, (size_t)g->c), sizeof(number));
    plan.image_bytes = an_size_plus(an_size_times((size_t)plan.h, plan.row_bytes),
                                    UNIT_BYTES); /* what the last unit reads beyond */
    plan.parts = image_parts(g->n, plan.groups * plan.blocks, threads);
    plan.images_at = an_scratch_per_thread(&scratch, threads, plan.image_bytes / sizeof(float) + 1);
    if (g->pool.r > 0)
        plan.output_floats = an_size_times(an_size_times((size_t)g->p, (size_t)g->q), NR);
    plan.outputs_at = an_scratch_per_thread(&scratch, threads, plan.output_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

static size_t conv_prepared(const an_conv2d *g) { return plan_conv(g, 1).prepared_bytes; }

static size_t conv_scratch(const an_conv2d *g, int threads) { return plan_conv(g, threads).bytes; }

/* Where number (c, r, s) of a filter lies in its panel, in numbers from the panel's beginning for column 0. */
static size_t panel_offset(const conv_plan *plan, int r, int s, int c)
{
    const int place = plan->places > 1 ? s : 0;
    const int at = plan->places > 1 ? c : s * plan->channels + c;
    const size_t unit = ((size_t)r * (size_t)plan->places + (size_t)place) * (size_t)plan->units +
                        (size_t)(at / UNIT);

    return unit * NR * UNIT + (size_t)(at % UNIT);
}

/* The first filter of a block, and how many it has. */
static int block_first(const conv_plan *plan, int b)
{
    return b / plan->blocks * plan->filters + b % plan->blocks * NR;
}

static int block_columns(const conv_plan *plan, int b)
{
    return AN_MIN(NR, plan->filters - b % plan->blocks * NR);
}

static void pack_block(const an_conv2d *g, const conv_plan *plan, int b, const float *w,
                       const weights_info *info, number *panel)
{
    const int first = block_first(plan, b);
    const int columns = block_columns(plan, b);
    const size_t size = (size_t)plan->channels * (size_t)g->r * (size_t)g->s;

    memset(panel, 0, plan->block_bytes);
    for (int j = 0; j < columns; ++j) {
        const float *from = w + (size_t)(first + j) * size;
        const packing how = packing_of_weights(from, size);
        int32_t sum = 0;
        for (int c = 0; c < plan->channels; ++c)
            for (int r = 0; r < g->r; ++r)
                for (int s = 0; s < g->s; ++s, ++from) {
                    const number value = pack_weight(&how, *from);
                    panel[panel_offset(plan, r, s, c) + (size_t)j * UNIT] = value;
                    sum += whole_value(value);
                }
        weights_info_set(info, first + j, &how, sum);
    }
}

static alexnet_status conv_prepare(const an_run *run, const an_conv2d *g, const float *w,
                                   void *prepared)
{
    const conv_plan plan = plan_conv(g, run->threads);
    const weights_info info = weights_info_at((char *)prepared + plan.info_at, g->k);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int b = 0; b < plan.groups * plan.blocks; ++b)
        pack_block(g, &plan, b, w, &info,
                   (number *)(void *)((char *)prepared + (size_t)b * plan.block_bytes));
    return ALEXNET_OK;
}

/* The copy of an image. */
static void pack_image(const an_conv2d *g, const conv_plan *plan, const packing *how,
                       const float *x, char *copy)
{
    const size_t pixel = (size_t)g->c;
    const int left = AN_MIN(g->pad_left, plan->w);
    const int count = AN_MIN(g->w, plan->w - left);

    for (int i = 0; i < plan->h; ++i) {
        number *to = (number *)(void *)(copy + (size_t)i * plan->row_bytes);
        const int h = i - g->pad_top;
        if (h < 0 || h >= g->h) {
            memset(to, packed_zero(how), plan->row_bytes);
            continue;
        }
        memset(to, packed_zero(how), (size_t)left * pixel * sizeof *to);
        pack_numbers(how, x + (size_t)h * (size_t)g->w * pixel, (size_t)count * pixel,
                     to + (size_t)left * pixel);
        memset(to + (size_t)(left + count) * pixel, packed_zero(how),
               (size_t)(plan->w - left - count) * pixel * sizeof *to);
    }
    memset(copy + (size_t)plan->h * plan->row_bytes, 0, UNIT_BYTES);
}

/* All outputs of block b of the filters; y: its first one's, `pixel` floats from pixel to pixel. */
static void conv_block(const an_conv2d *g, const conv_plan *plan, int b, const char *image,
                       const char *panels, const finish *end, float *y, ptrdiff_t y_pixel)
{
    const int across = tiles_of(g->q);
    const size_t pixel = (size_t)g->c * sizeof(number);
    const bool last = b + 1 == plan->groups * plan->blocks;
    const char *const next = panels + (size_t)(last ? b : b + 1) * plan->block_bytes;
    const size_t share = plan->block_bytes / (size_t)(g->p * across);
    tile t = {
        .columns = block_columns(plan, b),
        .outer = g->r,
        .inner = plan->places,
        .run = plan->units,
        .a_row = (ptrdiff_t)((size_t)g->stride * pixel),
        .a_outer = (ptrdiff_t)plan->row_bytes,
        .a_inner = (ptrdiff_t)pixel,
        .a_step = UNIT_BYTES,
        .b = panels + (size_t)b * plan->block_bytes,
        .c_row = y_pixel,
        .end = finish_of_columns(end, block_first(plan, b)),
    };

    t.fetch_step = (ptrdiff_t)(share / (size_t)(t.inner * t.run)) + 1;
    t.fetch_inner = t.fetch_step * t.run;
    image += (size_t)(b / plan->blocks * plan->channels) * sizeof(number);
    for (int p = 0; p < g->p; ++p) {
        for (int i = 0; i < across; ++i) {
            const int q = tile_first(g->q, i);
            t.a =
                image + (size_t)(p * g->stride) * plan->row_bytes + (size_t)(q * g->stride) * pixel;
            t.c = y + ((ptrdiff_t)p * g->q + q) * y_pixel;
            t.fetch = next + (size_t)(p * across + i) * share;
            images_first[tile_first(g->q, i + 1) - q](&t);
        }
    }
}

/* The largest of a window of a block's outputs, of the first of equal ones, to `columns` numbers. */
static void pool_window(const an_pool *pool, int p, int q, const float *outputs, int columns,
                        float *y)
{
    const int h = p * pool->stride - pool->pad_top, w = q * pool->stride - pool->pad_left;
    const an_span rows = an_places_on_map(h, pool->r, pool->h);
    const an_span across = an_places_on_map(w, pool->s, pool->w);
    float best[NR] = {0};

    for (int r = rows.first; r < rows.end; ++r) {
        for (int s = across.first; s < across.end; ++s) {
            const float *from =
                outputs + ((size_t)(h + r) * (size_t)pool->w + (size_t)(w + s)) * NR;
            const bool is_first = r == rows.first && s == across.first;
            for (int c = 0; c < NR; ++c)
                best[c] = is_first || from[c] > best[c] ? from[c] : best[c];
        }
    }
    memcpy(y, best, (size_t)columns * sizeof *y);
}

/* Block b of an image's filters, with what follows: y [p][q][k], or of the pooling's outputs. */
static void conv_layer(const an_conv2d *g, const conv_plan *plan, int b, const char *image,
                       const char *panels, const finish *end, float *outputs, float *y)
{
    const an_pool *pool = &g->pool;

    y += block_first(plan, b);
    conv_block(g, plan, b, image, panels, end, pool->r > 0 ? outputs : y, pool->r > 0 ? NR : g->k);
    for (int p = 0; pool->r > 0 && p < pool->p; ++p)
        for (int q = 0; q < pool->q; ++q, y += g->k)
            pool_window(pool, p, q, outputs, block_columns(plan, b), y);
}

static alexnet_status conv_forward(const an_run *run, const an_conv2d *g,
                                   const an_conv2d_tensors *t)
{
    const conv_plan plan = plan_conv(g, run->threads);
    const int blocks = plan.groups * plan.blocks;
    const size_t x_size = (size_t)g->h * (size_t)g->w * (size_t)g->c;
    const size_t pixels =
        g->pool.r > 0 ? (size_t)g->pool.p * (size_t)g->pool.q : (size_t)g->p * (size_t)g->q;
    const char *const panels = t->prepared;
    const weights_info info = weights_info_at(panels + plan.info_at, g->k);

    if (!an_scratch_fits(run, plan.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        for (int part = 0; part < plan.parts; ++part) {
            const float *x = t->x + (size_t)n * x_size;
            char *image = (char *)an_scratch_of_thread(run, plan.images_at,
                                                       plan.image_bytes / sizeof(float) + 1);
            float *outputs = an_scratch_of_thread(run, plan.outputs_at, plan.output_floats);
            const packing how = packing_of_image(x, x_size);
            const finish end = finish_of(&info, &how, t->bias, t->relu);
            pack_image(g, &plan, &how, x, image);
            for (int b = part_first(blocks, plan.parts, part);
                 b < part_first(blocks, plan.parts, part + 1); ++b)
                conv_layer(g, &plan, b, image, panels, &end, outputs,
                           t->y + (size_t)n * pixels * (size_t)g->k);
        }
    }
    return ALEXNET_OK;
}
