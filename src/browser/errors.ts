import type { Problem } from '../gateway/problem.ts'

/** What a gateway refused or could not do, and what was found to be wrong here. Act on `code`; `hint` says what to do next. */
export class BrowserError extends Error {
  override readonly name = 'BrowserError'
  readonly code: string
  readonly hint: string
  readonly data: Readonly<Record<string, unknown>>

  constructor({ code, message, hint, data = {} }: Omit<Problem, 'data'> & Partial<Pick<Problem, 'data'>>) {
    super(message)
    this.code = code
    this.hint = hint
    this.data = data
  }
}

export const gatewayGone = (): BrowserError =>
  new BrowserError({
    code: 'GATEWAY_GONE',
    message: 'The node does not answer, or broke off in the middle of its answer.',
    hint: 'See whether it runs, and try again.'
  })
