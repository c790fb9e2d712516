/* The functions that exported networks are put together from (pieces.py takes those that one needs).

   C99 that is C++ too, without a library. Values are images of pixels, pixel by pixel, each of `depth` channels:
   signs packed in 32-bit words, the least significant bit first, 1 for +1, the bits behind the last 0; sums and
   numbers a word each; bytes, which count 2u - 255. A marker names a piece and those that it calls. */

/*@ word */
/* What scratch memory holds: signs, an exact sum, or a number. */
typedef union {
    uint32_t bits;
    int32_t sum;
    float number;
} word;

/*@ grid */
/* A window over images: what is read, the window itself, and what comes out. */
typedef struct {
    int32_t height, width, depth;
    int32_t rows, columns, stride, top, left;
    int32_t out_height, out_width, outputs;
} grid;

/* Where a window lies: its first tap's pixel, and the taps [p0, p1) x [q0, q1) that are inside the image. */
typedef struct {
    int32_t row, column, p0, p1, q0, q1;
} seen;

static seen seen_by(const grid *g, int32_t i, int32_t j)
{
    seen at;
    at.row = i * g->stride - g->top;
    at.column = j * g->stride - g->left;
    at.p0 = at.row < 0 ? -at.row : 0;
    at.q0 = at.column < 0 ? -at.column : 0;
    at.p1 = g->height - at.row < g->rows ? g->height - at.row : g->rows;
    at.q1 = g->width - at.column < g->columns ? g->width - at.column : g->columns;
    return at;
}

/*@ norm */
/* By channel. `gain` may be 0. */
typedef struct {
    const float *mean, *inverse, *shift, *gain;
} norm;

static float normed(const norm *m, int32_t channel, float x)
{
    const float scaled = (x - m->mean[channel]) * m->inverse[channel];
    if (m->gain) return (scaled + 0.0f) * m->gain[channel] + m->shift[channel];
    return scaled + m->shift[channel];
}

/*@ finish: word norm */
/* What becomes of the sums of channels [first, first + count) of a pixel: signs, normed numbers, or as they are. */
static void finish(
    const int32_t *least, const norm *m, const word *sums, int32_t first, int32_t count, word *pixel)
{
    int32_t k;
    uint32_t bits = 0;
    if (least) {
        for (k = 0; k < count; ++k) bits |= (uint32_t)(sums[k].sum >= least[first + k]) << k;
        pixel[first / 32].bits = bits;
        return;
    }
    for (k = 0; k < count; ++k) {
        if (m) {
            pixel[first + k].number = normed(m, first + k, (float)sums[k].sum);
        } else {
            pixel[first + k].sum = sums[k].sum;
        }
    }
}

/*@ differing: word */
/* How many signs differ in so many words. */
static int32_t differing(const word *x, const uint32_t *w, int32_t words)
{
    int32_t k, found = 0;
    for (k = 0; k < words; ++k) {
        uint32_t v = x[k].bits ^ w[k];
#if defined(__POPCNT__) || (defined(__GNUC__) && defined(__aarch64__))
        found += __builtin_popcount(v);
#else
        v -= (v >> 1) & 0x55555555u;
        v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
        v = (v + (v >> 4)) & 0x0f0f0f0fu;
        found += (int32_t)((v * 0x01010101u) >> 24);
#endif
    }
    return found;
}

/*@ signs_pixel: grid finish differing */
/* A pixel of signs times signs. A filter has whole words for each tap. With `keep` what is +1 stays so, unseen. */
static void signs_pixel(const grid *g, int32_t i, int32_t j, const word *x, const uint32_t *weights,
                        const int32_t *least, const norm *m, int32_t keep, word *pixel)
{
    const int32_t words = (g->depth + 31) / 32, line = g->columns * words, filter = g->rows * line;
    const seen at = seen_by(g, i, j);
    const int32_t run = (at.q1 - at.q0) * words;
    const int32_t all = (at.p1 - at.p0) * (at.q1 - at.q0) * g->depth;
    const word *from = x + ((at.row + at.p0) * g->width + at.column + at.q0) * words;
    const uint32_t *w = weights + at.p0 * line + at.q0 * words;
    int32_t n, p;
    word sums[32];
    for (n = 0; n < g->outputs; ++n, w += filter) {
        if (keep && ((pixel[n / 32].bits >> (n % 32)) & 1u)) {
            sums[n % 32].sum = INT32_MAX;
        } else {
            int32_t found = 0;
            for (p = 0; p < at.p1 - at.p0; ++p) found += differing(from + p * g->width * words, w + p * line, run);
            sums[n % 32].sum = all - 2 * found;
        }
        if (n % 32 == 31 || n + 1 == g->outputs) finish(least, m, sums, n / 32 * 32, n % 32 + 1, pixel);
    }
}

/*@ signs_product: signs_pixel */
static void signs_product(
    const grid *g, const word *x, const uint32_t *weights, const int32_t *least, const norm *m, word *y)
{
    const int32_t pixel = least ? (g->outputs + 31) / 32 : g->outputs;
    int32_t i, j;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += pixel) signs_pixel(g, i, j, x, weights, least, m, 0, y);
    }
}

/*@ pruned_product: grid finish differing */
/* Signs times weights of which some are 0: of each output the words that keep something, up to its end; a place is a
   word of a filter's taps. */
static void pruned_product(const grid *g, const word *x, const int32_t *ends, const int32_t *places,
                           const uint32_t *signs, const uint32_t *lanes, const int32_t *least, const norm *m, word *y)
{
    const int32_t words = (g->depth + 31) / 32, pixel = least ? (g->outputs + 31) / 32 : g->outputs;
    const uint32_t none = 0;
    int32_t i, j, n, e;
    word sums[32];
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += pixel) {
            const seen at = seen_by(g, i, j);
            for (n = 0, e = 0; n < g->outputs; ++n) {
                int32_t sum = 0;
                for (; e < ends[n]; ++e) {
                    const int32_t tap = places[e] / words, p = tap / g->columns, q = tap % g->columns;
                    word kept, other;
                    if (p < at.p0 || p >= at.p1 || q < at.q0 || q >= at.q1) continue;
                    kept.bits = lanes[e];
                    other.bits = x[((at.row + p) * g->width + at.column + q) * words + places[e] % words].bits & kept.bits;
                    sum += differing(&kept, &none, 1) - 2 * differing(&other, signs + e, 1);
                }
                sums[n % 32].sum = sum;
                if (n % 32 == 31 || n + 1 == g->outputs) finish(least, m, sums, n / 32 * 32, n % 32 + 1, y);
            }
        }
    }
}

/*@ signs_product_pooled: signs_pixel */
/* The largest signs of each window of a product: +1 where any is. Windows do not overlap. */
static void signs_product_pooled(
    const grid *g, const grid *pool, const word *x, const uint32_t *weights, const int32_t *least, word *y)
{
    int32_t i, j, p, q;
    for (i = 0; i < pool->out_height; ++i) {
        for (j = 0; j < pool->out_width; ++j, y += (g->outputs + 31) / 32) {
            const seen at = seen_by(pool, i, j);
            for (p = at.p0; p < at.p1; ++p) {
                for (q = at.q0; q < at.q1; ++q) {
                    const int32_t keep = p > at.p0 || q > at.q0;
                    signs_pixel(g, at.row + p, at.column + q, x, weights, least, 0, keep, y);
                }
            }
        }
    }
}

/*@ levels_product: grid differing */
/* Levels times levels, in planes of signs, the most significant first: products of all pairs of planes, each times its
   power of two. */
static void levels_product(const grid *g, const word *x, int32_t x_planes, const uint32_t *weights, int32_t planes,
                           word *y)
{
    const int32_t words = (g->depth + 31) / 32, line = g->columns * words, filter = g->rows * line;
    const int32_t x_plane = g->height * g->width * words, plane = g->outputs * filter;
    int32_t i, j, n, p, a, b;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += g->outputs) {
            const seen at = seen_by(g, i, j);
            const int32_t run = (at.q1 - at.q0) * words;
            const int32_t all = (at.p1 - at.p0) * (at.q1 - at.q0) * g->depth;
            const word *from = x + ((at.row + at.p0) * g->width + at.column + at.q0) * words;
            const uint32_t *w = weights + at.p0 * line + at.q0 * words;
            for (n = 0; n < g->outputs; ++n, w += filter) {
                int32_t sum = 0;
                for (a = 0; a < x_planes; ++a) {
                    for (b = 0; b < planes; ++b) {
                        int32_t found = 0;
                        for (p = 0; p < at.p1 - at.p0; ++p) {
                            const word *row = from + a * x_plane + p * g->width * words;
                            found += differing(row, w + b * plane + p * line, run);
                        }
                        sum += (all - 2 * found) * (1 << (x_planes - 1 - a + planes - 1 - b));
                    }
                }
                y[n].sum = sum;
            }
        }
    }
}

/*@ bytes_product: grid finish */
/* What four bytes of a window add to a sum, for each choice of their signs. At the ends of a run there are fewer:
   as many as `left`, and as `bit`, the place of the first in its filter, leaves of four. Returns how many. */
static int32_t signed_sums(const uint8_t *x, int32_t bit, int32_t left, int32_t *sums)
{
    const int32_t first = bit % 4, count = left < 4 - first ? left : 4 - first;
    int32_t t, m;
    sums[0] = 0;
    for (t = 0; t < 4; ++t) {
        const int32_t value = t >= first && t < first + count ? 2 * x[t - first] - 255 : 0;
        for (m = 0; m < 1 << t; ++m) {
            sums[(1 << t) + m] = sums[m] + value;
            sums[m] -= value;
        }
    }
    return count;
}

/* Bytes times signs, 32 outputs and four bytes at a time. The bits of a filter stand one after the other. */
static void bytes_product(
    const grid *g, const uint8_t *x, const uint32_t *weights, const int32_t *least, const norm *m, word *y)
{
    const int32_t line = g->columns * g->depth, filter = (g->rows * line + 31) / 32;
    const int32_t pixel = least ? (g->outputs + 31) / 32 : g->outputs;
    int32_t i, j, n, p, k, o, choices[16];
    word sums[32];
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += pixel) {
            const seen at = seen_by(g, i, j);
            const int32_t run = (at.q1 - at.q0) * g->depth;
            for (n = 0; n < g->outputs; n += 32) {
                const int32_t count = g->outputs - n < 32 ? g->outputs - n : 32;
                for (o = 0; o < count; ++o) sums[o].sum = 0;
                for (p = at.p0; p < at.p1; ++p) {
                    const uint8_t *from = x + ((at.row + p) * g->width + at.column + at.q0) * g->depth;
                    int32_t bit = p * line + at.q0 * g->depth;
                    for (k = 0; k < run;) {
                        const uint32_t *w = weights + n * filter + bit / 32;
                        const int32_t shift = bit % 32 / 4 * 4, bytes = signed_sums(from + k, bit, run - k, choices);
                        for (o = 0; o < count; ++o, w += filter) sums[o].sum += choices[(*w >> shift) & 15u];
                        k += bytes;
                        bit += bytes;
                    }
                }
                finish(least, m, sums, n, count, y);
            }
        }
    }
}

/*@ numbers_by_signs: word grid */
/* Numbers times signs, one tap and channel after the other. The bits of a filter stand one after the other. */
static void numbers_by_signs(const grid *g, const word *x, const uint32_t *weights, const float *bias, word *y)
{
    const int32_t line = g->columns * g->depth, filter = (g->rows * line + 31) / 32;
    int32_t i, j, n, p, k;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += g->outputs) {
            const seen at = seen_by(g, i, j);
            const int32_t run = (at.q1 - at.q0) * g->depth;
            for (n = 0; n < g->outputs; ++n) {
                const uint32_t *w = weights + n * filter;
                float sum = 0.0f;
                for (p = at.p0; p < at.p1; ++p) {
                    const word *from = x + ((at.row + p) * g->width + at.column + at.q0) * g->depth;
                    const int32_t first = p * line + at.q0 * g->depth;
                    for (k = 0; k < run; ++k) {
                        const uint32_t bit = (w[(first + k) / 32] >> ((first + k) % 32)) & 1u;
                        sum += bit ? from[k].number : -from[k].number;
                    }
                }
                y[n].number = bias ? sum + bias[n] : sum;
            }
        }
    }
}

/*@ numbers_product: word grid */
/* Numbers times numbers, one tap and channel after the other. */
static void numbers_product(const grid *g, const word *x, const float *weights, const float *bias, word *y)
{
    const int32_t line = g->columns * g->depth, filter = g->rows * line;
    int32_t i, j, n, p, k;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += g->outputs) {
            const seen at = seen_by(g, i, j);
            const int32_t run = (at.q1 - at.q0) * g->depth;
            for (n = 0; n < g->outputs; ++n) {
                float sum = 0.0f;
                for (p = at.p0; p < at.p1; ++p) {
                    const word *from = x + ((at.row + p) * g->width + at.column + at.q0) * g->depth;
                    const float *w = weights + n * filter + p * line + at.q0 * g->depth;
                    for (k = 0; k < run; ++k) sum += from[k].number * w[k];
                }
                y[n].number = bias ? sum + bias[n] : sum;
            }
        }
    }
}

/*@ threshold_sums: word */
/* +1 where a sum is at least that of its channel. */
static void threshold_sums(const word *x, const int32_t *least, int32_t pixels, int32_t channels, word *y)
{
    int32_t i, c;
    uint32_t bits = 0;
    for (i = 0; i < pixels; ++i, x += channels) {
        for (c = 0; c < channels; ++c) {
            bits |= (uint32_t)(x[c].sum >= least[c]) << (c % 32);
            if (c % 32 == 31 || c + 1 == channels) {
                (y++)->bits = bits;
                bits = 0;
            }
        }
    }
}

/*@ threshold_numbers: word */
/* +1 where a number is at least that of its channel. */
static void threshold_numbers(const word *x, const float *least, int32_t pixels, int32_t channels, word *y)
{
    int32_t i, c;
    uint32_t bits = 0;
    for (i = 0; i < pixels; ++i, x += channels) {
        for (c = 0; c < channels; ++c) {
            bits |= (uint32_t)(x[c].number >= least[c]) << (c % 32);
            if (c % 32 == 31 || c + 1 == channels) {
                (y++)->bits = bits;
                bits = 0;
            }
        }
    }
}

/*@ store_levels: word */
/* Bit `c` of every plane of a word: those of a code. */
static void store_levels(int32_t code, int32_t c, int32_t planes, int32_t plane, word *y)
{
    int32_t k;
    for (k = 0; k < planes; ++k) {
        const uint32_t bit = (uint32_t)((code >> (planes - 1 - k)) & 1) << c;
        y[k * plane].bits = c ? y[k * plane].bits | bit : bit;
    }
}

/*@ quantise_sums: store_levels */
/* The code of a sum is how many boundaries of its channel it reaches. */
static void quantise_sums(
    const word *x, const int32_t *least, int32_t pixels, int32_t channels, int32_t planes, word *y)
{
    const int32_t words = (channels + 31) / 32, count = (1 << planes) - 1;
    int32_t i, c, b;
    for (i = 0; i < pixels; ++i, x += channels, y += words) {
        for (c = 0; c < channels; ++c) {
            int32_t code = 0;
            for (b = 0; b < count; ++b) code += x[c].sum >= least[b * channels + c];
            store_levels(code, c % 32, planes, pixels * words, y + c / 32);
        }
    }
}

/*@ quantise_numbers: store_levels */
/* The same of numbers, whose boundaries are those of all channels. */
static void quantise_numbers(
    const word *x, const float *least, int32_t pixels, int32_t channels, int32_t planes, word *y)
{
    const int32_t words = (channels + 31) / 32, count = (1 << planes) - 1;
    int32_t i, c, b;
    for (i = 0; i < pixels; ++i, x += channels, y += words) {
        for (c = 0; c < channels; ++c) {
            int32_t code = 0;
            for (b = 0; b < count; ++b) code += x[c].number >= least[b];
            store_levels(code, c % 32, planes, pixels * words, y + c / 32);
        }
    }
}

/*@ norm_numbers: word norm */
static void norm_numbers(const word *x, const norm *m, int32_t pixels, int32_t channels, word *y)
{
    int32_t i, c;
    for (i = 0; i < pixels; ++i, x += channels, y += channels) {
        for (c = 0; c < channels; ++c) y[c].number = normed(m, c, x[c].number);
    }
}

/*@ max_pool_signs: word grid */
/* The largest of signs is +1 where any is. */
static void max_pool_signs(const grid *g, const word *x, word *y)
{
    const int32_t words = (g->depth + 31) / 32;
    int32_t i, j, p, q, k;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += words) {
            const seen at = seen_by(g, i, j);
            for (k = 0; k < words; ++k) {
                uint32_t any = 0;
                for (p = at.p0; p < at.p1; ++p) {
                    const word *from = x + ((at.row + p) * g->width + at.column) * words + k;
                    for (q = at.q0; q < at.q1; ++q) any |= from[q * words].bits;
                }
                y[k].bits = any;
            }
        }
    }
}

/*@ max_pool_levels: word grid */
/* The largest of levels, 32 channels at a time: from the most significant plane on it tells which of two is larger. */
static void max_pool_levels(const grid *g, const word *x, int32_t planes, word *y)
{
    const int32_t words = (g->depth + 31) / 32, plane = g->height * g->width * words;
    const int32_t out_plane = g->out_height * g->out_width * words;
    int32_t i, j, p, q, k, l;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += words) {
            const seen at = seen_by(g, i, j);
            for (k = 0; k < words; ++k) {
                for (l = 0; l < planes; ++l) y[l * out_plane + k].bits = 0;
                for (p = at.p0; p < at.p1; ++p) {
                    const word *from = x + ((at.row + p) * g->width + at.column) * words + k;
                    for (q = at.q0; q < at.q1; ++q) {
                        uint32_t larger = 0, equal = ~(uint32_t)0;
                        for (l = 0; l < planes; ++l) {
                            const uint32_t one = from[l * plane + q * words].bits, most = y[l * out_plane + k].bits;
                            larger |= equal & one & ~most;
                            equal &= ~(one ^ most);
                        }
                        for (l = 0; l < planes; ++l) {
                            const uint32_t one = from[l * plane + q * words].bits, most = y[l * out_plane + k].bits;
                            y[l * out_plane + k].bits = (one & larger) | (most & ~larger);
                        }
                    }
                }
            }
        }
    }
}

/*@ max_pool_sums: word grid */
static void max_pool_sums(const grid *g, const word *x, word *y)
{
    int32_t i, j, p, q, c;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += g->depth) {
            const seen at = seen_by(g, i, j);
            for (c = 0; c < g->depth; ++c) {
                int32_t most = INT32_MIN;
                for (p = at.p0; p < at.p1; ++p) {
                    for (q = at.q0; q < at.q1; ++q) {
                        const int32_t sum = x[((at.row + p) * g->width + at.column + q) * g->depth + c].sum;
                        if (sum > most) most = sum;
                    }
                }
                y[c].sum = most;
            }
        }
    }
}

/*@ max_pool_numbers: word grid */
/* The first of the largest. */
static void max_pool_numbers(const grid *g, const word *x, word *y)
{
    int32_t i, j, p, q, c;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += g->depth) {
            const seen at = seen_by(g, i, j);
            for (c = 0; c < g->depth; ++c) {
                float most = x[((at.row + at.p0) * g->width + at.column + at.q0) * g->depth + c].number;
                for (p = at.p0; p < at.p1; ++p) {
                    for (q = at.q0; q < at.q1; ++q) {
                        const float number = x[((at.row + p) * g->width + at.column + q) * g->depth + c].number;
                        if (number > most) most = number;
                    }
                }
                y[c].number = most;
            }
        }
    }
}

/*@ average_pool: word grid */
/* The mean of the taps inside the image, added one after the other. */
static void average_pool(const grid *g, const word *x, word *y)
{
    int32_t i, j, p, q, c;
    for (i = 0; i < g->out_height; ++i) {
        for (j = 0; j < g->out_width; ++j, y += g->depth) {
            const seen at = seen_by(g, i, j);
            const float count = (float)((at.p1 - at.p0) * (at.q1 - at.q0));
            for (c = 0; c < g->depth; ++c) {
                float sum = 0.0f;
                for (p = at.p0; p < at.p1; ++p) {
                    for (q = at.q0; q < at.q1; ++q) {
                        sum += x[((at.row + p) * g->width + at.column + q) * g->depth + c].number;
                    }
                }
                y[c].number = sum / count;
            }
        }
    }
}

/*@ add: word */
static void add(const word *a, const word *b, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) y[k].number = a[k].number + b[k].number;
}

/*@ relu: word */
static void relu(const word *x, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) y[k].number = x[k].number > 0.0f ? x[k].number : 0.0f;
}

/*@ exponential */
/* e^x for x <= 0, in a fixed order: the same bits as linocut's own. */
static double exponential(double value)
{
    static const double terms[14] = {
        1.0, 1.0, 0.5, 0.16666666666666666,
        0.041666666666666664, 0.008333333333333333, 0.001388888888888889, 0.0001984126984126984,
        2.48015873015873e-05, 2.7557319223985893e-06, 2.755731922398589e-07, 2.505210838544172e-08,
        2.08767569878681e-09, 1.6059043836821613e-10
    };
    const double x = value >= -700.0 ? value : -700.0, scaled = x * 1.4426950408889634 + 0.5;
    const int32_t near = (int32_t)scaled, k = (double)near > scaled ? near - 1 : near;
    const double r = (x - (double)k * 0.693147180369123816490) - (double)k * 1.90821492927058770002e-10;
    double total = terms[13], power = 1.0, half = 0.5;
    int32_t n;
    for (n = 12; n >= 0; --n) total = total * r + terms[n];
    for (n = -k; n > 0; n /= 2, half *= half) power = n % 2 ? power * half : power;
    return value >= -700.0 ? total * power : value < -700.0 ? 0.0 : value;
}

/*@ tanh_numbers: word exponential */
static void tanh_numbers(const word *x, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) {
        const double v = (double)x[k].number, size = v < 0.0 ? -v : v, power = exponential(-2.0 * size);
        const double far_off = (1.0 - power) / (1.0 + power), close = v * (1.0 - v * v * (1.0 / 3.0));
        const double found = size < 1.0 / 4096.0 ? close : v < 0.0 ? -far_off : far_off;
        y[k].number = (float)(v == v ? found : v);
    }
}

/*@ sigmoid_numbers: word exponential */
static void sigmoid_numbers(const word *x, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) {
        const double v = (double)x[k].number, power = exponential(v < 0.0 ? v : -v);
        const double found = (v >= 0.0 ? 1.0 : power) / (1.0 + power);
        y[k].number = (float)(v == v ? found : v);
    }
}

/*@ sums_to_numbers: word */
static void sums_to_numbers(const word *x, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) y[k].number = (float)x[k].sum;
}

/*@ bytes_to_numbers: word */
static void bytes_to_numbers(const uint8_t *x, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) y[k].number = (float)(2 * x[k] - 255) / 255.0f;
}

/*@ read_numbers: word */
static void read_numbers(const float *x, int32_t count, word *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) y[k].number = x[k];
}

/*@ code_numbers */
/* The codes 0 to 255 of numbers from `low` on, `scale` of them to 1. */
static void code_numbers(const float *x, double low, double scale, int32_t count, uint8_t *y)
{
    int32_t k;
    for (k = 0; k < count; ++k) {
        const double scaled = ((double)x[k] - low) * scale + 0.5, below = scaled < 255.0 ? scaled : 255.0;
        y[k] = (uint8_t)(int32_t)(below > 0.0 ? below : 0.0);
    }
}

/*@ clear_signs: word */
static void clear_signs(int32_t words, word *y)
{
    int32_t k;
    for (k = 0; k < words; ++k) y[k].bits = 0;
}

/*@ copy_signs: word */
/* `count` signs of each row, from `begin` of rows of x_row bits to `at` of rows of y_row bits, which are 0 there. */
static void copy_signs(
    const word *x, int32_t x_row, int32_t begin, int32_t rows, int32_t count, word *y, int32_t y_row, int32_t at)
{
    int32_t r, k;
    for (r = 0; r < rows; ++r) {
        for (k = 0; k < count; ++k) {
            const int32_t from = r * x_row + begin + k, to = r * y_row + at + k;
            y[to / 32].bits |= ((x[from / 32].bits >> (from % 32)) & 1u) << (to % 32);
        }
    }
}

/*@ copy_levels: copy_signs */
/* The same of each plane of levels. */
static void copy_levels(
    const word *x, int32_t x_row, int32_t begin, int32_t rows, int32_t count, int32_t planes, word *y, int32_t y_row,
    int32_t at)
{
    int32_t k;
    for (k = 0; k < planes; ++k, x += rows * (x_row / 32), y += rows * (y_row / 32)) {
        copy_signs(x, x_row, begin, rows, count, y, y_row, at);
    }
}

/*@ flatten_levels: copy_signs */
/* Each plane of levels as one row of all of its signs, where y is 0. */
static void flatten_levels(
    const word *x, int32_t x_row, int32_t pixels, int32_t channels, int32_t planes, word *y)
{
    int32_t k;
    for (k = 0; k < planes; ++k) {
        copy_signs(x + k * pixels * (x_row / 32), x_row, 0, pixels, channels, y, channels, 0);
        y += (pixels * channels + 31) / 32;
    }
}

/*@ copy_numbers: word */
static void copy_numbers(
    const word *x, int32_t x_row, int32_t begin, int32_t rows, int32_t count, word *y, int32_t y_row, int32_t at)
{
    int32_t r, k;
    for (r = 0; r < rows; ++r) {
        for (k = 0; k < count; ++k) y[r * y_row + at + k].number = x[r * x_row + begin + k].number;
    }
}

/*@ copy_bytes */
static void copy_bytes(
    const uint8_t *x, int32_t x_row, int32_t begin, int32_t rows, int32_t count, uint8_t *y, int32_t y_row, int32_t at)
{
    int32_t r, k;
    for (r = 0; r < rows; ++r) {
        for (k = 0; k < count; ++k) y[r * y_row + at + k] = x[r * x_row + begin + k];
    }
}
