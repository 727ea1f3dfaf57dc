#!/usr/bin/env bash
# Builds the two WebAssembly modules that are committed beside this script. Needs clang and wasm-ld 16
# (Debian: apt-get install clang-16 lld-16); the same compiler gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")"
flags=(--target=wasm32 -O3 -nostdlib -ffreestanding -mbulk-memory -msimd128 -Wall -Wextra
  -Wl,--no-entry -Wl,--export=__heap_base -Wl,-z,stack-size=16384 -Wl,--strip-all)
CLANG=${CLANG:-clang-16}
"$CLANG" "${flags[@]}" rs8.c -o rs8.wasm
"$CLANG" "${flags[@]}" -mrelaxed-simd rs8.c -o rs8-relaxed.wasm
ls -l ./*.wasm
