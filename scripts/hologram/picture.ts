// The picture of the demo, drawn by rule: an evening over a lake, with smooth sky, hard ridges, fine grass and stars,
// so that each scale has something to show.
import type { Tensor } from '../../encoder/tensor/index.ts'

type Colour = readonly [red: number, green: number, blue: number]

const SKY_TOP: Colour = [24, 30, 74]
const SKY_LOW: Colour = [250, 160, 92]
const SUN: Colour = [255, 236, 170]
const RIDGES: ReadonlyArray<{ readonly base: number; readonly height: number; readonly colour: Colour }> = [
  { base: 0.5, height: 0.22, colour: [112, 84, 122] },
  { base: 0.56, height: 0.16, colour: [72, 60, 104] },
  { base: 0.61, height: 0.1, colour: [38, 42, 74] }
]
const HORIZON = 0.64
const SHORE = 0.86
const SUN_AT = { x: 0.64, y: 0.42, radius: 0.075 }

/** @returns uint8 of shape (height, width, 3) */
export const drawPicture = (height: number, width: number): Tensor => {
  const bytes = new Uint8Array(height * width * 3)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const part of colourAt(x / height, y / height, width / height)) {
        bytes[at++] = Math.max(0, Math.min(255, Math.round(part)))
      }
    }
  }
  return { type: 'uint8', shape: [height, width, 3], order: 'C', bytes }
}

/** Coordinates in heights of the picture, `wide` of them from left to right. */
const colourAt = (x: number, y: number, wide: number): Colour => {
  if (y >= shoreAt(x)) return grass(x, y)
  if (y >= HORIZON) return water(x, y, wide)
  return land(x, y, wide)
}

const land = (x: number, y: number, wide: number): Colour => {
  for (const [index, { base, height, colour }] of [...RIDGES.entries()].reverse()) {
    const top = base - height * (fractal(x * 2.2 + 17 * index, 3.1 * index, 6) - 0.35)
    if (y > top) return shade(colour, 0.85 + 0.35 * fractal(x * 9, y * 14, 4) - 0.5 * (y - top))
  }
  return sky(x, y, wide)
}

const sky = (x: number, y: number, wide: number): Colour => {
  const glow = Math.min(1, y / HORIZON)
  let colour = mix(SKY_TOP, SKY_LOW, glow ** 1.6)
  colour = mix(colour, [255, 214, 190], 0.7 * Math.max(0, fractal(x * 2.4, y * 7, 5) - 0.52))
  const fromSun = Math.hypot(x - SUN_AT.x * wide, y - SUN_AT.y)
  if (fromSun < SUN_AT.radius) return SUN
  colour = mix(colour, SUN, 0.55 * Math.exp(-14 * (fromSun - SUN_AT.radius)))
  const isStar = y < 0.28 && random(Math.floor(x * 170), Math.floor(y * 170)) > 0.992
  return isStar ? mix(colour, [255, 255, 255], 0.9 - 2 * y) : colour
}

/** The mirror image of what is above, rippled and darker. */
const water = (x: number, y: number, wide: number): Colour => {
  const depth = y - HORIZON
  const ripple = 0.02 * (fractal(x * 6, y * 90, 3) - 0.5) * (1 + 6 * depth)
  const above = land(x + ripple, Math.max(0, HORIZON - 1.6 * depth + ripple), wide)
  return mix(above, [18, 40, 72], 0.35 + 0.4 * depth)
}

const grass = (x: number, y: number): Colour => {
  const blade = fractal(x * 120, y * 16, 3)
  return shade([34, 62, 30], 0.35 + 1.3 * blade + 0.8 * (y - SHORE))
}

/** Reeds of uneven height along the shore. */
const shoreAt = (x: number): number =>
  SHORE + 0.03 * fractal(x * 3, 5, 3) - 0.09 * random(Math.floor(x * 150), 7) ** 4

const mix = (a: Colour, b: Colour, share: number): Colour => {
  const part = (i: 0 | 1 | 2): number => a[i] + (b[i] - a[i]) * Math.max(0, Math.min(1, share))
  return [part(0), part(1), part(2)]
}

const shade = ([red, green, blue]: Colour, by: number): Colour => [red * by, green * by, blue * by]

/** Value noise summed over octaves; about 0.5 on average. */
const fractal = (x: number, y: number, octaves: number): number => {
  let sum = 0
  for (let octave = 0; octave < octaves; octave++) {
    sum += noise(x * 2 ** octave, y * 2 ** octave) * 2 ** -(octave + 1)
  }
  return sum / (1 - 2 ** -octaves)
}

/** Random values at whole coordinates, joined smoothly. */
const noise = (x: number, y: number): number => {
  const left = Math.floor(x)
  const top = Math.floor(y)
  const u = smooth(x - left)
  const v = smooth(y - top)
  const along = (row: number): number => random(left, row) * (1 - u) + random(left + 1, row) * u
  return along(top) * (1 - v) + along(top + 1) * v
}

const smooth = (t: number): number => t * t * (3 - 2 * t)

/** 0 to 1, the same for the same place (a hash by multiplication). */
const random = (x: number, y: number): number => {
  let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
