export type FolderErrorCode =
  'BAD_FOLDER' | 'BAD_LINK' | 'NOT_IN_FOLDER' | 'NOT_A_FOLDER' | 'FOLDER_TOO_LARGE'

/** What is wrong with a folder, with a path in it, or with a link to it. */
export class FolderError extends Error {
  override readonly name = 'FolderError'
  readonly code: FolderErrorCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: FolderErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.data = data
  }
}

export const isFolderError = (error: unknown): error is FolderError => error instanceof FolderError
