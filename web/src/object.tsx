import { useCallback } from 'preact/hooks'
import type { PeersJson, StatJson } from '../../src/gateway/types.ts'
import { count, formatAge, formatBytes, shortPeer } from '../../src/cli/format.ts'
import { getJson } from './api.ts'
import { usePolled } from './hooks.ts'
import { Failure } from './open-link.tsx'
import { spareWords, weakestWords } from './words.ts'

/** Each question goes to all holders. */
const EVERY_MS = 10_000

/** One object: where its shards are, what may be lost, and who is rebuilding it. */
export const ObjectView = ({ cid, peers }: { cid: string; peers: PeersJson['peers'] }) => {
  const load = useCallback(
    async (signal: AbortSignal) => await getJson<StatJson>(`/v1/objects/${cid}/stat`, signal),
    [cid]
  )
  const { value: stat, error } = usePolled(load, EVERY_MS)
  return (
    <>
      <section>
        <h2 class="trail">Object {cid}</h2>
        {error !== undefined && <Failure error={error} />}
        {stat === undefined && error === undefined && <p>Its holders are asked…</p>}
        {stat !== undefined && <Fields {...stat} />}
      </section>
      {stat !== undefined && <Shards stat={stat} peers={peers} />}
    </>
  )
}

const Fields = (stat: StatJson) => {
  const { sizeBytes, sealed, inline, k, n, live, damaged, overhead, repairs, leases } = stat
  const nowMs = Date.now()
  const spare = spareWords(stat)
  return (
    <>
      <p class={spare.state}>{spare.text}</p>
      <dl>
        <dt>Size</dt>
        <dd>
          {formatBytes(sizeBytes)}, {sealed ? 'sealed' : 'unsealed'}; {overhead.toFixed(2)} times as much on
          peers
        </dd>
        <dt>Code</dt>
        <dd>{inline ? `whole copies on up to ${count(n, 'peer')}` : `any ${k} of ${n} shards read it`}</dd>
        <dt>Live</dt>
        <dd>
          {live} of {n}
          {damaged > 0 && `, ${damaged} of them damaged`}
        </dd>
        {weakestWords(stat).map((text) => (
          <>
            <dt>Weakest point</dt>
            <dd>{text}</dd>
          </>
        ))}
        <dt>Asked</dt>
        <dd>
          {formatAge(Math.max(1000, nowMs - stat.checkedMs))} ago; {stat.answered} of{' '}
          {count(stat.asked, 'peer')} answered
        </dd>
        <dt>Repairs that run</dt>
        <dd>
          {repairs.length === 0 && 'none'}
          {repairs.map(({ peer, sinceMs }) => (
            <div key={peer} title={peer}>
              {shortPeer(peer)}, for {formatAge(Math.max(1000, nowMs - sinceMs))}
            </div>
          ))}
        </dd>
        <dt>Leases</dt>
        <dd>
          {leases.length === 0 && 'none: it will be dropped'}
          {leases.map(({ lessee, expiresAtMs, tombstone }) => (
            <div key={lessee} title={lessee}>
              {shortPeer(lessee)}:{' '}
              {tombstone ? 'let go' : expiresAtMs > nowMs ? `for ${formatAge(expiresAtMs - nowMs)}` : 'ended'}
            </div>
          ))}
        </dd>
      </dl>
    </>
  )
}

const Shards = ({ stat, peers }: { stat: StatJson; peers: PeersJson['peers'] }) => {
  const known = new Map(peers.map((peer) => [peer.id, peer]))
  return (
    <section>
      <h2>{stat.inline ? 'Copies' : 'Shards'} and their holders</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of shards">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                {stat.inline ? 'Copy' : 'Shard'}
              </th>
              <th scope="col">State</th>
              <th scope="col">Holder</th>
              <th scope="col">Fails with</th>
            </tr>
          </thead>
          <tbody>
            {stat.shards.map(({ shard, peer, live, damaged }) => (
              <tr key={shard}>
                <td class="number">{shard}</td>
                <td class={damaged ? 'weak' : live ? 'good' : 'bad'}>
                  {damaged ? 'damaged' : live ? 'live' : 'lost'}
                </td>
                <td title={peer}>
                  {peer === undefined ? '–' : known.get(peer)?.self ? 'this node' : shortPeer(peer)}
                </td>
                <td>{(peer !== undefined && known.get(peer)?.failureDomain) || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
