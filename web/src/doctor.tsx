import { useCallback, useState } from 'preact/hooks'
import type { FindingJson, FindingsJson } from '../../src/gateway/types.ts'
import { formatAge } from '../../src/cli/format.ts'
import { getJson } from './api.ts'
import { usePolled } from './hooks.ts'
import { Failure } from './open-link.tsx'

/** An examination writes to the disk: only asked for, and then not again while it is read. */
const EVERY_MS = 600_000

const STATES: Record<FindingJson['state'], string> = {
  good: 'fine',
  note: 'note',
  weak: 'weak',
  bad: 'broken'
}

/** What `thhe doctor` says of the node's machine. */
export const Doctor = () => {
  const [isAsked, setAsked] = useState(false)
  return (
    <section>
      <h2>Machine</h2>
      {isAsked ? (
        <Findings />
      ) : (
        <p>
          <button type="button" onClick={() => setAsked(true)}>
            Examine
          </button>{' '}
          disk, network, clock and encoders, as <code>thhe doctor</code> does. It writes 32 MiB for a moment.
        </p>
      )}
    </section>
  )
}

const Findings = () => {
  const load = useCallback(
    async (signal: AbortSignal) => await getJson<FindingsJson>('/v1/doctor', signal),
    []
  )
  const { value, error } = usePolled(load, EVERY_MS)
  if (error !== undefined) return <Failure error={error} />
  if (value === undefined) return <p>The machine is examined…</p>
  const order = Object.keys(STATES).reverse()
  const findings = [...value.findings].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  return (
    <>
      <dl class="settings">
        {findings.map(({ check, state, detail, advice }) => (
          <div key={check + detail}>
            <dt>
              {check}:{' '}
              <span class={state === 'bad' || state === 'weak' ? state : undefined}>{STATES[state]}</span>
            </dt>
            <dd>
              {detail}
              {advice !== undefined && <div class="note">{advice}</div>}
            </dd>
          </div>
        ))}
      </dl>
      <p class="note">Examined {formatAge(Math.max(1000, Date.now() - value.examinedAtMs))} ago.</p>
    </>
  )
}
