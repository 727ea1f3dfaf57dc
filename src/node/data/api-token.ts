import { randomBytes } from 'node:crypto'
import { createFile, readSecret } from './files.ts'

/**
 * The secret that authorises local programs to make changes: 256 random bits as 43 base64url digits, created on the first
 * call.
 *
 * @throws {NodeError} 'UNSAFE_FILE_MODE'
 */
export const loadApiToken = async (path: string): Promise<string> => {
  const text = (await readSecret(path))?.trim()
  if (text !== undefined && text !== '') return text
  const token = randomBytes(32).toString('base64url')
  if (await createFile(path, `${token}\n`, 0o600)) return token
  return await loadApiToken(path)
}
