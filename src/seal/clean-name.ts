/** What may steer a terminal, break a line, or turn round what stands beside it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** The name of a file as it travels and stands in lists: a file may be called anything. */
export const cleanName = (name: string): string => name.replace(UNPRINTABLE, '_')
