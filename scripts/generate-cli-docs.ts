// The commands' own help -> docs/reference/cli.md. With --check nothing is written: exits 1 when the committed form is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { cliMarkdown } from '../src/cli/describe.ts'

const path = new URL('../docs/reference/cli.md', import.meta.url)
const text = await cliMarkdown()
if (!process.argv.includes('--check')) {
  writeFileSync(path, text)
} else if (readFileSync(path, 'utf8') !== text) {
  console.error('stale: docs/reference/cli.md. Run "npm run generate:cli" and commit the result.')
  process.exitCode = 1
}
