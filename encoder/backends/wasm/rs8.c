// Runs column programs over rows of bytes (encoder/rs8/program.ts writes them and says what each step means).
// A program is run once for each tile of columns that fits the first-level cache.
#include "vec.h"

#define EXPORT(name) __attribute__((export_name(name)))

static _Alignas(16) product_table products[256];

static uint8_t timesX(uint8_t a) { return (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1d : 0)); }

EXPORT("initialise") void initialise(void) {
  for (int constant = 0; constant < 256; constant++) {
    uint8_t power = (uint8_t)constant; // constant times x^bit
    for (int bit = 0; bit < 8; bit++, power = timesX(power)) {
      uint8_t *table = products[constant] + (bit < 4 ? 0 : VEC_BYTES);
      for (int half = 0; half < 16; half++)
        if (half >> bit % 4 & 1) table[half] ^= power;
    }
  }
}

// One tile: where its slots are and how many bytes of columns it has (a multiple of 64).
typedef struct {
  uint8_t *const *slots;
  size_t bytes;
} tile;

// targets[r] = sum over j of coefficient[j][r] * source[j], for `rows` targets, `width` vectors at a time.
// Words: sourceCount, targets[rows], then for each source: slot, coefficients[rows].
INLINE const uint16_t *dotProducts(const uint16_t *words, tile t, const int rows, const int width) {
  const int sourceCount = *words++;
  const uint16_t *targets = words, *sources = words + rows;
  for (size_t x = 0; x < t.bytes; x += VEC_BYTES * width) {
    vec sum[rows][width];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < width; i++) sum[r][i] = zero();
    const uint16_t *word = sources;
    for (int j = 0; j < sourceCount; j++) {
      const uint8_t *source = t.slots[*word++] + x;
      vec low[width], high[width];
      UNROLL for (int i = 0; i < width; i++) {
        const vec v = load(source + VEC_BYTES * i);
        low[i] = lowHalves(v);
        high[i] = highHalves(v);
      }
      UNROLL for (int r = 0; r < rows; r++) {
        const uint8_t *table = products[*word++];
        UNROLL for (int i = 0; i < width; i++) sum[r][i] = add(sum[r][i], productOfHalves(table, low[i], high[i]));
      }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < width; i++)
      store(t.slots[targets[r]] + x + VEC_BYTES * i, sum[r][i]);
  }
  return sources + sourceCount * (1 + rows);
}

// The numbers are those of encoder/rs8/program.ts.
enum opcode { DOT_1 = 1, DOT_2, DOT_3, DOT_4 };

static void runTile(const uint16_t *word, const uint16_t *end, tile t) {
  while (word < end) {
    switch (*word++) {
    case DOT_1: word = dotProducts(word, t, 1, 4); break;
    case DOT_2: word = dotProducts(word, t, 2, 2); break;
    case DOT_3: word = dotProducts(word, t, 3, 2); break;
    case DOT_4: word = dotProducts(word, t, 4, 2); break;
    default: __builtin_trap();
    }
  }
}

// Runs a program over rows of `bytes` bytes (a multiple of 64). The first `rowSlots` slots are rows and move on with
// the tiles; the others are scratch of one tile each. Leaves the row slots behind the end of their rows.
EXPORT("run") void run(const uint16_t *program, size_t words, uint8_t **slots, size_t rowSlots, size_t bytes,
                       size_t tileBytes) {
  for (size_t x = 0; x < bytes; x += tileBytes) {
    const size_t width = bytes - x < tileBytes ? bytes - x : tileBytes;
    runTile(program, program + words, (tile){slots, width});
    for (size_t i = 0; i < rowSlots; i++) slots[i] += width;
  }
}
