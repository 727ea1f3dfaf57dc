// The products of each field element with every value of half a byte, and the tile that a step works on.
#pragma once
#include "vec.h"

static _Alignas(16) product_table products[256];

static uint8_t timesX(uint8_t a) { return (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1d : 0)); }

static void fillTables(void) {
  lowMask = wasm_i8x16_const_splat(15);
  for (int constant = 0; constant < 256; constant++) {
    uint8_t power = (uint8_t)constant; // constant times x^bit
    for (int bit = 0; bit < 8; bit++, power = timesX(power)) {
      uint8_t *table = products[constant] + (bit < 4 ? 0 : VEC_BYTES);
      for (int half = 0; half < 16; half++)
        if (half >> bit % 4 & 1) table[half] ^= power;
    }
  }
}

// The table of a constant. The compiler must not see that it lies in `products`: it would compute the address
// of either half of it in every loop, instead of putting the distance into the instruction.
INLINE const uint8_t *productsOf(uint16_t constant) {
  const uint8_t *table = products[constant];
  __asm__("" : "+r"(table));
  return table;
}

// One tile: where its slots are and how many bytes of columns it has (a multiple of 64).
typedef struct {
  uint8_t *const *slots;
  size_t bytes;
} tile;

// Operands of a step with any number of sources, looked up once a tile: 256 rows and four coefficients for
// each.
static const uint8_t *operands[256 * 5];
