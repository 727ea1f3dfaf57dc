import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A Node of another major version that runs this TypeScript as it is: `using` came with Node 24. */
export function otherNode(): string | undefined {
  return otherNodeFrom(24)
}

/**
 * Runs `source`, a TypeScript module that prints something, on a Node of another major version from 20 up. What it imports of
 * this repository is stripped of its types first, so it must not use syntax that is newer than Node 20.
 *
 * @param source - imports by paths relative to the repository's root
 * @returns what it printed; undefined when there is no other Node on the PATH
 */
export function printedOnOtherNode(source: string): string | undefined {
  const node = otherNodeFrom(20)
  if (node === undefined) return undefined
  // Inside the repository, so that packages are found.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache', 'other-node-'))
  try {
    strip(join(root, 'main.ts'), source, folder, new Set())
    return execFileSync(node, [join(folder, 'main.mjs')], { encoding: 'utf8' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Writes a module, and those that it imports by a relative path, as JavaScript under `folder`. */
function strip(path: string, source: string, folder: string, done: Set<string>): void {
  if (done.has(path)) return
  done.add(path)
  const text = stripTypeScriptTypes(source)
  const target = join(folder, relative(root, path)).replace(/\.ts$/, '.mjs')
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text.replace(/(from\s+'\.[^']*)\.ts'/g, "$1.mjs'"))
  for (const [, name] of text.matchAll(/from\s+'(\.[^']*\.ts)'/g)) {
    const imported = resolve(dirname(path), name)
    strip(imported, readFileSync(imported, 'utf8'), folder, done)
  }
}

function otherNodeFrom(leastMajor: number): string | undefined {
  const ownMajor = process.versions.node.split('.')[0]
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(folder, 'node')
    if (!existsSync(node)) continue
    const [major] = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .split('.')
      .map(Number)
    if (String(major) !== ownMajor && major >= leastMajor) return node
  }
  return undefined
}
