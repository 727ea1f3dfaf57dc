// Keys of validators that no peer has taken yet, in a folder beside the descriptor. The descriptor names validators by their
// ids, so the keys exist before their peers do.

/** Beside the descriptor. */
export const KEYS_FOLDER = 'keys'

export const keyName = (number: number): string => `${number}.key`

const KEY_NAME = /^\d+\.key$/

export const isKeyName = (name: string): boolean => KEY_NAME.test(name)
