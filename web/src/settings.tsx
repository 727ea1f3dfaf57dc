import type { SettingsJson } from '../../src/gateway/types.ts'
import { getJson } from './api.ts'
import { usePolled } from './hooks.ts'

/** They change only when the node is started anew. */
const EVERY_MS = 300_000

const load = async (signal: AbortSignal): Promise<SettingsJson> =>
  await getJson<SettingsJson>('/v1/settings', signal)

/** What the node was started with; what is not as usual stands first. */
export const Settings = () => {
  const { value } = usePolled(load, EVERY_MS)
  if (value === undefined) return null
  const settings = [...value.settings].sort((a, b) => Number(a.isDefault) - Number(b.isDefault))
  const own = settings.filter(({ isDefault }) => !isDefault).length
  return (
    <section>
      <h2>Settings in force</h2>
      <details>
        <summary>
          {own} of {settings.length} are not the usual ones
        </summary>
        <dl class="settings">
          {settings.map(({ flag, variable, value, isDefault, description }) => (
            <div key={flag}>
              <dt>
                <code title={variable}>{flag}</code>
                {!isDefault && ' (set)'}
              </dt>
              <dd>
                {value === '' ? '–' : value}
                <div class="note">{description}</div>
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  )
}
