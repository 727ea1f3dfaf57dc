export interface HeadSettings {
  /** Peers that keep a head, where there are as many. */
  readonly replicas: number
  /** One request to a keeper, dialling included. */
  readonly timeoutMs: number
  /** After a majority has answered, the others are waited for no longer than this. */
  readonly graceMs: number
  /** How often a keeper looks whether the homes of its heads have changed. */
  readonly handOverMs: number
  /** Names of which a peer keeps heads. */
  readonly maxNames: number
  /** Share of them that one network may bring. */
  readonly maxShare: number
  /** Requests that are served at once. */
  readonly maxServed: number
}

export const DEFAULT_HEAD_SETTINGS: HeadSettings = {
  replicas: 7,
  timeoutMs: 5_000,
  graceMs: 300,
  handOverMs: 300_000,
  maxNames: 16_384,
  maxShare: 0.25,
  maxServed: 64
}
