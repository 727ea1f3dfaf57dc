import { existsSync, readFileSync } from 'node:fs'

/** Version of this package. package.json is two folders above the source, three above the build. */
export const VERSION: string = (() => {
  const candidates = ['../../package.json', '../../../package.json'].map(
    (path) => new URL(path, import.meta.url)
  )
  const path = candidates.find((candidate) => existsSync(candidate)) as URL
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
})()
