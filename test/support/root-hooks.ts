/** How long a process may live on after its last test, in ms: what tests leave to end by itself takes less. */
const GRACE_MS = 30_000

/**
 * Mocha ends when nothing is left to wait for. A test that leaves a host, a server or a child process behind would keep it
 * for ever: this names what is left and fails.
 */
export const mochaHooks = {
  afterAll(): void {
    setTimeout(() => {
      const left = process.getActiveResourcesInfo().join(', ')
      process.stderr.write(
        `The tests are over for ${GRACE_MS / 1000} s, and the process cannot end: left open are ${left}\n`
      )
      // Mocha sets the exit status when the process ends: this comes after it.
      process.once('exit', () => (process.exitCode = 1))
      process.exit()
    }, GRACE_MS).unref()
  }
}
