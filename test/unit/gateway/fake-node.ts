import { createHash } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { Registry } from 'prom-client'
import type { GatewayNode, ObjectReader, OwnedObject, PutOptions } from '../../../src/gateway/index.ts'
import { objectCid } from '../../../src/hologram/records/cid.ts'
import { newest, openHead } from '../../../src/heads/head.ts'
import { HeadError } from '../../../src/heads/index.ts'
import type { Head, Heads } from '../../../src/heads/index.ts'
import { NamedHeads } from '../../../src/node/index.ts'
import { systemClock } from '../../../src/clock/index.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import { configWith } from '../../../src/node/config/index.ts'
import { EventLog } from '../../../src/node/events.ts'
import { silentLogger } from '../../../src/node/logger.ts'
import type { MapView, NodeStatus, PeerSummary } from '../../../src/node/index.ts'

export const TOKEN = 'test-token'

interface Kept {
  readonly bytes: Uint8Array
  readonly options: PutOptions
}

/** A node whose objects live in memory, and which fails where a test says so. */
export class FakeNode implements GatewayNode {
  readonly networkId = new Uint8Array(32).fill(7)
  readonly config = configWith({ data: '/srv/thhe', quota: 2 ** 30 })
  readonly metrics = new Registry()
  readonly logger = silentLogger
  readonly apiToken = TOKEN
  readonly events = new EventLog({ nowMs: () => 1_700_000_000_000, logger: silentLogger, capacity: 4 })
  readonly peerId: PeerId
  readonly kept = new Map<string, Kept>()
  /** Bytes in a piece of a get. */
  pieceBytes = 1000
  /** A get fails here, once this many bytes have gone out. */
  failGet: { afterBytes: number; error: Error } | undefined
  /** A put fails with this once its first bytes have come. */
  failPut: Error | undefined
  /** A put fails with this before it reads anything. */
  refusePut: Error | undefined
  /** Signals of the calls so far, newest last. */
  readonly signals: AbortSignal[] = []
  /** Resolves when a put has taken in its first bytes. */
  readonly putStarted = Promise.withResolvers<void>()
  /** Attempts that nobody will resume. */
  readonly abandoned: string[] = []
  /** Resolves when the source of a put has broken. */
  readonly putBroken = Promise.withResolvers<unknown>()
  ready = true
  /** State of the second shard that a verification finds; whole when it is empty. */
  unsound: ReadonlyArray<'damaged' | 'lost' | 'silent'> = []
  repairOutcome: 'repaired' | 'partial' | 'ended' | 'busy' = 'repaired'
  /** Objects that were looked up to be read. */
  opened = 0

  constructor(peerId: PeerId) {
    this.peerId = peerId
  }

  static async create(): Promise<FakeNode> {
    return new FakeNode(peerIdFromPrivateKey(await generateKeyPair('Ed25519')))
  }

  readonly objects: GatewayNode['objects'] = {
    put: async (source, options = {}) => {
      if (this.refusePut !== undefined) throw this.refusePut
      const parts: Uint8Array[] = []
      let readBytes = 0
      try {
        for await (const part of source) {
          parts.push(part)
          readBytes += part.byteLength
          this.putStarted.resolve()
          options.onProgress?.({ readBytes, sentBytes: 2 * readBytes, shardsAcknowledged: 0 })
          if (this.failPut !== undefined) throw this.failPut
        }
      } catch (error) {
        this.putBroken.resolve(error)
        throw error
      }
      const bytes = Buffer.concat(parts)
      const cid = this.keep(bytes, options)
      return {
        cid,
        manifest: this.#manifest({ bytes, options }),
        stored: [{ shard: 0, peer: this.peerId }],
        missing: [{ shard: 1, reason: 'unreachable' }],
        tolerates: 0,
        codedBytes: 2 * bytes.byteLength
      }
    },
    get: async (cid, { range, signal } = {}) => {
      if (signal !== undefined) this.signals.push(signal)
      const kept = this.#find(cid)
      const { start, end } = range ?? { start: 0, end: kept.bytes.byteLength }
      return { cid, manifest: this.#manifest(kept), bytes: this.#read(kept.bytes.subarray(start, end)) }
    },
    open: async (cid, { signal } = {}) => {
      if (signal !== undefined) this.signals.push(signal)
      this.opened++
      const kept = this.#find(cid)
      return {
        cid,
        manifest: this.#manifest(kept),
        read: ({ range } = {}) => {
          const { start, end } = range ?? { start: 0, end: kept.bytes.byteLength }
          return this.#read(kept.bytes.subarray(start, end))
        }
      }
    },
    stat: async (cid) => ({
      cid,
      manifest: this.#manifest(this.#find(cid)),
      shards: [
        { shard: 0, peer: this.peerId, live: true, damaged: false },
        { shard: 1, live: false, damaged: false }
      ],
      live: 1,
      damaged: 0,
      spare: 0,
      asked: 2,
      answered: 1,
      checkedMs: 1_000,
      overhead: 2,
      leases: [{ lessee: this.peerId.toString(), expiresAtMs: 1_000, tombstone: false }],
      weakest: { hosts: { names: [], isExact: true }, domains: { names: [], isExact: true } },
      repairs: [{ peer: this.peerId, sinceMs: 500 }]
    }),
    verify: async (cid, { onProgress } = {}) => {
      const manifest = this.#manifest(this.#find(cid))
      onProgress?.({ doneBytes: 5, totalBytes: 10 })
      const [second] = this.unsound
      return {
        ...{ cid, manifest, spare: 1, readBytes: 10, whole: second === undefined ? 2 : 1 },
        shards: [
          { shard: 0, peer: this.peerId, state: 'whole', blocks: 1, badBlocks: 0 },
          {
            shard: 1,
            peer: this.peerId,
            state: second ?? 'whole',
            blocks: 1,
            badBlocks: second === 'damaged' ? 1 : 0
          }
        ]
      }
    },
    repair: async (cid, { onProgress } = {}) => {
      this.#find(cid)
      onProgress?.({ doneBytes: 0, totalBytes: 10, note: 'another peer is rebuilding it' })
      const rebuilt = [{ shard: 1, peer: this.peerId }]
      const counts = { spareBefore: 0, readBytes: 5, sentBytes: 5, manifests: [this.peerId] }
      return { cid, outcome: this.repairOutcome, rebuilt, ...counts }
    },
    reshape: async (cid, n, { onProgress } = {}) => {
      this.#find(cid)
      onProgress?.({ doneBytes: 5, totalBytes: 10 })
      const added = n > 2 ? [{ shard: 2, peer: this.peerId }] : []
      const counts = { readBytes: 5, sentBytes: 5, missing: Math.max(0, n - 3) }
      return { cid, before: 2, n, added, dropped: n < 2 ? [1] : [], unreachable: [this.peerId], ...counts }
    },
    list: () => this.#list(),
    abandonPut: (attempt) => void this.abandoned.push(attempt),
    remove: async (cid) => {
      this.#find(cid)
      this.kept.delete(cid.toString())
      return { confirmed: 1, unreachable: [this.peerId] }
    }
  }

  map(): MapView {
    return {
      state: 'agreed',
      slot: 7,
      ageMs: 1_200,
      hasQuorum: true,
      closedAtMs: 1_700_000_000_000,
      era: 5,
      agreement: {
        slot: 8,
        phase: 'waiting',
        isValidator: true,
        trust: 'intersects',
        lastDecisionMs: 300,
        decided: 7,
        validators: [
          { id: 'a', heardMsAgo: 10, isMissing: false },
          { id: 'b', isMissing: true }
        ],
        contradictions: [{ id: 'b', slot: 3 }]
      },
      peers: [
        {
          ...{
            id: 'a',
            capacityBytes: 10,
            freeBytes: 5,
            domain: '',
            failuresPpm: 0,
            witnesses: 1,
            slotsSilent: 0
          },
          ...{ seenIn: 'net:192.0.2.0/24', isDoubted: false, heatPpm: 300_000, serviceMicros: 900 },
          ...{ upKibPerSecond: 4_096, downKibPerSecond: 0 },
          coordinate: { positionMicros: [1, 2, 3, 4, -5, 6, 7, 8], heightMicros: 100, errorPpm: 70_000 },
          seat: { capacityBytes: 10, reliabilityPpm: 250_000, domain: 'net:192.0.2.0/24' }
        }
      ],
      edges: [{ from: 'a', to: 'b', rttMicros: 1_000, witnesses: 2 }]
    }
  }

  peers = (): PeerSummary[] => [
    {
      id: this.peerId.toString(),
      self: true,
      live: true,
      connected: false,
      path: undefined,
      carrier: undefined,
      rttMicros: undefined,
      predictedRttMicros: 2_000,
      coordinateErrorPpm: 90_000,
      capacityBytes: 100,
      draining: false,
      freeBytes: 50,
      reliabilityPpm: 1_000_000,
      failureDomain: 'here',
      version: '0.1.0',
      uptimeSeconds: 1,
      reportedAtMs: 1,
      multiaddrs: ['/ip4/127.0.0.1/tcp/1']
    }
  ]

  /** Thrown by a scrub after its first line of progress. */
  failScrub: Error | undefined

  scrub: GatewayNode['scrub'] = async ({ onProgress, bytesPerSecond = 0 } = {}) => {
    const report = {
      shards: 1,
      blocks: 4,
      bytes: bytesPerSecond,
      badBlocks: 0,
      damagedShards: 0,
      mendedShards: 0
    }
    onProgress?.(report)
    if (this.failScrub !== undefined) throw this.failScrub
    return { ...report, shards: 2 }
  }

  drainStatus: GatewayNode['drain']['progress'] = {
    ...{ state: 'off', left: 0, looked: 0, movedShards: 0, movedBytes: 0 }
  }
  /** What the node says when its user begins to empty it. */
  drainOutcome: 'draining' | 'drained' = 'drained'

  get drain(): GatewayNode['drain'] {
    return {
      progress: this.drainStatus,
      begin: async () => {
        const counts = {
          left: this.drainOutcome === 'drained' ? 0 : 2,
          looked: 5,
          movedShards: 3,
          movedBytes: 2048
        }
        return (this.drainStatus = { state: this.drainOutcome, ...counts })
      },
      cancel: async () => (this.drainStatus = { ...this.drainStatus, state: 'off' })
    }
  }

  /** The heads of each name. */
  readonly published = new Map<string, readonly Head[]>()

  readonly #heads: Pick<Heads, 'publish' | 'resolve'> = {
    publish: async (name, signed) => {
      const head = await openHead(this.networkId, signed, Date.now())
      if (!head.name.equals(name)) throw new HeadError('BAD_HEAD', 'The head is of another name.')
      const heads = newest([...(this.published.get(name.toString()) ?? []), head])
      if (heads[0].sequence > head.sequence) throw new HeadError('STALE_HEAD', 'A newer one is kept already.')
      this.published.set(name.toString(), heads)
      return { heads, confirmed: 4, keepers: 7 }
    },
    resolve: async (name) => {
      const heads = this.published.get(name.toString())
      if (heads === undefined)
        throw new HeadError('NO_HEAD', `Nothing is published under ${name.toString()}.`)
      return { heads, answered: 4, agreed: 4, keepers: 7 }
    }
  }

  get names(): GatewayNode['names'] {
    const { field, networkId } = this
    return new NamedHeads({ heads: this.#heads, field, networkId, clock: systemClock })
  }

  /** A network without validators; a test that wants slots gives it some. */
  field: GatewayNode['field'] = undefined

  collections = 0

  collectGarbage = async (): ReturnType<GatewayNode['collectGarbage']> => {
    this.collections++
    return { freedBytes: 2 ** 20, removedObjects: 2, removedUploads: 1, clockTrusted: true }
  }

  uploads = async function* (): ReturnType<GatewayNode['uploads']> {
    yield { shard: 1, sizeBytes: 10, touchedAtMs: 2_000, oneShot: false, isOpen: true }
    yield { shard: 2, sizeBytes: 20, touchedAtMs: 1_000, oneShot: true, isOpen: false }
  } as () => ReturnType<GatewayNode['uploads']>

  status = async (): Promise<NodeStatus> => ({
    state: 'running',
    ready: this.ready,
    peerId: this.peerId.toString(),
    version: '0.1.0',
    uptimeSeconds: 1,
    network: { id: '07'.repeat(32), name: 'test', code: { k: 1, n: 2 } },
    multiaddrs: [],
    peers: { known: 1, live: 1, connected: 0 },
    coordinate: { errorPpm: 90_000, samples: 64, refused: 0, neighbours: 1 },
    dht: 'client',
    dhtRecords: { entries: 0, bytes: 0 },
    rendezvous: 'off',
    field: {
      state: this.field === undefined ? 'off' : 'current',
      round: 0,
      slots: 0,
      slotBytes: 0,
      waiting: 0
    },
    map: { state: 'off', slot: 0, ageMs: 0, hasQuorum: false, placementEra: 0 },
    usage: { quotaBytes: 100, usedBytes: 50, freeBytes: 50 },
    homeostat: {
      ...{ heat: 0.25, source: 'uplink' as const, forecast: 0.5, temperature: 0.2, logPartition: -1 },
      ...{ divergence: 0, imbalance: 1, action: 0, objective: 0, concurrencyLimit: 64, inFlight: 0 },
      ...{ copies: 0, refused: 0 }
    },
    fill: {
      ...{ targets: 1, movedShards: 2, movedBytes: 200, manifests: 1, failures: 0 },
      ...{ takenShards: 3, takenBytes: 300 }
    },
    damage: {
      ...{ damagedEntries: 0, restoredEntries: 0, indexRebuilt: false, shardsFound: 0 },
      ...{ badBlocks: 0, damagedShards: 0, shardsSetAside: 0 }
    }
  })

  keep(bytes: Uint8Array, options: PutOptions = {}): CID {
    const cid = objectCid(createHash('sha256').update(bytes).digest())
    this.kept.set(cid.toString(), { bytes, options })
    return cid
  }

  #find(cid: CID): Kept {
    const kept = this.kept.get(cid.toString())
    if (kept !== undefined) return kept
    throw new HologramError('NOT_FOUND', `nobody knows ${cid.toString()}`, { cid: cid.toString(), asked: 3 })
  }

  async *#read(bytes: Uint8Array): ObjectReader['bytes'] {
    for (let sent = 0; sent < bytes.byteLength; sent += this.pieceBytes) {
      if (this.failGet !== undefined && sent >= this.failGet.afterBytes) throw this.failGet.error
      yield bytes.subarray(sent, sent + this.pieceBytes)
    }
  }

  async *#list(): AsyncGenerator<OwnedObject> {
    for (const [, { bytes, options }] of this.kept) {
      yield {
        cid: this.keep(bytes, options),
        name: options.name ?? '',
        sizeBytes: bytes.byteLength,
        sealed: options.sealed ?? false,
        k: 1,
        n: 2,
        createdAtMs: 1,
        leaseExpiresAtMs: 2,
        missing: 1,
        checkedMs: 1
      }
    }
  }

  #manifest({ bytes, options }: Kept): ObjectReader['manifest'] {
    return {
      version: 1,
      kind: options.tensor === undefined ? 'blob' : 'tensor',
      size: bytes.byteLength,
      sealed: options.sealed ?? false,
      code: 'rs8',
      n: options.n ?? 2,
      blockBytes: 65_536,
      layers: options.tensor?.layers ?? [{ k: options.k ?? 1, length: bytes.byteLength }],
      tensor: options.tensor?.parameters,
      roots: [],
      seed: new Uint8Array(32),
      digest: new Uint8Array(32)
    }
  }
}
