import { CliError } from '../cli/errors.ts'

/**
 * A failure that was found here or told by the node. Act on `code`: docs/reference/http.md and the commands have the same
 * ones. `hint` is the next step for a person, in the words of the command line.
 */
export const ClientError = CliError
export type ClientError = CliError

export const isClientError = (error: unknown): error is ClientError => error instanceof CliError
