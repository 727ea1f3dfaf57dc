// Steps of the matrix form: any rows from any others.
#pragma once
#include "field.h"

// targets[r] = sum over j of coefficients[j][r] * source[j], for `rows` targets, `width` vectors at a time.
// Words: sourceCount, targets[rows], then for each source: slot, coefficients[rows].
INLINE const uint16_t *dotProducts(const uint16_t *word, const tile *t, const int rows, const int width) {
  const int sourceCount = *word++;
  uint8_t *target[rows];
  UNROLL for (int r = 0; r < rows; r++) target[r] = t->slots[*word++];
  const uint8_t **next = operands;
  for (int j = 0; j < sourceCount; j++) {
    *next++ = t->slots[*word++];
    UNROLL for (int r = 0; r < rows; r++) *next++ = productsOf(*word++);
  }
  for (size_t x = 0; x < t->bytes; x += VEC_BYTES * width) {
    vec sum[rows][width];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < width; i++) sum[r][i] = zero();
    for (const uint8_t **operand = operands; operand < next; operand += 1 + rows) {
      vec low[width], high[width];
      UNROLL for (int i = 0; i < width; i++) {
        const vec v = load(operand[0] + x + VEC_BYTES * i);
        low[i] = lowHalves(v);
        high[i] = highHalves(v);
      }
      UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < width; i++)
        sum[r][i] = add(sum[r][i], productOfHalves(operand[1 + r], low[i], high[i]));
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int i = 0; i < width; i++)
      store(target[r] + x + VEC_BYTES * i, sum[r][i]);
  }
  return word;
}

// target += sum of the sources. Words: sourceCount, target, sources[sourceCount].
INLINE const uint16_t *addRows(const uint16_t *word, const tile *t) {
  const int sourceCount = *word++;
  uint8_t *target = t->slots[*word++];
  for (int j = 0; j < sourceCount; j++) operands[j] = t->slots[*word++];
  for (size_t x = 0; x < t->bytes; x += 4 * VEC_BYTES) {
    vec sum[4];
    UNROLL for (int i = 0; i < 4; i++) sum[i] = load(target + x + VEC_BYTES * i);
    for (int j = 0; j < sourceCount; j++)
      UNROLL for (int i = 0; i < 4; i++) sum[i] = add(sum[i], load(operands[j] + x + VEC_BYTES * i));
    UNROLL for (int i = 0; i < 4; i++) store(target + x + VEC_BYTES * i, sum[i]);
  }
  return word;
}
