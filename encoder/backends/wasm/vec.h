// Sixteen field elements at a time. A product with a constant is two table look-ups, one for each half of a
// byte (Plank, Greenan and Miller 2013, "Screaming Fast Galois Field Arithmetic Using Intel SIMD
// Instructions").
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <wasm_simd128.h>

typedef v128_t vec;
enum { VEC_BYTES = 16 };

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const uint8_t *p) { return wasm_v128_load(p); }
INLINE void store(uint8_t *p, vec v) { wasm_v128_store(p, v); }
INLINE vec add(vec a, vec b) { return wasm_v128_xor(a, b); }
INLINE vec zero(void) { return wasm_i64x2_const(0, 0); }

// Indices are always below 16 here, so the relaxed form, a single instruction everywhere, gives the same
// bytes.
INLINE vec lookup(vec table, vec index) {
#ifdef __wasm_relaxed_simd__
  return (vec)__builtin_wasm_relaxed_swizzle_i8x16((__i8x16)table, (__i8x16)index);
#else
  return wasm_i8x16_swizzle(table, index);
#endif
}

// 15 in every byte, from memory: V8 makes a constant anew wherever it is used, with a shuffle among its steps.
static vec lowMask;

INLINE vec lowHalves(vec v) { return wasm_v128_and(v, lowMask); }
INLINE vec highHalves(vec v) { return lowHalves(wasm_u16x8_shr(v, 4)); }

// The products of one constant with 0..15 and with 0x00, 0x10 .. 0xf0.
typedef uint8_t product_table[2 * VEC_BYTES];

INLINE vec productOfHalves(const uint8_t *table, vec low, vec high) {
  return add(lookup(load(table), low), lookup(load(table + VEC_BYTES), high));
}
INLINE vec product(const uint8_t *table, vec v) { return productOfHalves(table, lowHalves(v), highHalves(v)); }

// a + constant * v, in the order that makes butterflies after one another wait least: the low half is ready
// before the high one. The compiler would add up the halves first; the empty assembly hides the sum from it.
INLINE vec addProduct(vec a, const uint8_t *table, vec v) {
  vec sum = add(a, lookup(load(table), lowHalves(v)));
  __asm__("" : "+r"(sum));
  return add(sum, lookup(load(table + VEC_BYTES), highHalves(v)));
}
