// Pictures side by side, each over a row of squares: one for each shard, filled where it is alive.
import type { Tensor } from '../../encoder/tensor/index.ts'

const GAP = 12
const SQUARE = 16
const SQUARE_GAP = 8
const BACKGROUND = [255, 255, 255]
const ALIVE = [38, 120, 78]
const LOST = [216, 216, 216]

export interface Panel {
  /** uint8 of shape (height, width, 3); all panels have the same. */
  readonly picture: Tensor
  readonly alive: ReadonlySet<number>
}

export const drawStrip = (panels: readonly Panel[], shards: number): Tensor => {
  const [height, width] = panels[0].picture.shape
  const stripWidth = panels.length * width + (panels.length - 1) * GAP
  const stripHeight = height + SQUARE + 2 * GAP
  const bytes = new Uint8Array(stripHeight * stripWidth * 3).fill(BACKGROUND[0])
  const fill = (left: number, top: number, colour: readonly number[]): void => {
    for (let y = top; y < top + SQUARE; y++) {
      for (let x = left; x < left + SQUARE; x++) bytes.set(colour, 3 * (y * stripWidth + x))
    }
  }
  panels.forEach(({ picture, alive }, index) => {
    const left = index * (width + GAP)
    for (let y = 0; y < height; y++) {
      bytes.set(picture.bytes.subarray(3 * y * width, 3 * (y + 1) * width), 3 * (y * stripWidth + left))
    }
    const rowWidth = shards * (SQUARE + SQUARE_GAP) - SQUARE_GAP
    for (let shard = 0; shard < shards; shard++) {
      const x = left + Math.floor((width - rowWidth) / 2) + shard * (SQUARE + SQUARE_GAP)
      fill(x, height + GAP, alive.has(shard) ? ALIVE : LOST)
    }
  })
  return { type: 'uint8', shape: [stripHeight, stripWidth, 3], order: 'C', bytes }
}
