import { execFile, execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { useFolder } from '../unit/store/support.ts'

const CHILD = fileURLToPath(new URL('./store-full-disk-child.ts', import.meta.url))
const DISK_BYTES = 48 * 1024 * 1024
/** A mount of its own needs root, or a system that lets users have namespaces. */
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount']

function canMount(): boolean {
  try {
    execFileSync('unshare', [...UNSHARE, 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('store on a full disk', () => {
  const folder = useFolder()

  it('refuses data that does not fit, keeps existing data, and continues once there is room', async function () {
    if (!canMount()) {
      console.log(
        '      skipped: no small disk can be mounted here (needs Linux, and root or user namespaces)'
      )
      return this.skip()
    }
    await mkdir(folder())
    const script = `mount -t tmpfs -o size=${DISK_BYTES} none "$1" && exec "$2" "$3" "$1"`
    const { stdout } = await promisify(execFile)('unshare', [
      ...UNSHARE,
      'sh',
      '-c',
      script,
      'sh',
      folder(),
      process.execPath,
      CHILD
    ])
    const outcome = JSON.parse(stdout)
    expect(outcome.codes).to.include('DISK_FULL')
    expect(outcome.codes.at(-1)).to.equal('DISK_FULL')
    expect(outcome).to.include({ manifest: 'DISK_FULL', lease: 'DISK_FULL', readable: true })
    expect(outcome.shown).to.deep.equal([])
    expect(outcome.held).to.be.below(64)
    expect(outcome).to.include({ finished: true, kept: true })
    expect(outcome.usedAgain).to.equal(outcome.usedBytes)
  })
})
