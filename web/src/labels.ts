// Where the names of points stand, so that none covers another or a point. Pure.

export interface Labelled {
  readonly text: string
  readonly x: number
  readonly y: number
  /** Of the mark at the point. */
  readonly radius: number
}

export interface Label {
  readonly text: string
  /** Middle of the text. */
  readonly x: number
  readonly y: number
  /** The point, where the text stands so far from it that a line has to lead there. */
  readonly from?: readonly [x: number, y: number]
}

/** As drawn: 11 px, of which a letter is at most so wide. */
const LETTER = 7
const HEIGHT = 14
const GAP = 3
const DISTANCES = [0, 14, 30, 50]
/** Directions to try, the most usual first: below, above, right, left, and between. */
const DIRECTIONS: ReadonlyArray<readonly [x: number, y: number]> = [
  ...([
    [0, 1],
    [0, -1],
    [1, 0],
    [-1, 0]
  ] as const),
  ...([
    [1, 1],
    [-1, 1],
    [1, -1],
    [-1, -1]
  ] as const)
]

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/**
 * Places each text beside its point. A text for which there is no room is left out.
 *
 * @param size - side of the square that all must stay in
 */
export const placeLabels = (points: readonly Labelled[], size: number): Label[] => {
  const taken: Box[] = points.map(({ x, y, radius }) => boxAt(x, y, radius, radius))
  const labels: Label[] = []
  for (const point of points) {
    const found = candidates(point).find(
      ({ box }) =>
        box.left >= 0 &&
        box.right <= size &&
        box.top >= 0 &&
        box.bottom <= size &&
        !taken.some((other) => overlap(box, other))
    )
    if (found === undefined) continue
    taken.push(found.box)
    labels.push(found.label)
  }
  return labels
}

const candidates = ({ text, x, y, radius }: Labelled): Array<{ label: Label; box: Box }> => {
  const [halfWidth, halfHeight] = [(text.length * LETTER) / 2, HEIGHT / 2]
  return DISTANCES.flatMap((distance) =>
    DIRECTIONS.map(([right, down]) => {
      const away = radius + GAP + distance
      const at = { x: x + right * (away + halfWidth), y: y + down * (away + halfHeight) }
      const from = distance > 0 ? ([x, y] as const) : undefined
      return { label: { text, ...at, from }, box: boxAt(at.x, at.y, halfWidth, halfHeight) }
    })
  )
}

const boxAt = (x: number, y: number, halfWidth: number, halfHeight: number): Box => ({
  left: x - halfWidth,
  right: x + halfWidth,
  top: y - halfHeight,
  bottom: y + halfHeight
})

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
