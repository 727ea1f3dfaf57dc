import { readdir, readFile } from 'node:fs/promises'
import { GatewayError } from '../problem.ts'

/** One file of the web page, and how else it may be sent. */
export interface WebFile {
  readonly bytes: Uint8Array
  readonly br?: Uint8Array
  readonly gzip?: Uint8Array
}

/** The web page that the gateway serves. */
export interface WebPage {
  /** @returns undefined where the page has no such file @throws GatewayError 'NO_PAGE' */
  readonly file: (name: string) => Promise<WebFile | undefined>
}

/** A checkout is run from source, the published package from dist/. */
const IS_SOURCE = import.meta.url.endsWith('.ts')

/** The page of this version of THHE. Loaded when it is first asked for, and then kept: it is below a megabyte. */
export const builtPage = (): WebPage => {
  let files: Promise<ReadonlyMap<string, WebFile>> | undefined
  return {
    file: async (name) => {
      files ??= load().catch((error: unknown) => {
        files = undefined
        throw new GatewayError('NO_PAGE', `The web page cannot be loaded: ${(error as Error).message}.`)
      })
      return (await files).get(name)
    }
  }
}

const load = async (): Promise<ReadonlyMap<string, WebFile>> =>
  IS_SOURCE ? await bundled() : await read(new URL('../../../web/', import.meta.url))

/** In a checkout the page is bundled anew by each node, so that it is never older than its source. */
const bundled = async (): Promise<ReadonlyMap<string, WebFile>> => {
  // Not a literal: the published package has no scripts, and tsc must not look for them.
  const bundler = new URL('../../../scripts/bundle-web.ts', import.meta.url).href
  const { bundleWeb } = (await import(bundler)) as { bundleWeb: () => Promise<Map<string, Uint8Array>> }
  return new Map([...(await bundleWeb())].map(([name, bytes]) => [name, { bytes }]))
}

const read = async (folder: URL): Promise<ReadonlyMap<string, WebFile>> => {
  const names = (await readdir(folder)).filter((name) => !/\.(br|gz)$/.test(name))
  const files = names.map(async (name): Promise<[string, WebFile]> => {
    const [bytes, br, gzip] = await Promise.all(
      ['', '.br', '.gz'].map(async (ending) => await readFile(new URL(name + ending, folder)))
    )
    return [name, { bytes, br, gzip }]
  })
  return new Map(await Promise.all(files))
}
