import { expect } from 'chai'
import { fittedEvent } from '../../../src/cli/commands/events.ts'
import { findingText } from '../../../src/cli/commands/doctor.ts'
import { listText, matcherOf } from '../../../src/cli/commands/ls.ts'
import { peersText } from '../../../src/cli/commands/peers.ts'
import { damageText, diskText, fillText, statusText } from '../../../src/cli/commands/status.ts'
import { wantsColor } from '../../../src/cli/commands/demo.ts'
import { formatAge } from '../../../src/cli/format.ts'
import { startProgress, timeLeft } from '../../../src/cli/progress.ts'
import { columnsOf, renderFields, renderTable, wrapText } from '../../../src/cli/table.ts'
import type { OwnedObjectJson, PeersJson, StatusJson } from '../../../src/gateway/index.ts'
import type { RecordedEvent } from '../../../src/node/index.ts'
import { unsealedObjectBytes } from '../../../src/seal/index.ts'
import { World } from './world.ts'

const PEER = '12D3KooWPZEgE8pQkKNXiPvkcEqMxvFzJn8QFLJr9FAqbm3sSi6m'
const CID = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const DAY_MS = 86_400_000

const peer = (over: Partial<PeersJson['peers'][number]> = {}): PeersJson['peers'][number] => ({
  id: PEER,
  self: false,
  live: true,
  connected: true,
  path: 'relayed',
  carrier: 'noise',
  rttMicros: 1_234_567,
  predictedRttMicros: 1_234_567,
  coordinateErrorPpm: 1_500_000,
  capacityBytes: 1023 * 2 ** 40,
  draining: false,
  freeBytes: 1023 * 2 ** 30,
  reliabilityPpm: 1_000_000,
  failureDomain: 'a-domain-with-a-name.as-long-as.a-domain:may-have.64-characters-',
  version: '10.11.12-beta.13',
  uptimeSeconds: 400 * 86_400,
  reportedAtMs: 1,
  multiaddrs: [],
  ...over
})

const object = (name: string): OwnedObjectJson => ({
  cid: CID,
  link: '',
  name,
  sizeBytes: 1023 * 2 ** 30,
  sealed: true,
  k: 128,
  n: 256,
  createdAtMs: 0,
  leaseExpiresAtMs: 400 * DAY_MS,
  missing: 256,
  checkedMs: 399 * DAY_MS
})

const NAMES = ['a', 'x'.repeat(255), '図'.repeat(85), 'é'.repeat(127), '\u001b[2Jevil\n', '👩‍🚀'.repeat(20), '']

const NO_DAMAGE: StatusJson['damage'] = {
  ...{ damagedEntries: 0, restoredEntries: 0, indexRebuilt: false, shardsFound: 0 },
  ...{ badBlocks: 0, damagedShards: 0, shardsSetAside: 0 }
}

const status = (usage: StatusJson['usage']): StatusJson => ({
  state: 'running',
  ready: false,
  peerId: PEER,
  version: '0.1.0',
  uptimeSeconds: 1,
  network: { id: '07'.repeat(32), name: 'n'.repeat(64), code: { k: 1, n: 2 } },
  multiaddrs: [
    `/ip6/2001:db8:1111:2222:3333:4444:5555:6666/udp/65535/quic-v1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`,
    `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`
  ],
  peers: { known: 1000, live: 1000, connected: 300 },
  coordinate: { errorPpm: 1_500_000, samples: 1_000_000, refused: 1_000, neighbours: 32 },
  fill: {
    ...{
      targets: 1000,
      movedShards: 1_000_000,
      movedBytes: 2 ** 50,
      manifests: 1_000_000,
      failures: 1_000_000
    },
    ...{ takenShards: 1_000_000, takenBytes: 2 ** 50 }
  },
  dht: 'client',
  dhtRecords: { entries: 16_384, bytes: 4_000_000 },
  rendezvous: 'off',
  field: { state: 'current', round: 12, slots: 3, slotBytes: 400, waiting: 0 },
  map: { state: 'stale', slot: 1_000_000, ageMs: 86_400_000, hasQuorum: false, placementEra: 0 },
  usage,
  homeostat: {
    ...{ heat: 0.25, source: 'service time' as const, forecast: 0.5, temperature: 0.2, logPartition: -1 },
    ...{ divergence: 0, imbalance: 1, action: 0, objective: 0, concurrencyLimit: 64, inFlight: 0 },
    ...{ copies: 2, refused: 1_000_000 }
  },
  damage: {
    ...NO_DAMAGE,
    badBlocks: 3,
    damagedShards: 2,
    shardsSetAside: 1,
    damagedEntries: 2,
    restoredEntries: 1
  }
})

const GIB = 2 ** 30

describe('cli: output fits the terminal', () => {
  const expectFit = (text: string, width: number): void => {
    for (const line of text.split('\n')) expect(columnsOf(line), line).to.be.at.most(width)
  }

  for (const width of [80, 100, 200]) {
    it(`lists of ${width} columns`, () => {
      const peers = Array.from({ length: 20 }, (_, index) =>
        peer({ self: index === 0, freeBytes: index && 2 ** 39 })
      )
      expectFit(peersText(peers, width), width)
      expectFit(listText(NAMES.map(object), 0, unsealedObjectBytes, width), width)
    })

    it(`texts of ${width} columns`, () => {
      const advice =
        'Forward the listening ports by hand and name the outer address with --announce. '.repeat(4)
      expectFit(findingText({ check: 'NAT', state: 'weak', detail: advice, advice }, width), width)
      expectFit(
        statusText('http://127.0.0.1:4780', status({ quotaBytes: GIB, usedBytes: 0, freeBytes: 0 }), width),
        width
      )
    })
  }

  it('events wrap in a terminal, and stay whole lines elsewhere', () => {
    const event: RecordedEvent = {
      ...{
        sequence: 1,
        atMs: 0,
        room: 'heal',
        kind: 'repaired',
        reason: 'a holder has been gone for long '.repeat(5)
      },
      ...{ cid: 'bafy'.repeat(15), peer: '12D3'.repeat(13), data: { shards: 2 } }
    }
    for (const width of [80, 120]) expectFit(fittedEvent(event, width), width)
    expect(fittedEvent(event, undefined).split('\n')).to.have.length(1)
  })

  it('with whole ids on request', () => {
    expect(peersText([peer()])).to.include(PEER)
    expect(listText([object('a')], 0, unsealedObjectBytes)).to.include(CID)
    expect(peersText([peer()], 80)).to.not.include(PEER)
  })

  it('shortens values in the middle, and leaves out optional columns', () => {
    const rows = [{ a: 'beginning-and-ending.jpg', b: 1 }]
    const columns = [
      { head: 'A', least: 9, cell: ({ a }: { a: string }) => a },
      { head: 'B', spare: 1, cell: ({ b }: { b: number }) => b }
    ]
    expect(renderTable(rows, columns).split('\n')[1]).to.equal('beginning-and-ending.jpg  1')
    expect(renderTable(rows, columns, 16).split('\n')[1]).to.equal('beginn…ng.jpg  1')
    expect(renderTable(rows, columns, 11).split('\n')[0]).to.equal('A')
  })

  it('counts the columns of wide and combining characters', () => {
    expect(['a', '図', 'e\u0301', '👋', 'é'].map(columnsOf)).to.deep.equal([1, 2, 1, 2, 1])
    expect(wrapText('one two three', 7)).to.deep.equal(['one two', 'three'])
    expect(wrapText('x'.repeat(10), 4)).to.deep.equal(['xxxx', 'xxxx', 'xx'])
    expect(renderFields([['n', 'one two three']], 12)).to.equal('n  one two three')
  })

  it('does not let a name steer the terminal', () => {
    const text = listText(NAMES.map(object), 0, unsealedObjectBytes, 80)
    expect(text).to.not.match(/[^\P{C}\n]/u)
    expect(text.split('\n')).to.have.length(NAMES.length + 1)
  })
})

describe('cli: ls', () => {
  it('shows the size of the file, not of the stored bytes', () => {
    const [, line] = listText(
      [{ ...object('a'), sizeBytes: 320 + 5 + 32 }],
      0,
      unsealedObjectBytes,
      80
    ).split('\n')
    expect(line).to.match(/^a +5 B /)
  })

  it('filters by part of a name, by pattern and by id, ignoring case', () => {
    const photo = { name: 'Photo (1).JPG', cid: CID }
    for (const filter of [undefined, 'photo', '(1)', '*.jpg', 'p*g', CID, '…52zy'.slice(1)]) {
      expect(matcherOf(filter)(photo), String(filter)).to.equal(true)
    }
    for (const filter of ['*.png', 'photo*x', '.jpgx', '[', '.*']) {
      expect(matcherOf(filter)(photo), filter).to.equal(false)
    }
  })
})

describe('cli: warnings', () => {
  it('shows a full disk in status', () => {
    expect(diskText({ quotaBytes: 10 * GIB, usedBytes: GIB, freeBytes: 9 * GIB })).to.not.match(
      /full|no more|takes/
    )
    expect(diskText({ quotaBytes: 10 * GIB, usedBytes: GIB, freeBytes: GIB })).to.include(
      'the disk has no more'
    )
    expect(diskText({ quotaBytes: 10 * GIB, usedBytes: GIB, freeBytes: 0 })).to.include('DISK IS FULL')
    expect(diskText({ quotaBytes: 10 * GIB, usedBytes: 10 * GIB, freeBytes: 0 })).to.include(
      'quota is used up'
    )
    expect(diskText({ quotaBytes: 0, usedBytes: 0, freeBytes: 0 })).to.equal('lends nothing')
  })

  it('shows a clock that the peers contradict', () => {
    const usage = { quotaBytes: GIB, usedBytes: 0, freeBytes: GIB }
    expect(statusText('u', { ...status(usage), clockAgrees: false }, 80)).to.include('set the clock')
    for (const clockAgrees of [true, undefined]) {
      expect(statusText('u', { ...status(usage), clockAgrees }, 80)).to.not.include('clock')
    }
  })

  it('shows what has moved from fuller peers and to emptier ones', () => {
    const none = {
      targets: 0,
      movedShards: 0,
      movedBytes: 0,
      manifests: 0,
      failures: 0,
      takenShards: 0,
      takenBytes: 0
    }
    expect(fillText(none)).to.equal('nothing has moved')
    expect(fillText({ ...none, takenShards: 1, takenBytes: 2 ** 20 })).to.equal(
      'took 1 shard (1.0 MiB) from fuller peers'
    )
    expect(fillText({ ...none, targets: 2, movedShards: 3, movedBytes: 2 ** 20, failures: 1 })).to.equal(
      'gave 3 shards (1.0 MiB) to emptier peers; 1 shard not taken; 2 peers are much emptier'
    )
  })

  it('shows damaged shards', () => {
    const text = statusText('u', status({ quotaBytes: GIB, usedBytes: 0, freeBytes: GIB }), 80)
    expect(text).to.include('3 damaged blocks in 2 shards')
    expect(text).to.include('1 shard lost and set aside')
    expect(text).to.include('1 damaged entry of the index')
    expect(damageText(NO_DAMAGE)).to.deep.equal([])
  })

  it('shows full disks in peers', () => {
    expect(peersText([peer({ freeBytes: 0 })], 80)).to.include('live, full')
    expect(peersText([peer({ freeBytes: 0, capacityBytes: 0 })], 80)).to.not.include('full')
  })
})

describe('cli: progress', () => {
  it('shows the remaining time once it can be estimated', () => {
    expect(timeLeft(50, 100, 10_000)).to.equal('  10.0 s left')
    expect(timeLeft(25, 100, 60_000)).to.equal('  3 min left')
    for (const [bytes, elapsedMs] of [
      [0, 5000],
      [100, 5000],
      [50, 500]
    ]) {
      expect(timeLeft(bytes, 100, elapsedMs)).to.equal('')
    }
  })

  it('sends no escape codes to a terminal without them', async () => {
    const world = await World.create()
    const { io } = world
    const terminal = Object.assign(io.stderr, { isTTY: true, columns: 80 })
    const progress = await startProgress(
      { ...io, stderr: terminal, env: { TERM: 'dumb' } },
      'put',
      100,
      false
    )
    progress.update(50)
    progress.stop()
    expect((terminal as unknown as { read: () => unknown }).read()).to.equal(null)
    expect(wantsColor({ ...io, stdout: terminal, env: { TERM: 'dumb' } })).to.equal(false)
    expect(wantsColor({ ...io, stdout: terminal, env: { TERM: 'xterm' } })).to.equal(true)
    await world.remove()
  })

  it('shows ages in one unit', () => {
    expect([0, 61_000, 3_600_000, DAY_MS * 400].map(formatAge)).to.deep.equal([
      '0 s',
      '1 min',
      '1 h',
      '400 d'
    ])
  })
})
