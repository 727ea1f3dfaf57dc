/** A whole number from 0 to `most`. -0 is not one: it has other bytes than 0. */
export const isWhole = (value: number, most: number): boolean =>
  Number.isInteger(value) && !Object.is(value, -0) && value >= 0 && value <= most

/** The nearest number that `isWhole` takes; 0 for NaN. */
export const toWhole = (value: number, most: number): number =>
  value > 0 ? Math.min(most, Math.round(value)) : 0
