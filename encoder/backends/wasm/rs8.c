// Runs column programs over rows of bytes. encoder/rs8/program.ts writes the programs and says what they are
// for; the steps are defined here. A program runs once for each tile of columns, so that all its slots fit
// the nearest cache.
#include "matrix.h"
#include "transform.h"

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("initialise") void initialise(void) { fillTables(); }

// The numbers are those of Opcode in encoder/rs8/program.ts.
enum opcode {
  DOT_1 = 1, DOT_2, DOT_3, DOT_4,
  ADD,
  CHUNKS_2, CHUNKS_4,
  INVERSE_2, INVERSE_4,
  FORWARD_2, FORWARD_4,
  FORWARD_FIRST_2, FORWARD_FIRST_4,
  INVERSE_FIRST_2, INVERSE_FIRST_4,
  EXTEND_2, EXTEND_4,
  EXTEND_HALF_4,
  RETURN_2, RETURN_4
};

// Each step is a function of its own, because engines compile with care function by function, the busiest
// first.
#define STEP(name, call) \
  static __attribute__((noinline)) const uint16_t *step_##name(const uint16_t *word, const tile *t) { return call; }
STEP(DOT_1, dotProducts(word, t, 1, 4))
STEP(DOT_2, dotProducts(word, t, 2, 2))
STEP(DOT_3, dotProducts(word, t, 3, 2))
STEP(DOT_4, dotProducts(word, t, 4, 2))
STEP(ADD, addRows(word, t))
STEP(CHUNKS_2, combineChunks(word, t, 1, 2))
STEP(CHUNKS_4, combineChunks(word, t, 2, 1))
STEP(INVERSE_2, inverseStep(word, t, 1, 0))
STEP(INVERSE_4, inverseStep(word, t, 2, 0))
STEP(INVERSE_FIRST_2, inverseStep(word, t, 1, 1))
STEP(INVERSE_FIRST_4, inverseStep(word, t, 2, 1))
STEP(FORWARD_2, forwardStep(word, t, 1, 0))
STEP(FORWARD_4, forwardStep(word, t, 2, 0))
STEP(FORWARD_FIRST_2, forwardStep(word, t, 1, 1))
STEP(FORWARD_FIRST_4, forwardStep(word, t, 2, 1))
STEP(EXTEND_2, extendStep(word, t, 1, 1))
STEP(EXTEND_4, extendStep(word, t, 2, 1))
STEP(EXTEND_HALF_4, extendHalfStep(word, t, 2))
STEP(RETURN_2, extendStep(word, t, 1, 0))
STEP(RETURN_4, extendStep(word, t, 2, 0))

static void runTile(const uint16_t *word, const uint16_t *end, const tile *t) {
  while (word < end) {
    switch (*word++) {
    case DOT_1: word = step_DOT_1(word, t); break;
    case DOT_2: word = step_DOT_2(word, t); break;
    case DOT_3: word = step_DOT_3(word, t); break;
    case DOT_4: word = step_DOT_4(word, t); break;
    case ADD: word = step_ADD(word, t); break;
    case CHUNKS_2: word = step_CHUNKS_2(word, t); break;
    case CHUNKS_4: word = step_CHUNKS_4(word, t); break;
    case INVERSE_2: word = step_INVERSE_2(word, t); break;
    case INVERSE_4: word = step_INVERSE_4(word, t); break;
    case INVERSE_FIRST_2: word = step_INVERSE_FIRST_2(word, t); break;
    case INVERSE_FIRST_4: word = step_INVERSE_FIRST_4(word, t); break;
    case FORWARD_2: word = step_FORWARD_2(word, t); break;
    case FORWARD_4: word = step_FORWARD_4(word, t); break;
    case FORWARD_FIRST_2: word = step_FORWARD_FIRST_2(word, t); break;
    case FORWARD_FIRST_4: word = step_FORWARD_FIRST_4(word, t); break;
    case EXTEND_2: word = step_EXTEND_2(word, t); break;
    case EXTEND_4: word = step_EXTEND_4(word, t); break;
    case EXTEND_HALF_4: word = step_EXTEND_HALF_4(word, t); break;
    case RETURN_2: word = step_RETURN_2(word, t); break;
    case RETURN_4: word = step_RETURN_4(word, t); break;
    default: __builtin_trap();
    }
  }
}

// Runs a program over rows of `bytes` bytes (a multiple of 64). The first `rowSlots` slots are rows and move
// on with the tiles; the others hold one tile each. Leaves the row slots behind the end of their rows.
EXPORT("run") void run(const uint16_t *program, size_t words, uint8_t **slots, size_t rowSlots, size_t bytes,
                       size_t tileBytes) {
  for (size_t x = 0; x < bytes; x += tileBytes) {
    const size_t width = bytes - x < tileBytes ? bytes - x : tileBytes;
    runTile(program, program + words, &(tile){slots, width});
    for (size_t i = 0; i < rowSlots; i++) slots[i] += width;
  }
}
