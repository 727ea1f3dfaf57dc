import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const ROOT = new URL('../../', import.meta.url)
const { exports: entries, bin } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
}

describe('package.json', () => {
  for (const [name, entry] of Object.entries(entries)) {
    it(`exports ${name} from a file that is built`, () => {
      if (typeof entry === 'string') return expect(existsSync(new URL(entry, ROOT))).to.equal(true)
      expect(entry.types).to.equal(entry.default.replace(/\.js$/, '.d.ts'))
      const source = entry.default.replace('./dist/', '').replace(/\.js$/, '.ts')
      expect(existsSync(new URL(source, ROOT)), source).to.equal(true)
    })
  }

  it('has its command', () => expect(existsSync(new URL(bin.thhe, ROOT))).to.equal(true))
})
