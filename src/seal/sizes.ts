/** AES-256, HMAC and HKDF all take keys of this length here. */
export const KEY_BYTES = 32
export const TAG_BYTES = 16
export const NONCE_BYTES = 12

/** node:crypto answers at once, WebCrypto with a promise. */
export type Awaitable<T> = T | Promise<T>
