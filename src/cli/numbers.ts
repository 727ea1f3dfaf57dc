import { usageError } from './errors.ts'

/** A number of an option within its bounds. @throws CliError 'USAGE' */
export const within = (name: string, value: number, min: number, max: number): number => {
  if (value >= min && value <= max) return value
  throw usageError(`--${name} must be from ${min} to ${max}, not ${value}.`)
}

/** A whole number of an option within its bounds; undefined stays so. @throws CliError 'USAGE' */
export const wholeWithin = <T extends number | undefined>(
  name: string,
  value: T,
  min: number,
  max: number
): T => {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return value
  throw usageError(`--${name} must be a whole number from ${min} to ${max}, not ${value}.`)
}
