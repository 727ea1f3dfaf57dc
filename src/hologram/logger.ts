/** Where both sides report what they do. The fields name the object (`cid`) and the peer where there are such. */
export interface HologramLogger {
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
}
