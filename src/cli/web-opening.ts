import type { NodeClient } from './client.ts'

/** An address that opens the web page of a node once. */
export interface WebOpening {
  readonly url: string
  readonly expiresAtMs: number
}

export const openingOf = async (client: NodeClient): Promise<WebOpening> => {
  const { code, expiresAtMs } = await client.createWebCode()
  // Browsers keep what stands after the # to themselves.
  return { url: `${client.url}/#open=${code}`, expiresAtMs }
}
