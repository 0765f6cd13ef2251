/*
 * lrn_tmpl.h: local response normalisation of a fast tier: what portable_lrn.c says, with the same operations in the same
 * order, but in one sweep over pieces that stay in L1. d^-beta is two roots and a division where beta is 0.75, which
 * all CPUs do by the vector and round as one float's; else vf_power().
 *
 *     across maps     a line is a pixel's maps of one group: contiguous, and so are all lines. A piece is as many lines as make
 *                     LRN_PIECE floats. Backward holds five times that: x, dy, dx, squares, t: 40 KB; x, dy and dx of the next
 *                     piece are fetched meanwhile
 *     within a map    a row of pixels: sums down the window's rows first, then along it
 * SPDX-License-Identifier: MIT
 */

/* ---- what both kinds of window share ---- */

/* d = k + alpha * sum. Rounded twice, as the twin's. */
static ALWAYS_INLINE vf lrn_denominator(const an_lrn *g, vf sum)
{
    return vf_add(vf_set1(g->k), vf_mul(vf_set1(g->alpha), sum));
}

static ALWAYS_INLINE vf lrn_power(const bool roots, const an_lrn *g, vf d) /* d^-beta */
{
    if (roots) return vf_div(vf_set1(1), vf_mul(vf_sqrt(d), vf_sqrt(vf_sqrt(d))));
    return vf_power(d, -g->beta);
}

/* Backward, first half: t, and dx as far as x is the numerator. */
static ALWAYS_INLINE vf lrn_as_numerator(const bool roots, const an_lrn *g, vf sum, vf x, vf dy,
                                         vf *t)
{
    const vf d = lrn_denominator(g, sum);
    const vf power = lrn_power(roots, g, d);

    *t = vf_div(vf_mul(vf_mul(dy, x), power), d);
    return vf_mul(power, dy);
}

/* Second half: what x does to all as part of their denominators. */
static ALWAYS_INLINE vf lrn_as_denominator(const an_lrn *g, vf sum, vf x, vf dx)
{
    return vf_sub(dx, vf_mul(vf_mul(vf_set1(2 * g->alpha * g->beta), x), sum));
}

/* ---- across the maps of a group ---- */

#define LRN_PIECE 2048 /* floats */

typedef struct lrn_lines {
    int maps;       /* floats of a line */
    int64_t count;  /* lines of the batch */
    int piece;      /* lines of a piece */
    int stride;     /* of lines in scratch: whole vectors, half a window of zeros on both sides */
    size_t squares; /* of a piece: these, */
    size_t t;       /* and these, in scratch */
    size_t bytes;
} lrn_lines;

static lrn_lines lrn_lines_of(const an_lrn *g, int threads)
{
    const int maps = g->c / g->groups, stride = AN_ROUND_UP(maps, LANES) + g->size - 1;
    an_scratch plan = {0};
    lrn_lines l = {.maps = maps,
                   .count = (int64_t)g->n * g->h * g->w * g->groups,
                   .piece = AN_MAX(1, LRN_PIECE / stride),
                   .stride = stride};

    l.squares = an_scratch_per_thread(&plan, threads, (size_t)l.piece * (size_t)l.stride);
    l.t = an_scratch_per_thread(&plan, threads, (size_t)l.piece * (size_t)l.stride);
    l.bytes = plan.bytes;
    return l;
}

/* The sum of the window whose first value is values[0], a window for each lane. */
static ALWAYS_INLINE vf lrn_window(const int size, const float *values)
{
    vf sum = vf_load(values);

    for (int j = 1; j < size; ++j)
        sum = vf_add(sum, vf_load(values + j));
    return sum;
}

/* `count` lines from x on; dy NULL: forward, to out. Lines of squares and t lie `stride` apart, with half a window before
   their first map; what is before and behind the maps is 0. */
static ALWAYS_INLINE void lrn_piece(const int size, const bool roots, const an_lrn *g,
                                    const lrn_lines *l, int count, const float *x, const float *dy,
                                    float *squares, float *t, float *out)
{
    const int maps = l->maps, half = size / 2;
    const ptrdiff_t stride = l->stride;

    for (int i = 0; i < count; ++i) {
        float *to = squares + i * stride + half;
        for (int c = 0; c < maps; c += LANES) {
            const vf v = load_up_to(x + i * maps + c, maps - c);
            vf_store(to + c, vf_mul(v, v));
        }
    }
    for (int i = 0; i < count; ++i) {
        const float *values = squares + i * stride;
        for (int c = 0; c < maps; c += LANES) {
            const int at = i * maps + c;
            const vf v = load_up_to(x + at, maps - c);
            const vf sum = lrn_window(size, values + c);
            __builtin_prefetch(x + at + LRN_PIECE); /* of the next piece */
            __builtin_prefetch(out + at + LRN_PIECE, 1);
            if (dy == NULL) {
                store_up_to(out + at, maps - c,
                            vf_mul(lrn_power(roots, g, lrn_denominator(g, sum)), v));
            } else {
                vf product;
                __builtin_prefetch(dy + at + LRN_PIECE);
                store_up_to(
                    out + at, maps - c,
                    lrn_as_numerator(roots, g, sum, v, load_up_to(dy + at, maps - c), &product));
                vf_store(t + i * stride + half + c, product); /* 0 behind the maps, as x is */
            }
        }
    }
    for (int i = 0; dy != NULL && i < count; ++i) {
        for (int c = 0; c < maps; c += LANES) {
            const int at = i * maps + c;
            const vf sum = lrn_window(size, t + i * stride + c);
            store_up_to(out + at, maps - c,
                        lrn_as_denominator(g, sum, load_up_to(x + at, maps - c),
                                           load_up_to(out + at, maps - c)));
        }
    }
}

static void lrn_any_piece(const an_lrn *g, const lrn_lines *l, int count, const float *x,
                          const float *dy, float *squares, float *t, float *out)
{
    if (g->size == 5 && g->beta == 0.75f) /* every AlexNet */
        lrn_piece(5, true, g, l, count, x, dy, squares, t, out);
    else if (g->beta == 0.75f)
        lrn_piece(g->size, true, g, l, count, x, dy, squares, t, out);
    else
        lrn_piece(g->size, false, g, l, count, x, dy, squares, t, out);
}

static void lrn_across(const an_run *run, const an_lrn *g, const float *x, const float *dy,
                       float *out)
{
    const lrn_lines l = lrn_lines_of(g, run->threads);
    const size_t piece_floats = (size_t)l.piece * (size_t)l.stride;

    AN_PARALLEL_FOR(run, schedule(dynamic, 8))
    for (int64_t first = 0; first < l.count; first += l.piece) {
        const int count = (int)AN_MIN(l.piece, l.count - first);
        const int64_t at = first * l.maps;
        float *squares = an_scratch_of_thread(run, l.squares, piece_floats);
        float *t = an_scratch_of_thread(run, l.t, piece_floats);

        memset(squares, 0, piece_floats * sizeof *squares); /* for both sides of each line */
        memset(t, 0, piece_floats * sizeof *t);
        lrn_any_piece(g, &l, count, x + at, dy != NULL ? dy + at : NULL, squares, t, out + at);
    }
}

/* ---- within a map ---- */

typedef struct lrn_rows {
    size_t row;    /* floats of a row of pixels */
    size_t column; /* in scratch: a row of the sums over rows alone, */
    size_t t;      /* and t of an image */
    size_t bytes;
} lrn_rows;

static lrn_rows lrn_rows_of(const an_lrn *g, int threads)
{
    an_scratch plan = {0};
    lrn_rows l = {.row = an_size_times((size_t)g->w, (size_t)g->c)};

    l.column = an_scratch_per_thread(&plan, threads, l.row);
    l.t = an_scratch_per_thread(&plan, threads, an_size_times(l.row, (size_t)g->h));
    l.bytes = plan.bytes;
    return l;
}

/* column[w][c]: the sum over the window's rows around row h of `image`; of squares where `squared`. */
static ALWAYS_INLINE void lrn_column(const bool squared, const an_lrn *g, size_t row, int h,
                                     const float *image, float *column)
{
    const int half = g->size / 2;
    const int first = AN_MAX(h - half, 0), last = AN_MIN(h + half, g->h - 1);

    for (size_t j = 0; j < row; j += LANES) {
        const int rest = (int)AN_MIN(LANES, row - j);
        vf sum = vf_zero();
        for (int i = first; i <= last; ++i) {
            const vf v = load_up_to(image + (size_t)i * row + j, rest);
            sum = vf_add(sum, squared ? vf_mul(v, v) : v);
        }
        store_up_to(column + j, rest, sum);
    }
}

/* The sum of `column` over the window's pixels around pixel w, for the maps from c on. */
static ALWAYS_INLINE vf lrn_along(const an_lrn *g, const float *column, int w, int c)
{
    const int half = g->size / 2;
    vf sum = vf_zero();

    for (int i = AN_MAX(w - half, 0); i <= AN_MIN(w + half, g->w - 1); ++i)
        sum = vf_add(sum, load_up_to(column + (size_t)i * (size_t)g->c + c, g->c - c));
    return sum;
}

static ALWAYS_INLINE void lrn_row_forward(const bool roots, const an_lrn *g, const float *column,
                                          const float *x, float *y)
{
    for (int w = 0; w < g->w; ++w, x += g->c, y += g->c) {
        for (int c = 0; c < g->c; c += LANES) {
            const vf d = lrn_denominator(g, lrn_along(g, column, w, c));
            store_up_to(y + c, g->c - c,
                        vf_mul(lrn_power(roots, g, d), load_up_to(x + c, g->c - c)));
        }
    }
}

static ALWAYS_INLINE void lrn_row_numerator(const bool roots, const an_lrn *g, const float *column,
                                            const float *x, const float *dy, float *t, float *dx)
{
    for (int w = 0; w < g->w; ++w, x += g->c, dy += g->c, t += g->c, dx += g->c) {
        for (int c = 0; c < g->c; c += LANES) {
            vf product;
            store_up_to(dx + c, g->c - c,
                        lrn_as_numerator(roots, g, lrn_along(g, column, w, c),
                                         load_up_to(x + c, g->c - c), load_up_to(dy + c, g->c - c),
                                         &product));
            store_up_to(t + c, g->c - c, product);
        }
    }
}

static void lrn_row_denominator(const an_lrn *g, const float *column, const float *x, float *dx)
{
    for (int w = 0; w < g->w; ++w, x += g->c, dx += g->c)
        for (int c = 0; c < g->c; c += LANES)
            store_up_to(dx + c, g->c - c,
                        lrn_as_denominator(g, lrn_along(g, column, w, c),
                                           load_up_to(x + c, g->c - c),
                                           load_up_to(dx + c, g->c - c)));
}

static void lrn_within_forward(const an_run *run, const an_lrn *g, const float *x, float *y)
{
    const lrn_rows l = lrn_rows_of(g, run->threads);

    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const size_t image = (size_t)n * (size_t)g->h * l.row;
            const size_t here = image + (size_t)h * l.row;
            float *column = an_scratch_of_thread(run, l.column, l.row);

            lrn_column(true, g, l.row, h, x + image, column);
            if (g->beta == 0.75f)
                lrn_row_forward(true, g, column, x + here, y + here);
            else
                lrn_row_forward(false, g, column, x + here, y + here);
        }
    }
}

/* A thread takes whole images: t of all rows comes before the first of its sums. */
static void lrn_within_backward(const an_run *run, const an_lrn *g, const float *x, const float *dy,
                                float *dx)
{
    const lrn_rows l = lrn_rows_of(g, run->threads);

    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        const size_t image = (size_t)n * (size_t)g->h * l.row;
        float *column = an_scratch_of_thread(run, l.column, l.row);
        float *t = an_scratch_of_thread(run, l.t, l.row * (size_t)g->h);

        for (int h = 0; h < g->h; ++h) {
            const size_t row = (size_t)h * l.row, here = image + row;
            lrn_column(true, g, l.row, h, x + image, column);
            if (g->beta == 0.75f)
                lrn_row_numerator(true, g, column, x + here, dy + here, t + row, dx + here);
            else
                lrn_row_numerator(false, g, column, x + here, dy + here, t + row, dx + here);
        }
        for (int h = 0; h < g->h; ++h) {
            const size_t here = image + (size_t)h * l.row;
            lrn_column(false, g, l.row, h, t, column);
            lrn_row_denominator(g, column, x + here, dx + here);
        }
    }
}

/* ---- the primitives ---- */

static size_t lrn_scratch(const an_lrn *g, int threads)
{
    return g->within ? lrn_rows_of(g, threads).bytes : lrn_lines_of(g, threads).bytes;
}

static alexnet_status lrn(const an_run *run, const an_lrn *g, const float *x, float *y)
{
    if (!an_scratch_fits(run, lrn_scratch(g, run->threads))) return ALEXNET_BAD_ARG;
    if (g->within)
        lrn_within_forward(run, g, x, y);
    else
        lrn_across(run, g, x, NULL, y);
    return ALEXNET_OK;
}

static alexnet_status lrn_backward(const an_run *run, const an_lrn *g, const float *x,
                                   const float *dy, float *dx)
{
    if (!an_scratch_fits(run, lrn_scratch(g, run->threads))) return ALEXNET_BAD_ARG;
    if (g->within)
        lrn_within_backward(run, g, x, dy, dx);
    else
        lrn_across(run, g, x, dy, dx);
    return ALEXNET_OK;
}
