/*
 * lrn_tmpl.h: local response normalisation of a fast tier: what portable_lrn.c says, but in one sweep over pieces that stay
 * in L1, and with powers of its own (math_tmpl.h): roots and divisions take longer than memory does.
 *
 *     across maps     a line is a pixel's maps of one group: contiguous, and so are those of a row. A piece is as many lines as
 *                     make LRN_PIECE floats. Backward holds five times that: x, dy, dx, squares, t: 40 KB; x, dy and dx of
 *                     the next piece are fetched meanwhile
 *     within a map    a row of pixels: sums down the window's rows first, then along it
 *
 * A maximum pooling that follows is done on the way, so that what lies between the two is never in memory: forward, in bands of
 * LRN_BAND rows of windows, a window's rows are made in scratch (norm1 of the paper: 63 KB, in L2) and pooled there; backward,
 * each row of the gradient is spread out in scratch before it is used. It costs a row made twice between bands.
 * SPDX-License-Identifier: MIT
 */

/* ---- what both kinds of window share ---- */

/* What an_lrn says, in registers: it would be read again after every store. */
typedef struct lrn_terms {
    vf k, alpha, factor; /* factor: 2 alpha beta */
    float beta;
    bool relu;
} lrn_terms;

static ALWAYS_INLINE lrn_terms lrn_terms_of(const an_lrn *g)
{
    return (lrn_terms){vf_set1(g->k), vf_set1(g->alpha), vf_set1(2 * g->alpha * g->beta), g->beta,
                       g->relu};
}

/* d = k + alpha * sum. Rounded twice, as the twin's. */
static ALWAYS_INLINE vf lrn_denominator(lrn_terms g, vf sum)
{
    return vf_add(g.k, vf_mul(g.alpha, sum));
}

static ALWAYS_INLINE vf lrn_power(const bool usual, lrn_terms g, vf d) /* d^-beta */
{
    return usual ? vf_power_minus_3_4(d) : vf_power(d, -g.beta);
}

/* y, from the sum of squares. */
static ALWAYS_INLINE vf lrn_response(const bool usual, lrn_terms g, vf sum, vf x)
{
    return vf_mul(lrn_power(usual, g, lrn_denominator(g, sum)), x);
}

/* Backward, first half: t, and dx as far as x is the numerator. */
static ALWAYS_INLINE vf lrn_as_numerator(const bool usual, lrn_terms g, vf sum, vf x, vf dy, vf *t)
{
    const vf d = lrn_denominator(g, sum);
    const vf power = lrn_power(usual, g, d);

    *t = vf_div(vf_mul(vf_mul(dy, x), power), d);
    return vf_mul(power, dy);
}

/* Second half: what x does to all as part of their denominators; and the backward pass of a ReLU before. */
static ALWAYS_INLINE vf lrn_as_denominator(lrn_terms g, vf sum, vf x, vf dx)
{
    const vf all = vf_sub(dx, vf_mul(vf_mul(g.factor, x), sum));

    return g.relu ? vf_pick(vf_more(x, vf_zero()), all, vf_zero()) : all;
}

/* ---- where things lie ---- */

#define LRN_PIECE 2048 /* floats */
#define LRN_BAND  9    /* rows of pooled outputs */

typedef struct lrn_plan {
    size_t row; /* floats of a row of pixels */
    int maps;   /* across: floats of a line; */
    int lines;  /* those of a row, */
    int piece;  /* and of a piece */
    int side; /* zeros before the first line in scratch, and behind each: half a window, in whole vectors */
    int stride; /* of lines in scratch: whole vectors */
    size_t squares_floats, t_floats;
    size_t squares; /* in scratch: of a piece; within: a row of the sums over rows alone */
    size_t t;       /* of a piece; within: of an image */
    size_t made_floats, made; /* with a pooling: rows before it, of y or of its gradient */
    size_t bytes;
} lrn_plan;

static lrn_plan plan_lrn(const an_lrn *g, int threads)
{
    const int maps = g->c / g->groups, side = AN_ROUND_UP(g->size / 2, LANES);
    const int stride = AN_ROUND_UP(maps, LANES) + side;
    const size_t row = an_size_times((size_t)g->w, (size_t)g->c);
    const int piece = AN_MAX(1, LRN_PIECE / stride);
    const size_t floats = an_size_plus(an_size_times((size_t)piece, (size_t)stride), (size_t)side);
    an_scratch scratch = {0};
    lrn_plan plan = {.row = row,
                     .maps = maps,
                     .lines = g->w * g->groups,
                     .piece = piece,
                     .side = side,
                     .stride = stride,
                     .squares_floats = g->within ? row : floats,
                     .t_floats = g->within ? an_size_times(row, (size_t)g->h) : floats,
                     .made_floats = g->pool.r > 0 ? an_size_times(row, (size_t)g->pool.r) : 0};

    plan.squares = an_scratch_per_thread(&scratch, threads, plan.squares_floats);
    plan.t = an_scratch_per_thread(&scratch, threads, plan.t_floats);
    plan.made = an_scratch_per_thread(&scratch, threads, plan.made_floats);
    plan.bytes = scratch.bytes;
    return plan;
}

/* ---- across the maps of a group ---- */

/* A piece: the lines of x, dy and dx lie side by side, those of squares and t `stride` apart; what is around the maps of
   those is 0. `whole`: a line's maps fill vectors. */
typedef struct lrn_piece {
    int lines, maps;
    ptrdiff_t stride;
    const float *x, *dy; /* dy NULL: forward */
    float *squares, *t;
    float *out;
} lrn_piece;

#define LRN_REST(piece, c) (whole ? LANES : (piece).maps - (c))

static ALWAYS_INLINE void lrn_squares(const bool whole, const lrn_piece p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const vf x = load_up_to(p.x + i * p.maps + c, LRN_REST(p, c));
            vf_store(p.squares + i * p.stride + c, vf_mul(x, x));
        }
    }
}

/* The sum of the window around values[0], a window for each lane. */
static ALWAYS_INLINE vf lrn_window(const int size, const float *values)
{
    vf sum = vf_load(values - size / 2);

    for (int j = 1; j < size; ++j)
        sum = vf_add(sum, vf_load(values - size / 2 + j));
    return sum;
}

static ALWAYS_INLINE void lrn_responses(const int size, const bool usual, const bool whole,
                                        const lrn_terms g, const lrn_piece p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const int at = i * p.maps + c, rest = LRN_REST(p, c);
            const vf sum = lrn_window(size, p.squares + i * p.stride + c);
            __builtin_prefetch(p.x + at + LRN_PIECE); /* of the next piece */
            __builtin_prefetch(p.out + at + LRN_PIECE, 1);
            store_up_to(p.out + at, rest, lrn_response(usual, g, sum, load_up_to(p.x + at, rest)));
        }
    }
}

static ALWAYS_INLINE void lrn_numerators(const int size, const bool usual, const bool whole,
                                         const lrn_terms g, const lrn_piece p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const int at = i * p.maps + c, rest = LRN_REST(p, c);
            const vf sum = lrn_window(size, p.squares + i * p.stride + c);
            vf t;
            __builtin_prefetch(p.x + at + LRN_PIECE);
            __builtin_prefetch(p.dy + at + LRN_PIECE);
            __builtin_prefetch(p.out + at + LRN_PIECE, 1);
            store_up_to(p.out + at, rest,
                        lrn_as_numerator(usual, g, sum, load_up_to(p.x + at, rest),
                                         load_up_to(p.dy + at, rest), &t));
            vf_store(p.t + i * p.stride + c, t); /* 0 behind the maps, as x is */
        }
    }
}

static ALWAYS_INLINE void lrn_denominators(const int size, const bool whole, const lrn_terms g,
                                           const lrn_piece p)
{
    for (int i = 0; i < p.lines; ++i) {
        for (int c = 0; c < p.maps; c += LANES) {
            const int at = i * p.maps + c, rest = LRN_REST(p, c);
            const vf sum = lrn_window(size, p.t + i * p.stride + c);
            store_up_to(p.out + at, rest,
                        lrn_as_denominator(g, sum, load_up_to(p.x + at, rest),
                                           load_up_to(p.out + at, rest)));
        }
    }
}

static ALWAYS_INLINE void lrn_run_piece(const int size, const bool usual, const bool whole,
                                        const lrn_terms g, const lrn_piece p)
{
    lrn_squares(whole, p);
    if (p.dy == NULL) {
        lrn_responses(size, usual, whole, g, p);
    } else {
        lrn_numerators(size, usual, whole, g, p);
        lrn_denominators(size, whole, g, p);
    }
}

/* Zeros around the lines of a piece. They stay: lines are written between them. */
static void lrn_clear_sides(const lrn_plan *l, float *lines)
{
    for (int i = 0; i <= l->piece; ++i)
        memset(lines + (ptrdiff_t)i * l->stride, 0, (size_t)l->side * sizeof *lines);
}

/* A row of pixels, piece by piece. */
static void lrn_across_row(const an_run *run, const an_lrn *g, const lrn_plan *l, const float *x,
                           const float *dy, float *out)
{
    float *squares = an_scratch_of_thread(run, l->squares, l->squares_floats);
    float *t = an_scratch_of_thread(run, l->t, l->t_floats);
    const lrn_terms terms = lrn_terms_of(g);
    lrn_piece p = {
        .maps = l->maps, .stride = l->stride, .squares = squares + l->side, .t = t + l->side};

    lrn_clear_sides(l, squares);
    if (dy != NULL) lrn_clear_sides(l, t);
    for (int first = 0; first < l->lines; first += l->piece) {
        p.lines = AN_MIN(l->piece, l->lines - first);
        p.x = x + first * l->maps;
        p.dy = dy != NULL ? dy + first * l->maps : NULL;
        p.out = out + first * l->maps;
        if (g->size == 5 && g->beta == 0.75f && l->maps % LANES == 0) /* every AlexNet */
            lrn_run_piece(5, true, true, terms, p);
        else if (g->beta == 0.75f)
            lrn_run_piece(g->size, true, false, terms, p);
        else
            lrn_run_piece(g->size, false, false, terms, p);
    }
}

/* ---- within a map ---- */

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

static ALWAYS_INLINE void lrn_row_forward(const bool usual, const an_lrn *g, const float *column,
                                          const float *x, float *y)
{
    const lrn_terms terms = lrn_terms_of(g);

    for (int w = 0; w < g->w; ++w, x += g->c, y += g->c) {
        for (int c = 0; c < g->c; c += LANES) {
            const int rest = g->c - c;
            store_up_to(
                y + c, rest,
                lrn_response(usual, terms, lrn_along(g, column, w, c), load_up_to(x + c, rest)));
        }
    }
}

static ALWAYS_INLINE void lrn_row_numerator(const bool usual, const an_lrn *g, const float *column,
                                            const float *x, const float *dy, float *t, float *dx)
{
    const lrn_terms terms = lrn_terms_of(g);

    for (int w = 0; w < g->w; ++w, x += g->c, dy += g->c, t += g->c, dx += g->c) {
        for (int c = 0; c < g->c; c += LANES) {
            const int rest = g->c - c;
            vf product;
            store_up_to(dx + c, rest,
                        lrn_as_numerator(usual, terms, lrn_along(g, column, w, c),
                                         load_up_to(x + c, rest), load_up_to(dy + c, rest),
                                         &product));
            store_up_to(t + c, rest, product);
        }
    }
}

static void lrn_row_denominator(const an_lrn *g, const float *column, const float *x, float *dx)
{
    const lrn_terms terms = lrn_terms_of(g);

    for (int w = 0; w < g->w; ++w, x += g->c, dx += g->c) {
        for (int c = 0; c < g->c; c += LANES) {
            const int rest = g->c - c;
            store_up_to(dx + c, rest,
                        lrn_as_denominator(terms, lrn_along(g, column, w, c),
                                           load_up_to(x + c, rest), load_up_to(dx + c, rest)));
        }
    }
}

/* Row h of an image of outputs. */
static void lrn_within_row(const an_run *run, const an_lrn *g, const lrn_plan *l, int h,
                           const float *image, float *y)
{
    float *column = an_scratch_of_thread(run, l->squares, l->squares_floats);

    lrn_column(true, g, l->row, h, image, column);
    if (g->beta == 0.75f)
        lrn_row_forward(true, g, column, image + (size_t)h * l->row, y);
    else
        lrn_row_forward(false, g, column, image + (size_t)h * l->row, y);
}

/* ---- forward ---- */

static void lrn_row(const an_run *run, const an_lrn *g, const lrn_plan *l, int h,
                    const float *image, float *y)
{
    if (g->within)
        lrn_within_row(run, g, l, h, image, y);
    else
        lrn_across_row(run, g, l, image + (size_t)h * l->row, NULL, y);
}

/* Rows first .. end-1 of the pooled outputs of image n. The rows under a window's are made, and kept while the next
   windows want them. */
static void lrn_pooled_band(const an_run *run, const an_lrn *g, const lrn_plan *l, int n, int first,
                            int end, const float *image, float *y, uint8_t *which)
{
    const an_pool *pool = &g->pool;
    float *made = an_scratch_of_thread(run, l->made, l->made_floats);
    an_span have = {0, 0};

    for (int p = first; p < end; ++p) {
        const int start = p * pool->stride - pool->pad_top;
        const an_span want = {AN_MAX(start, 0), AN_MIN(start + pool->r, g->h)};
        const int kept = AN_MAX(have.end - want.first, 0);
        if (kept > 0)
            memmove(made, made + (size_t)(want.first - have.first) * l->row,
                    (size_t)kept * l->row * sizeof *made);
        for (int h = want.first + kept; h < want.end; ++h)
            lrn_row(run, g, l, h, image, made + (size_t)(h - want.first) * l->row);
        have = want;
        /* the rows that are there, as a map with one row of windows */
        an_pool part = *pool;
        part.h = want.end - want.first;
        part.p = 1;
        part.pad_top = want.first - start;
        max_pool_row(&part, 0, n * pool->p + p, 0, made, y, which);
    }
}

static alexnet_status lrn(const an_run *run, const an_lrn *g, const float *x, float *y,
                          uint8_t *which)
{
    const lrn_plan l = plan_lrn(g, run->threads);
    const bool pools = g->pool.r > 0;
    const int rows = pools ? g->pool.p : g->h;
    const int step = pools ? LRN_BAND : 1, at_once = pools ? 1 : 4;

    if (!an_scratch_fits(run, l.bytes)) return ALEXNET_BAD_ARG;
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, at_once))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < rows; h += step) {
            const float *image = x + (size_t)n * (size_t)g->h * l.row;
            if (pools)
                lrn_pooled_band(run, g, &l, n, h, AN_MIN(h + step, rows), image, y, which);
            else
                lrn_row(run, g, &l, h, image, y + ((size_t)n * (size_t)g->h + (size_t)h) * l.row);
        }
    }
    return ALEXNET_OK;
}

/* ---- backward ---- */

/* Row h of image n of y's gradient, made from that of the pooled outputs where there is a pooling. */
static const float *lrn_gradient_row(const an_run *run, const an_lrn *g, const lrn_plan *l, int n,
                                     int h, const float *dy, const uint8_t *which)
{
    if (g->pool.r == 0) return dy + ((size_t)n * (size_t)g->h + (size_t)h) * l->row;
    float *made = an_scratch_of_thread(run, l->made, l->made_floats);
    max_gradient_row(&g->pool, n, h, dy, which, made);
    return made;
}

static void lrn_across_backward(const an_run *run, const an_lrn *g, const lrn_plan *l,
                                const float *x, const float *dy, const uint8_t *which, float *dx)
{
    AN_PARALLEL_FOR(run, collapse(2) schedule(dynamic, 4))
    for (int n = 0; n < g->n; ++n) {
        for (int h = 0; h < g->h; ++h) {
            const size_t here = ((size_t)n * (size_t)g->h + (size_t)h) * l->row;
            lrn_across_row(run, g, l, x + here, lrn_gradient_row(run, g, l, n, h, dy, which),
                           dx + here);
        }
    }
}

/* A thread takes whole images: t of all rows comes before the first of its sums. */
static void lrn_within_backward(const an_run *run, const an_lrn *g, const lrn_plan *l,
                                const float *x, const float *dy, const uint8_t *which, float *dx)
{
    AN_PARALLEL_FOR(run, schedule(dynamic))
    for (int n = 0; n < g->n; ++n) {
        const size_t image = (size_t)n * (size_t)g->h * l->row;
        float *column = an_scratch_of_thread(run, l->squares, l->squares_floats);
        float *t = an_scratch_of_thread(run, l->t, l->t_floats);

        for (int h = 0; h < g->h; ++h) {
            const size_t row = (size_t)h * l->row, here = image + row;
            const float *given = lrn_gradient_row(run, g, l, n, h, dy, which);
            lrn_column(true, g, l->row, h, x + image, column);
            if (g->beta == 0.75f)
                lrn_row_numerator(true, g, column, x + here, given, t + row, dx + here);
            else
                lrn_row_numerator(false, g, column, x + here, given, t + row, dx + here);
        }
        for (int h = 0; h < g->h; ++h) {
            const size_t here = image + (size_t)h * l->row;
            lrn_column(false, g, l->row, h, t, column);
            lrn_row_denominator(g, column, x + here, dx + here);
        }
    }
}

static alexnet_status lrn_backward(const an_run *run, const an_lrn *g, const float *x,
                                   const float *dy, const uint8_t *which, float *dx)
{
    const lrn_plan l = plan_lrn(g, run->threads);

    if (!an_scratch_fits(run, l.bytes)) return ALEXNET_BAD_ARG;
    if (g->within)
        lrn_within_backward(run, g, &l, x, dy, which, dx);
    else
        lrn_across_backward(run, g, &l, x, dy, which, dx);
    return ALEXNET_OK;
}

static size_t lrn_scratch(const an_lrn *g, int threads) { return plan_lrn(g, threads).bytes; }
