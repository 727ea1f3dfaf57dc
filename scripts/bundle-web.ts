// web/ as a browser takes it: bundled, minified, each file named by its content. A checkout bundles when the page is first asked
// for (src/gateway/web/page.ts); the published package carries what scripts/build-web.ts wrote.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

const WEB = new URL('../web/', import.meta.url).pathname

/** The files of the page by name; 'index.html' is the one to begin with. */
export const bundleWeb = async (): Promise<Map<string, Uint8Array>> => {
  const { outputFiles } = await build({
    entryPoints: [join(WEB, 'src/main.tsx'), join(WEB, 'src/worker.ts'), join(WEB, 'style.css')],
    outdir: join(WEB, 'out'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'inline',
    logLevel: 'silent',
    write: false,
    tsconfigRaw: {}
  })
  const files = new Map<string, Uint8Array>()
  for (const { path, contents } of outputFiles) files.set(basename(path), contents)
  const names = [...files.keys()]
  const html = (await readFile(join(WEB, 'index.html'), 'utf8')).replaceAll(
    /\{\{(\w+)\.(\w+)\}\}/g,
    (_, stem: string, extension: string) => {
      const name = names.find((one) => one.startsWith(`${stem}-`) && one.endsWith(`.${extension}`))
      if (name === undefined) throw new Error(`The bundle has no ${stem}.${extension}.`)
      return `/web/${name}`
    }
  )
  return files.set('index.html', Buffer.from(html))
}
