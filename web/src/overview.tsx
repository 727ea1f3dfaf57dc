import type { MapJson, PeersJson, StatusJson } from '../../src/gateway/types.ts'
import { count, formatBytes, formatDuration, shortPeer } from '../../src/cli/format.ts'
import { isSignedIn } from './api.ts'
import { Charts } from './charts.tsx'
import { Doctor } from './doctor.tsx'
import { PeerMap } from './map.tsx'
import { S3 } from './s3.tsx'
import { Settings } from './settings.tsx'

export interface NodeView {
  readonly status: StatusJson
  readonly peers: PeersJson['peers']
  readonly map: MapJson
}

/** The node, its peers and what it does, at one glance. */
export const Overview = ({ status, peers, map }: NodeView) => {
  const { usage, homeostat } = status
  return (
    <>
      <section class="cards" aria-label="State of the node">
        <Card title="Peers" value={`${status.peers.live} live`}>
          {count(status.peers.known, 'peer')} known, {status.peers.connected} connected
        </Card>
        <Card title="Disk" value={formatBytes(usage.usedBytes)}>
          <meter min={0} max={usage.quotaBytes} value={usage.usedBytes} aria-label="Disk space in use" /> of{' '}
          {formatBytes(usage.quotaBytes)} lent
        </Card>
        <Card title="Load" value={`${(homeostat.heat * 100).toFixed(0)} %`}>
          <meter min={0} max={1} value={homeostat.heat} aria-label="Load" /> forecast{' '}
          {(homeostat.forecast * 100).toFixed(0)} %{homeostat.heat > 0 && `, from ${homeostat.source}`}
        </Card>
        <Card title="Map" value={map.state === 'off' ? 'none' : map.state}>
          {map.state === 'off'
            ? 'this network has no validators'
            : `slot ${map.slot}, ${map.hasQuorum ? 'with' : 'without'} a quorum`}
        </Card>
      </section>
      <Charts />
      <section>
        <h2>Peers</h2>
        <PeerMap map={map} peers={peers} />
        <div class="scroll" tabIndex={0} role="region" aria-label="Table of peers">
          <table>
            <thead>
              <tr>
                <th scope="col">Peer</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Round trip
                </th>
                <th scope="col" class="number">
                  Free
                </th>
                <th scope="col" class="number">
                  Lends
                </th>
                <th scope="col">Fails with</th>
              </tr>
            </thead>
            <tbody>
              {[...peers]
                .sort((a, b) => Number(b.self) - Number(a.self) || (a.id < b.id ? -1 : 1))
                .map((peer) => (
                  <tr key={peer.id}>
                    <th scope="row" title={peer.id}>
                      {shortPeer(peer.id)}
                    </th>
                    <td>{stateOf(peer)}</td>
                    <td class="number">
                      {peer.rttMicros === undefined ? '–' : `${(peer.rttMicros / 1000).toFixed(1)} ms`}
                    </td>
                    <td class="number">{formatBytes(peer.freeBytes)}</td>
                    <td class="number">{formatBytes(peer.capacityBytes)}</td>
                    <td>{peer.failureDomain || '–'}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </section>
      <section>
        <h2>This node</h2>
        <dl>
          <dt>Peer id</dt>
          <dd>{status.peerId}</dd>
          <dt>Network</dt>
          <dd>{status.network.name}</dd>
          <dt>Up</dt>
          <dd>
            {formatDuration(status.uptimeSeconds * 1000)}, version {status.version}
          </dd>
          <dt>Addresses</dt>
          <dd>
            {status.multiaddrs.map((address) => (
              <div key={address}>{address}</div>
            ))}
          </dd>
        </dl>
      </section>
      {isSignedIn() && (
        <>
          <S3 />
          <Doctor />
          <Settings />
        </>
      )}
    </>
  )
}

const stateOf = ({ self, live, draining, path }: PeersJson['peers'][number]): string => {
  if (self) return 'this node'
  if (!live) return 'away'
  return `${draining ? 'live, being emptied' : 'live'}${path === undefined ? '' : `, ${path}`}`
}

const Card = ({
  title,
  value,
  children
}: {
  title: string
  value: string
  children: preact.ComponentChildren
}) => (
  <article class="card">
    <h3>{title}</h3>
    <p class="value">{value}</p>
    <p>{children}</p>
  </article>
)
