import { randomBytes } from 'node:crypto'
import { sameSecret } from '../guard.ts'

/** Time to carry a code from the terminal to the browser. */
export const CODE_LIFE_MS = 120_000
/** A page that has asked for nothing for so long must be opened anew. */
export const SESSION_LIFE_MS = 12 * 3_600_000
export const MAX_CODES = 16
export const MAX_SESSIONS = 32
const SECRET_BYTES = 32

export interface Code {
  readonly code: string
  readonly expiresAtMs: number
}

export interface Session {
  /** Browsers send cookies to every port of a host: another program on this machine may come to see it. */
  readonly cookie: string
  /** Kept by the page in the storage of its origin, which is bound to the port; sent in a header. */
  readonly secret: string
  readonly expiresAtMs: number
}

/** Pages that may do what the token's bearer may. In memory: a node that starts anew knows none. */
export class Sessions {
  readonly #nowMs: () => number
  #codes: Code[] = []
  #sessions: Session[] = []

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** A code that opens one session, soon. */
  mintCode(): Code {
    this.#forgetOld()
    const code = { code: secret(), expiresAtMs: this.#nowMs() + CODE_LIFE_MS }
    this.#codes = [...this.#codes, code].slice(-MAX_CODES)
    return code
  }

  /** @returns undefined for a code that was used, is too old or was never given */
  open(code: string): Session | undefined {
    this.#forgetOld()
    const found = this.#codes.find((one) => sameSecret(one.code, code))
    if (found === undefined) return undefined
    this.#codes = this.#codes.filter((one) => one !== found)
    const session = { cookie: secret(), secret: secret(), expiresAtMs: this.#nowMs() + SESSION_LIFE_MS }
    this.#sessions = [...this.#sessions, session].slice(-MAX_SESSIONS)
    return session
  }

  /** Whether both belong to one session that is alive; it lives on from now. */
  use(cookie: string, secret: string): boolean {
    this.#forgetOld()
    const found = this.#find(cookie, secret)
    if (found === undefined) return false
    const used = { ...found, expiresAtMs: this.#nowMs() + SESSION_LIFE_MS }
    this.#sessions = this.#sessions.map((one) => (one === found ? used : one))
    return true
  }

  close(cookie: string, secret: string): void {
    const found = this.#find(cookie, secret)
    this.#sessions = this.#sessions.filter((one) => one !== found)
  }

  #find(cookie: string, secret: string): Session | undefined {
    return this.#sessions.find((one) => sameSecret(one.cookie, cookie) && sameSecret(one.secret, secret))
  }

  #forgetOld(): void {
    const nowMs = this.#nowMs()
    this.#codes = this.#codes.filter(({ expiresAtMs }) => expiresAtMs > nowMs)
    this.#sessions = this.#sessions.filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  }
}

const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url')
