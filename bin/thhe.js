#!/usr/bin/env node
// The launcher. Plain JavaScript that old engines can read, so that they get a sentence instead of a stack trace.
import { existsSync } from 'node:fs'
import { spawn } from 'node:child_process'
import * as modules from 'node:module'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
const file = (path) => fileURLToPath(new URL(path, import.meta.url))
const built = file('../dist/src/cli/main.js')
const source = file('../src/cli/main.ts')
const inCheckout = existsSync(source)
// A checkout runs from source by type stripping (Node 24); the published package runs what tsc built.
const enough = inCheckout ? major >= 24 : major > 22 || (major === 22 && minor >= 12)

/** A signal that came to this process and to its launcher at once, as from a terminal, comes again within so long. */
const ECHO_MS = 1000

/**
 * Runs this file again on an engine that is new enough. Signals go on to that process, and both end in the same way;
 * should this one be killed, the other notices at its end of the channel.
 */
const runOn = (engine) => {
  const child = spawn(engine, [file('./thhe.js'), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, THHE_LAUNCHED: '1' }
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']
  for (const signal of signals) {
    process.on(signal, () => {
      if (child.connected && ['SIGINT', 'SIGTERM'].includes(signal)) child.send(signal, () => {})
      else child.kill(signal)
    })
  }
  child.once('error', (error) => {
    console.error(`thhe: Cannot start ${engine}: ${error.message}.`)
    process.exit(1)
  })
  child.once('exit', (status, signal) => {
    if (signal === null) process.exit(status ?? 1)
    for (const one of signals) process.removeAllListeners(one)
    process.kill(process.pid, signal)
  })
}

/** Takes signals from the launcher that started this process, and ends when it is gone. */
const obeyLauncher = () => {
  delete process.env.THHE_LAUNCHED
  const seenMs = {}
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      seenMs[signal] = performance.now()
      // The command has not got so far as to listen.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
  process.on('message', (signal) => {
    setTimeout(() => {
      const isEcho = performance.now() - seenMs[signal] < ECHO_MS
      if (!isEcho) process.kill(process.pid, signal)
    }, 100).unref()
  })
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}

if (enough) {
  if (process.env.THHE_LAUNCHED !== undefined && process.send !== undefined) obeyLauncher()
  // Half the time to start is compiling a thousand modules: Node (22.8 and later) keeps what it compiled.
  modules.enableCompileCache?.()
  const { main } = await import(inCheckout ? source : built)
  await main(process.argv.slice(2))
} else {
  const local = file('../node_modules/node/bin/node')
  if (inCheckout && existsSync(local)) {
    runOn(local)
  } else {
    console.error(
      `thhe needs Node.js ${inCheckout ? '24' : '22.12'} or later; this is ${process.version}.` +
        (inCheckout
          ? ' Run "npm ci" here first: it brings one for this project alone.'
          : ' Install it from https://nodejs.org.')
    )
    process.exit(1)
  }
}
