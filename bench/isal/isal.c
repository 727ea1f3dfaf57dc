// ISA-L for `npm run bench:encoder`: reads tasks from standard input, one a line, and answers each with bytes
// of data a second of processor time. A task: rows given, rows made, bytes in a block, milliseconds to spend.
// The program's argument says which of the library's kernels works; one that this processor cannot run ends
// the program with code 2. Laid out as well as it can be: rows a cache line apart from each other's sets, and
// the best of three widths of column tiles, tried when a task comes first (whole rows fall out of the cache
// when they are many).
#include <isa-l/erasure_code.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_ROWS = 256, PADDING = 64 };
static unsigned char *given[MOST_ROWS], *made[MOST_ROWS];

typedef void kernel(int, int, int, unsigned char *, unsigned char **, unsigned char **);
static kernel *encode;

// "own": what the library takes by itself. "avx2": 32 bytes an instruction. "avx": 16 bytes, as WebAssembly has.
static kernel *kernelNamed(const char *name) {
  if (strcmp(name, "own") == 0) return ec_encode_data;
#ifdef __x86_64__
  if (strcmp(name, "avx2") == 0 && __builtin_cpu_supports("avx2")) return ec_encode_data_avx2;
  if (strcmp(name, "avx") == 0 && __builtin_cpu_supports("avx")) return ec_encode_data_avx;
#endif
  return NULL;
}

static void encodeTiles(int k, int m, int blockBytes, int tileBytes, unsigned char *tables) {
  unsigned char *in[MOST_ROWS], *out[MOST_ROWS];
  for (int x = 0; x < blockBytes; x += tileBytes) {
    for (int i = 0; i < k; i++) in[i] = given[i] + x;
    for (int i = 0; i < m; i++) out[i] = made[i] + x;
    encode(blockBytes - x < tileBytes ? blockBytes - x : tileBytes, k, m, tables, in, out);
  }
}

static double bytesPerSecond(int k, int m, int blockBytes, int tileBytes, double seconds, unsigned char *tables) {
  encodeTiles(k, m, blockBytes, tileBytes, tables);
  const clock_t start = clock();
  double elapsed, rounds = 0;
  do {
    encodeTiles(k, m, blockBytes, tileBytes, tables);
    rounds++;
    elapsed = (double)(clock() - start) / CLOCKS_PER_SEC;
  } while (elapsed < seconds);
  return rounds * k * blockBytes / elapsed;
}

int main(int argc, char **argv) {
  encode = argc == 2 ? kernelNamed(argv[1]) : NULL;
  if (encode == NULL) return 2;
  static unsigned char matrix[MOST_ROWS * MOST_ROWS], tables[32 * MOST_ROWS * MOST_ROWS];
  int k, m, blockBytes, millis, last[3] = {0}, tileBytes = 0;
  while (scanf("%d %d %d %d", &k, &m, &blockBytes, &millis) == 4) {
    if (k < 1 || m < 1 || k + m > MOST_ROWS || blockBytes < 1) return 1;
    const size_t stride = (size_t)blockBytes + PADDING;
    unsigned char *memory = aligned_alloc(64, ((k + m) * stride + 63) / 64 * 64);
    if (memory == NULL) return 1;
    memset(memory, 0x5a, (k + m) * stride);
    for (int i = 0; i < k; i++) given[i] = memory + i * stride;
    for (int i = 0; i < m; i++) made[i] = memory + (k + i) * stride;
    gf_gen_cauchy1_matrix(matrix, k + m, k);
    ec_init_tables(k, m, matrix + k * k, tables);
    if (k != last[0] || m != last[1] || blockBytes != last[2]) {
      const int tiles[] = {blockBytes, 4096, 1024};
      double best = 0;
      for (int i = 0; i < 3; i++) {
        const double speed = bytesPerSecond(k, m, blockBytes, tiles[i], 0.03, tables);
        if (speed > best) best = speed, tileBytes = tiles[i];
      }
      last[0] = k, last[1] = m, last[2] = blockBytes;
    }
    printf("%.0f\n", bytesPerSecond(k, m, blockBytes, tileBytes, millis / 1000.0, tables));
    fflush(stdout);
    free(memory);
  }
  return 0;
}
