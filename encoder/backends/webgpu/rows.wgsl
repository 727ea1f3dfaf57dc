// Makes rows from rows: one thread makes the sixteen bytes of one vector of one wanted row.
//
// A sum of products c_j * v_j in GF(2^8) is taken apart by the bits of the constants: plane b is the sum of the v_j
// whose c_j has bit b, and the result is the sum of plane_b * x^b, by Horner's rule. Four bytes share a word
// throughout, so no step depends on the order of bytes.

struct Shape {
  sources: u32,
  // Vectors of sixteen bytes in a row of the batch.
  vectors: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> coefficients: array<u32>;
@group(0) @binding(2) var<storage, read> given: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> wanted: array<vec4<u32>>;

fn masked(v: vec4<u32>, coefficient: u32, bit: u32) -> vec4<u32> {
  return v & vec4<u32>(0u - ((coefficient >> bit) & 1u));
}

fn timesX(v: vec4<u32>) -> vec4<u32> {
  let carries = (v >> vec4<u32>(7u)) & vec4<u32>(0x01010101u);
  return ((v & vec4<u32>(0x7f7f7f7fu)) << vec4<u32>(1u)) ^ (carries * 0x1du);
}

@compute @workgroup_size(64)
fn makeRows(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  let row = id.y;
  if (column >= shape.vectors) {
    return;
  }
  var plane: array<vec4<u32>, 8>;
  for (var j = 0u; j < shape.sources; j++) {
    let v = given[j * shape.vectors + column];
    let coefficient = coefficients[row * shape.sources + j];
    plane[0] ^= masked(v, coefficient, 0u);
    plane[1] ^= masked(v, coefficient, 1u);
    plane[2] ^= masked(v, coefficient, 2u);
    plane[3] ^= masked(v, coefficient, 3u);
    plane[4] ^= masked(v, coefficient, 4u);
    plane[5] ^= masked(v, coefficient, 5u);
    plane[6] ^= masked(v, coefficient, 6u);
    plane[7] ^= masked(v, coefficient, 7u);
  }
  var sum = plane[7];
  sum = timesX(sum) ^ plane[6];
  sum = timesX(sum) ^ plane[5];
  sum = timesX(sum) ^ plane[4];
  sum = timesX(sum) ^ plane[3];
  sum = timesX(sum) ^ plane[2];
  sum = timesX(sum) ^ plane[1];
  sum = timesX(sum) ^ plane[0];
  wanted[row * shape.vectors + column] = sum;
}
