// Gives a new peer of a compose cluster the key of a validator while there are any; later peers make their own. A peer that
// has a key keeps it.
import { readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFile } from '../src/node/data/files.ts'
import { isKeyName, KEYS_FOLDER } from './keys.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '/data' },
    network: { type: 'string', default: '/network/network.json' }
  }
})

const keys = join(dirname(values.network), KEYS_FOLDER)
const identity = join(values.data, 'identity.key')
/** A key on its way here. A container that was killed in between finds it by its own name. */
const mine = join(keys, `${hostname()}.taken`)

if (!(await isThere(identity)) && (await take())) {
  await createFile(identity, await readFile(mine, 'utf8'), 0o600)
}
if (await isThere(mine)) await unlink(mine)

/** @returns false if no key is left */
async function take(): Promise<boolean> {
  if (await isThere(mine)) return true
  for (const name of (await readdir(keys)).filter(isKeyName)) {
    try {
      await rename(join(keys, name), mine)
      return true
    } catch (error) {
      // Another peer has taken it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return false
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false
  )
}
