// src/node/config/options.ts -> docs/reference/config.md, committed. With --check nothing is written: exits 1 when it is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { configMarkdown } from '../src/node/config/index.ts'

const path = new URL('../docs/reference/config.md', import.meta.url)
const text = configMarkdown()
if (!process.argv.includes('--check')) {
  writeFileSync(path, text)
} else if (readFileSync(path, 'utf8') !== text) {
  console.error('stale: docs/reference/config.md. Run "npm run generate:config" and commit the result.')
  process.exitCode = 1
}
