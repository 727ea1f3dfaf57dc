// Runs column programs over rows of bytes. encoder/rs8/program.ts writes the programs and says what they are for; the
// steps are defined here. A program runs once for each tile of columns, so that all its slots fit the nearest cache.
#include "matrix.h"
#include "transform.h"

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("initialise") void initialise(void) { fillProducts(); }

// The numbers are those of Opcode in encoder/rs8/program.ts.
enum opcode {
  DOT_1 = 1, DOT_2, DOT_3, DOT_4,
  ADD,
  CHUNKS_2, CHUNKS_4,
  INVERSE_2, INVERSE_4, INVERSE_8,
  FORWARD_2, FORWARD_4, FORWARD_8,
  FORWARD_FIRST_2, FORWARD_FIRST_4, FORWARD_FIRST_8,
  INVERSE_FIRST_2, INVERSE_FIRST_4, INVERSE_FIRST_8,
  EXTEND_2, EXTEND_4, EXTEND_8,
  EXTEND_HALF_4
};

static void runTile(const uint16_t *word, const uint16_t *end, tile t) {
  while (word < end) {
    switch (*word++) {
    case DOT_1: word = dotProducts(word, t, 1, 4); break;
    case DOT_2: word = dotProducts(word, t, 2, 2); break;
    case DOT_3: word = dotProducts(word, t, 3, 2); break;
    case DOT_4: word = dotProducts(word, t, 4, 2); break;
    case ADD: word = addRows(word, t); break;
    case CHUNKS_2: word = combineChunks(word, t, 1, 2); break;
    case CHUNKS_4: word = combineChunks(word, t, 2, 1); break;
    case INVERSE_2: word = inverseStep(word, t, 1, 0); break;
    case INVERSE_4: word = inverseStep(word, t, 2, 0); break;
    case INVERSE_8: word = inverseStep(word, t, 3, 0); break;
    case INVERSE_FIRST_2: word = inverseStep(word, t, 1, 1); break;
    case INVERSE_FIRST_4: word = inverseStep(word, t, 2, 1); break;
    case INVERSE_FIRST_8: word = inverseStep(word, t, 3, 1); break;
    case FORWARD_2: word = forwardStep(word, t, 1, 0); break;
    case FORWARD_4: word = forwardStep(word, t, 2, 0); break;
    case FORWARD_8: word = forwardStep(word, t, 3, 0); break;
    case FORWARD_FIRST_2: word = forwardStep(word, t, 1, 1); break;
    case FORWARD_FIRST_4: word = forwardStep(word, t, 2, 1); break;
    case FORWARD_FIRST_8: word = forwardStep(word, t, 3, 1); break;
    case EXTEND_2: word = extendStep(word, t, 1); break;
    case EXTEND_4: word = extendStep(word, t, 2); break;
    case EXTEND_8: word = extendStep(word, t, 3); break;
    case EXTEND_HALF_4: word = extendHalfStep(word, t, 2); break;
    default: __builtin_trap();
    }
  }
}

// Runs a program over rows of `bytes` bytes (a multiple of 64). The first `rowSlots` slots are rows and move on with
// the tiles; the others hold one tile each. Leaves the row slots behind the end of their rows.
EXPORT("run") void run(const uint16_t *program, size_t words, uint8_t **slots, size_t rowSlots, size_t bytes,
                       size_t tileBytes) {
  for (size_t x = 0; x < bytes; x += tileBytes) {
    const size_t width = bytes - x < tileBytes ? bytes - x : tileBytes;
    runTile(program, program + words, (tile){slots, width});
    for (size_t i = 0; i < rowSlots; i++) slots[i] += width;
  }
}
