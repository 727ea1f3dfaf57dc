// Signed reports of many peers for the length of a run, made as the node makes them.
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { signReport } from '../../../src/node/peers/report.ts'
import { EMPTY_SECTIONS } from '../../support/reports.ts'
import { EPOCH_MS } from '../engine/index.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { Prng } from '../engine/index.ts'

/** Neighbours that a report says something of, and those of them that are others than in the report before. */
const SIGHTS = 32
const RENEWED = 2
/** A measured round trip changes from report to report by up to so many parts of a thousand. */
const JITTER = 20
const DIMENSIONS = 8

export interface ScalePeer {
  readonly id: string
  readonly peer: PeerId
  readonly key: Ed25519PrivateKey
  /** When it reports first, milliseconds after the beginning; negative, so that there is one. */
  readonly firstMs: number
  /** Its reports in order, one an interval. */
  readonly reports: readonly Uint8Array[]
}

export interface ReportsInit {
  readonly peers: number
  readonly networkId: Uint8Array
  /** Between two reports of a peer, milliseconds. */
  readonly intervalMs: number
  /** Length of the run, milliseconds. */
  readonly runMs: number
  /** What each peer keeps for others, in bytes; as much again is free. */
  readonly storedBytes: number
  readonly rttMicros: (from: number, to: number) => number
  readonly prng: Prng
}

export const makePeers = async (init: ReportsInit): Promise<ScalePeer[]> => {
  const { prng, intervalMs } = init
  const keys: Ed25519PrivateKey[] = []
  for (let index = 0; index < init.peers; index++)
    keys.push(await generateKeyPairFromSeed('Ed25519', prng.bytes(32)))
  const ids = keys.map((key) => peerIdFromPrivateKey(key))
  const peers: ScalePeer[] = []
  for (const [index, key] of keys.entries()) {
    const peer = ids[index]
    const firstMs = -prng.unit() * intervalMs
    const count = Math.ceil((init.runMs - firstMs) / intervalMs)
    const reports: Uint8Array[] = []
    const neighbours: number[] = []
    for (let number = 0; number < count; number++) {
      renew(neighbours, index, keys.length, prng)
      const issuedAtMs = EPOCH_MS + firstMs + number * intervalMs
      reports.push(await signedReport(init, ids, index, key, issuedAtMs, number, neighbours))
    }
    peers.push({ id: peer.toString(), peer, key, firstMs, reports })
  }
  return peers
}

/** A peer keeps most of its neighbours: in the node one is replaced now and then. */
const renew = (neighbours: number[], self: number, peers: number, prng: Prng): void => {
  neighbours.splice(0, RENEWED)
  while (neighbours.length < Math.min(SIGHTS, peers - 1)) {
    const other = prng.below(peers)
    if (other !== self && !neighbours.includes(other)) neighbours.push(other)
  }
}

const signedReport = async (
  { networkId, intervalMs, storedBytes, rttMicros, prng }: ReportsInit,
  ids: readonly PeerId[],
  index: number,
  key: Ed25519PrivateKey,
  issuedAtMs: number,
  number: number,
  neighbours: readonly number[]
): Promise<Uint8Array> => {
  return await signReport(
    networkId,
    {
      sequence: BigInt(Math.floor(issuedAtMs)) + BigInt(number),
      issuedAtMs: Math.floor(issuedAtMs),
      capacityBytes: 2 * storedBytes,
      freeBytes: storedBytes,
      version: '0.1.0',
      uptimeSeconds: 100_000 + number,
      domain: '',
      intervalMs,
      ...EMPTY_SECTIONS,
      multiaddrs: [
        multiaddr(`/ip4/10.${index >> 8}.${index & 255}.1/tcp/4701`),
        multiaddr(`/ip4/10.${index >> 8}.${index & 255}.1/udp/4701/quic-v1`)
      ],
      sights: neighbours.map((other) => ({
        peer: ids[other].toString(),
        rttMicros: Math.round((rttMicros(index, other) * (1000 + prng.below(JITTER))) / 1000),
        failuresPpm: prng.below(10_000),
        serviceMicros: prng.below(20_000),
        kibPerSecond: prng.below(20_000),
        domain: `10.${other >> 8}.${other & 255}.1`
      })),
      coordinate: {
        at: {
          positionMicros: Array.from({ length: DIMENSIONS }, () => prng.below(200_000) - 100_000),
          heightMicros: 1 + prng.below(20_000),
          errorPpm: prng.below(200_000)
        }
      },
      heatPpm: prng.below(500_000)
    },
    { peer: ids[index], sign: async (bytes) => await key.sign(bytes) }
  )
}
