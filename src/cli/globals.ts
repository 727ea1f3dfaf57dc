import type { InferredOptionTypes } from 'yargs'

/** Options that every command knows. */
export const GLOBAL_OPTIONS = {
  json: {
    type: 'boolean',
    default: false,
    global: true,
    describe: 'Print JSON; errors too, to standard error'
  },
  quiet: {
    alias: 'q',
    type: 'boolean',
    default: false,
    global: true,
    describe: 'No progress and no remarks, only results and errors'
  }
} as const

export type Globals = InferredOptionTypes<typeof GLOBAL_OPTIONS>

/** For lists whose ids do not fit into a terminal. */
export const FULL_OPTION = {
  full: {
    alias: 'l',
    type: 'boolean',
    default: false,
    describe: 'Whole ids and all columns, however wide'
  }
} as const
