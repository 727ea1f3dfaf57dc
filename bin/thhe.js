#!/usr/bin/env node
// The launcher. Plain JavaScript that old engines can read, so that they get a sentence instead of a stack trace.
import { existsSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import * as modules from 'node:module'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const built = file('../dist/src/cli/main.js')
const source = file('../src/cli/main.ts')
const inCheckout = existsSync(source)
// A checkout runs from source by type stripping (Node 24); the published package runs what tsc built.
const enough = inCheckout ? major >= 24 : major > 22 || (major === 22 && minor >= 12)

if (enough) {
  // Half the time to start is compiling a thousand modules: Node (22.8 and later) keeps what it compiled.
  modules.enableCompileCache?.()
  const { main } = await import(inCheckout ? source : built)
  await main(process.argv.slice(2))
} else {
  const local = file('../node_modules/node/bin/node')
  if (inCheckout && existsSync(local)) {
    const { status, signal } = spawnSync(local, [file('./thhe.js'), ...process.argv.slice(2)], {
      stdio: 'inherit'
    })
    if (signal !== null) process.kill(process.pid, signal)
    process.exit(status ?? 1)
  }
  console.error(
    `thhe needs Node.js ${inCheckout ? '24' : '22.12'} or later; this is ${process.version}.` +
      (inCheckout
        ? ' Run "npm ci" here first: it brings one for this project alone.'
        : ' Install it from https://nodejs.org.')
  )
  process.exit(1)
}
