import type { S3KeysJson, S3StatusJson, SettingsJson } from '../../src/gateway/types.ts'
import { count } from '../../src/cli/format.ts'
import { getJson } from './api.ts'
import { usePolled } from './hooks.ts'

const EVERY_MS = 30_000

/** Undefined where the node serves no S3. */
const load = async (signal: AbortSignal): Promise<(S3StatusJson & Partial<S3KeysJson>) | undefined> => {
  const { settings } = await getJson<SettingsJson>('/v1/settings', signal)
  if ((settings.find(({ flag }) => flag === '--s3')?.value ?? '') === '') return undefined
  const status = await getJson<S3StatusJson>('/v1/s3', signal)
  return status.ready ? { ...status, ...(await getJson<S3KeysJson>('/v1/s3/keys', signal)) } : status
}

/** The S3 service of the node, if it has one: where it is, and who may use it. */
export const S3 = () => {
  const { value } = usePolled(load, EVERY_MS)
  if (value === undefined) return null
  const { url, ready, keys = [] } = value
  return (
    <section>
      <h2>S3</h2>
      <p class={ready ? 'good' : 'weak'}>
        {ready
          ? `Served at ${url}, with ${count(keys.length, 'access key')}.`
          : `At ${url}, not ready: it has not found what it keeps in the mesh.`}
      </p>
      {ready && keys.length === 0 && (
        <p class="note">
          <code>thhe s3 key new NAME</code> makes an access key.
        </p>
      )}
      {keys.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Access keys">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Access key</th>
                <th scope="col">May</th>
              </tr>
            </thead>
            <tbody>
              {keys.map(({ accessKeyId, name, grants }) => (
                <tr key={accessKeyId}>
                  <th scope="row">{name || '–'}</th>
                  <td>{accessKeyId}</td>
                  <td>
                    {grants
                      .map(
                        ({ bucket, rights }) =>
                          `${rights.join(', ')} in ${bucket === '*' ? 'all buckets' : bucket}`
                      )
                      .join('; ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
