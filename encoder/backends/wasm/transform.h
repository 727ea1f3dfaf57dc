// Steps of the additive FFT (Lin, Chung and Han 2014) in the Cantor basis: `layers` layers of butterflies on
// 2^layers slots, all in registers.
//
// A layer joins the slots i and i + d. Its constants are given block by block, nearest layer (d = 1) first; a
// step marked `first` stands at point zero, where the first block of every layer has the constant zero.
//
// Two layers on two vectors of each slot fill the sixteen registers that a processor has. Three layers on one
// vector would pass over memory less often, but look up every table for half as much and wait in longer chains.
#pragma once
#include "field.h"

enum { MOST_RADIX = 4, WIDTH = 2 };

// Where the constants of the layer with distance d begin.
#define CONSTANTS_OF(radix, d) ((radix) - (radix) / (d))

// From values to coefficients, `width` vectors of each slot.
INLINE void inverseLayers(const int width, vec (*v)[WIDTH], const uint8_t *const *constants, const int layers,
                          const int first) {
  const int radix = 1 << layers;
  UNROLL for (int layer = 0; layer < layers; layer++) {
    const int d = 1 << layer;
    UNROLL for (int block = 0; block < radix / (2 * d); block++)
      UNROLL for (int i = 2 * d * block; i < 2 * d * block + d; i++) UNROLL for (int w = 0; w < width; w++) {
        vec *a = &v[i][w], *b = &v[i + d][w];
        *b = add(*b, *a);
        if (!(first && block == 0)) *a = addProduct(*a, constants[CONSTANTS_OF(radix, d) + block], *b);
      }
  }
}

// From coefficients to values, `width` vectors of each slot.
INLINE void forwardLayers(const int width, vec (*v)[WIDTH], const uint8_t *const *constants, const int layers,
                          const int first) {
  const int radix = 1 << layers;
  UNROLL for (int layer = layers - 1; layer >= 0; layer--) {
    const int d = 1 << layer;
    UNROLL for (int block = 0; block < radix / (2 * d); block++)
      UNROLL for (int i = 2 * d * block; i < 2 * d * block + d; i++) UNROLL for (int w = 0; w < width; w++) {
        vec *a = &v[i][w], *b = &v[i + d][w];
        if (!(first && block == 0)) *a = addProduct(*a, constants[CONSTANTS_OF(radix, d) + block], *b);
        *b = add(*b, *a);
      }
  }
}

typedef struct {
  const uint8_t *source[MOST_RADIX];
  uint8_t *target[MOST_RADIX];
} slots_of_step;

// Words: sources[radix], targets[radix].
INLINE const uint16_t *readSlots(const uint16_t *word, const tile *t, const int radix, slots_of_step *slots) {
  UNROLL for (int i = 0; i < radix; i++) slots->source[i] = t->slots[*word++];
  UNROLL for (int i = 0; i < radix; i++) slots->target[i] = t->slots[*word++];
  return word;
}

// Loads, from column x on, the vectors of `count` slots.
INLINE void loadSlots(const int count, vec (*v)[WIDTH], const uint8_t *const *source, size_t x) {
  UNROLL for (int i = 0; i < count; i++) UNROLL for (int w = 0; w < WIDTH; w++)
    v[i][w] = load(source[i] + x + VEC_BYTES * w);
}

INLINE void storeSlots(const int count, vec (*v)[WIDTH], uint8_t *const *target, size_t x) {
  UNROLL for (int i = 0; i < count; i++) UNROLL for (int w = 0; w < WIDTH; w++)
    store(target[i] + x + VEC_BYTES * w, v[i][w]);
}

// Words: constants[radix - 1].
INLINE const uint16_t *readConstants(const uint16_t *word, const int radix, const uint8_t **constants) {
  UNROLL for (int i = 0; i < radix - 1; i++) constants[i] = productsOf(*word++);
  return word;
}

// Words: sources, targets, constants.
INLINE const uint16_t *inverseStep(const uint16_t *word, const tile *t, const int layers, const int first) {
  const int radix = 1 << layers;
  slots_of_step slots;
  const uint8_t *constants[MOST_RADIX - 1];
  word = readConstants(readSlots(word, t, radix, &slots), radix, constants);
  for (size_t x = 0; x < t->bytes; x += VEC_BYTES * WIDTH) {
    vec v[MOST_RADIX][WIDTH];
    loadSlots(radix, v, slots.source, x);
    inverseLayers(WIDTH, v, constants, layers, first);
    storeSlots(radix, v, slots.target, x);
  }
  return word;
}

// Words: sources, targets, constants.
INLINE const uint16_t *forwardStep(const uint16_t *word, const tile *t, const int layers, const int first) {
  const int radix = 1 << layers;
  slots_of_step slots;
  const uint8_t *constants[MOST_RADIX - 1];
  word = readConstants(readSlots(word, t, radix, &slots), radix, constants);
  for (size_t x = 0; x < t->bytes; x += VEC_BYTES * WIDTH) {
    vec v[MOST_RADIX][WIDTH];
    loadSlots(radix, v, slots.source, x);
    forwardLayers(WIDTH, v, constants, layers, first);
    storeSlots(radix, v, slots.target, x);
  }
  return word;
}

// Values on one coset of points to values on another: an inverse step and a forward step in one. One of them
// stands at point zero: the inverse step when `fromZero`, otherwise the forward step.
// Words: sources, targets, constants of the inverse, constants of the forward step.
INLINE const uint16_t *extendStep(const uint16_t *word, const tile *t, const int layers, const int fromZero) {
  const int radix = 1 << layers;
  slots_of_step slots;
  const uint8_t *inverse[MOST_RADIX - 1], *forward[MOST_RADIX - 1];
  word = readConstants(readSlots(word, t, radix, &slots), radix, inverse);
  word = readConstants(word, radix, forward);
  for (size_t x = 0; x < t->bytes; x += VEC_BYTES * WIDTH) {
    vec v[MOST_RADIX][WIDTH];
    loadSlots(radix, v, slots.source, x);
    inverseLayers(WIDTH, v, inverse, layers, fromZero);
    forwardLayers(WIDTH, v, forward, layers, !fromZero);
    storeSlots(radix, v, slots.target, x);
  }
  return word;
}

// As extendStep from zero, for the first half of the coset's points only.
INLINE const uint16_t *extendHalfStep(const uint16_t *word, const tile *t, const int layers) {
  const int radix = 1 << layers, half = radix / 2;
  slots_of_step slots;
  const uint8_t *inverse[MOST_RADIX - 1], *forward[MOST_RADIX / 2 - 1];
  UNROLL for (int i = 0; i < radix; i++) slots.source[i] = t->slots[*word++];
  UNROLL for (int i = 0; i < half; i++) slots.target[i] = t->slots[*word++];
  word = readConstants(word, radix, inverse);
  word = readConstants(word, half, forward);
  const uint8_t *top = productsOf(*word++);
  for (size_t x = 0; x < t->bytes; x += VEC_BYTES * WIDTH) {
    vec v[MOST_RADIX][WIDTH];
    loadSlots(radix, v, slots.source, x);
    inverseLayers(WIDTH, v, inverse, layers, 1);
    UNROLL for (int i = 0; i < half; i++) UNROLL for (int w = 0; w < WIDTH; w++)
      v[i][w] = addProduct(v[i][w], top, v[i + half][w]);
    forwardLayers(WIDTH, v, forward, layers - 1, 0);
    storeSlots(half, v, slots.target, x);
  }
  return word;
}

// Adds a chunk's inverse transform, times a scale, to the sums. The highest layer and the scale are one:
// a + w (a + b) and a + b, times s, are s a + s w (a + b) and s (a + b). In a half chunk b is zero.
// Operands: sources, constants of the lower layers for each half, then s w (in a half chunk s + s w) and s.
INLINE void addScaledChunk(const int width, vec (*sum)[WIDTH], const uint8_t *const *operand, size_t x,
                           const int layers, const int isHalf) {
  const int half = 1 << (layers - 1), rows = isHalf ? half : 2 * half;
  const uint8_t *const *constants = operand + rows;
  vec v[MOST_RADIX][WIDTH];
  UNROLL for (int i = 0; i < rows; i++) UNROLL for (int w = 0; w < width; w++)
    v[i][w] = load(operand[i] + x + VEC_BYTES * w);
  UNROLL for (int start = 0; start < rows; start += half) {
    inverseLayers(width, v + start, constants, layers - 1, 0);
    constants += half - 1;
  }
  UNROLL for (int i = 0; i < half; i++) UNROLL for (int w = 0; w < width; w++) {
    const vec b = isHalf ? v[i][w] : add(v[i][w], v[i + half][w]);
    const vec low = lowHalves(b), high = highHalves(b);
    sum[i][w] = add(sum[i][w], productOfHalves(constants[0], low, high));
    if (!isHalf) sum[i][w] = add(sum[i][w], product(constants[1], v[i][w]));
    sum[i + half][w] = add(sum[i + half][w], productOfHalves(constants[1], low, high));
  }
}

// Few parity rows from many chunks of as many data rows: every chunk's inverse transform is scaled and summed
// up, and one forward transform at point zero ends it. `width` vectors at a time.
// Words: chunkCount, halfCount (0 or 1), targets[radix], the operands of each chunk, those of the half chunk,
// the constants of the forward transform.
INLINE const uint16_t *combineChunks(const uint16_t *word, const tile *t, const int layers, const int width) {
  const int radix = 1 << layers;
  const int chunkOperands = 2 * radix, halfOperands = radix + 1;
  const int chunkCount = *word++, halfCount = *word++;
  uint8_t *target[MOST_RADIX];
  UNROLL for (int i = 0; i < radix; i++) target[i] = t->slots[*word++];
  const uint8_t **next = operands;
  for (int chunk = 0; chunk < chunkCount; chunk++) {
    UNROLL for (int i = 0; i < radix; i++) *next++ = t->slots[*word++];
    UNROLL for (int i = radix; i < chunkOperands; i++) *next++ = productsOf(*word++);
  }
  const uint8_t **const end = next;
  for (int i = 0; i < halfCount * halfOperands; i++) *next++ = i < radix / 2 ? t->slots[*word++] : productsOf(*word++);
  const uint8_t *forward[MOST_RADIX - 1];
  word = readConstants(word, radix, forward);
  for (size_t x = 0; x < t->bytes; x += VEC_BYTES * width) {
    vec sum[MOST_RADIX][WIDTH];
    UNROLL for (int i = 0; i < radix; i++) UNROLL for (int w = 0; w < width; w++) sum[i][w] = zero();
    for (const uint8_t **operand = operands; operand < end; operand += chunkOperands)
      addScaledChunk(width, sum, operand, x, layers, 0);
    if (halfCount) addScaledChunk(width, sum, end, x, layers, 1);
    forwardLayers(width, sum, forward, layers, 1);
    UNROLL for (int i = 0; i < radix; i++) UNROLL for (int w = 0; w < width; w++)
      store(target[i] + x + VEC_BYTES * w, sum[i][w]);
  }
  return word;
}
