// dist/web for the published package: the page, and beside each file what a browser may take instead (.br, .gz).
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { bundleWeb } from './bundle-web.ts'

/** What a first visit may take in all, compressed. */
const MAX_BYTES = 200 * 1024

const folder = new URL('../dist/web/', import.meta.url).pathname
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
let total = 0
for (const [name, bytes] of await bundleWeb()) {
  const packed = { '': bytes, '.br': brotliCompressSync(bytes), '.gz': gzipSync(bytes, { level: 9 }) }
  for (const [ending, content] of Object.entries(packed)) writeFileSync(join(folder, name + ending), content)
  total += packed['.br'].byteLength
}
if (total > MAX_BYTES) throw new Error(`The page takes ${total} bytes compressed; ${MAX_BYTES} are allowed.`)
process.stdout.write(`dist/web: ${(total / 1024).toFixed(1)} KiB compressed\n`)
