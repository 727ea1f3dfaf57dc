import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { NodeClient } from '../../../src/cli/client.ts'
import { HEADER_BYTES, sealStream } from '../../../src/seal/index.ts'
import { openTensor } from '../../../src/cli/tensors/get.ts'
import { writeAtomically } from '../../../src/cli/objects/atomic-file.ts'
import { openObject, readLink } from '../../../src/cli/objects/get.ts'
import { putSource } from '../../../src/cli/objects/put.ts'
import type { PutArguments, PutOutcome } from '../../../src/cli/objects/put.ts'
import { parseRangeArgument } from '../../../src/cli/objects/range.ts'
import { openSource } from '../../../src/cli/objects/source.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { codeOf, startGateway, World } from './world.ts'

const SEALED: PutArguments = { isPublic: false, quiet: true }
const KIB = 1024

describe('cli: objects through a gateway', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let client: NodeClient

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway, client } = await startGateway(world.interruption.signal))
  })
  afterEach(async () => {
    await gateway.stop()
    await world.remove()
  })

  /** A file that was left alone for an hour. */
  const file = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = world.path(name)
    await writeFile(path, bytes)
    const anHourAgo = new Date(Date.now() - 3_600_000)
    await utimes(path, anHourAgo, anHourAgo)
    return path
  }
  const put = async (path: string, init: Partial<PutArguments> = {}): Promise<PutOutcome> => {
    const source = await openSource(path, world.io)
    try {
      return await putSource(client, world.io, { ...SEALED, ...init }, source)
    } finally {
      await source.close()
    }
  }
  const get = async (link: string, range?: string): Promise<Buffer> => {
    const asked = range === undefined ? undefined : parseRangeArgument(range)
    const { bytes } = await openObject(client, await readLink(client, link), asked)
    return await buffer(bytes)
  }
  const records = async (): Promise<string[]> => await readdir(world.path('state/thhe/puts')).catch(() => [])

  for (const size of [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 3_000_001]) {
    it(`seals ${size} bytes on the way out and opens them on the way in`, async () => {
      const bytes = randomBytes(size)
      const { link, cid, sealed, plainBytes } = await put(await file('f', bytes))
      expect([sealed, plainBytes]).to.deep.equal([true, size])
      const kept = Buffer.from(node.kept.get(cid)?.bytes ?? [])
      expect(kept).to.have.length.above(size)
      // A byte or two stand in any ciphertext now and then.
      if (size >= 32) expect(kept.indexOf(bytes.subarray(0, 32)), 'plaintext at the node').to.equal(-1)
      expect((await get(link)).equals(bytes)).to.equal(true)
    })
  }

  for (const isPublic of [false, true]) {
    it(`gets ranges of ${isPublic ? 'a public' : 'a sealed'} object`, async () => {
      const bytes = randomBytes(300 * KIB)
      const { link } = await put(await file('f', bytes), { isPublic })
      for (const [range, start, end] of [
        ['0-0', 0, 1],
        ['65530-65541', 65_530, 65_542],
        ['131072-', 131_072, bytes.length],
        ['-5', bytes.length - 5, bytes.length],
        ['100-9999999', 100, bytes.length]
      ] as const) {
        expect((await get(link, range)).equals(bytes.subarray(start, end)), range).to.equal(true)
      }
      expect(await codeOf(get(link, '9999999-'))).to.equal('USAGE')
    })
  }

  it('reads objects that were sealed before objects had headers', async () => {
    const bytes = randomBytes(200_000)
    const key = randomBytes(32)
    const stored = await buffer(sealStream(key)(Readable.from([bytes])))
    const cid = node.keep(stored, { sealed: true }).toString()
    const link = `${cid}#${key.toString('base64url')}`
    expect((await get(link)).equals(bytes)).to.equal(true)
    expect((await get(link, '70000-140000')).equals(bytes.subarray(70_000, 140_001))).to.equal(true)
  })

  it('gets ranges of an empty object', async () => {
    for (const isPublic of [false, true]) {
      const { link } = await put(await file('f', Buffer.alloc(0)), { isPublic })
      for (const range of ['-5', '0-', '0-99']) expect(await get(link, range), range).to.have.length(0)
      expect(await codeOf(get(link, '1-'))).to.equal('USAGE')
    }
  })

  it('sends the name of a sealed file, unseen by the node', async () => {
    const { link, cid } = await put(await file('holiday in São Tomé.jpg', randomBytes(100)))
    const object = await openObject(client, await readLink(client, link))
    expect(object.name).to.equal('holiday in São Tomé.jpg')
    object.close()
    expect(Buffer.from(node.kept.get(cid)?.bytes ?? []).includes('holiday')).to.equal(false)
  })

  it('puts a public object unchanged, and prints a link without a key', async () => {
    const { link, cid } = await put(await file('f', Buffer.from('open')), { isPublic: true })
    expect(link).to.not.include('#')
    expect(Buffer.from(node.kept.get(cid)?.bytes ?? []).toString()).to.equal('open')
  })

  it('passes the options on', async () => {
    const { cid } = await put(await file('f', Buffer.from('x')), {
      k: 3,
      n: 5,
      margin: 1,
      code: 'rs8p',
      fewer: true,
      lease: '2d'
    })
    const options = node.kept.get(cid)?.options
    expect(options).to.deep.include({
      k: 3,
      n: 5,
      margin: 1,
      code: 'rs8p',
      allowFewerShards: true,
      name: 'f',
      sealed: true
    })
  })

  it('reads standard input when the file is a dash', async () => {
    const source = await openSource('-', {
      ...world.io,
      stdin: Readable.from([Buffer.from('one '), Buffer.from('two')])
    })
    const { link, name, cid } = await putSource(client, world.io, SEALED, source)
    expect(name).to.equal('stdin')
    expect(node.kept.get(cid)?.options).to.include({ oneShot: true })
    const resumable = await put(await file('again', Buffer.from('x')))
    expect(node.kept.get(resumable.cid)?.options).to.include({ oneShot: false })
    expect((await get(link)).toString()).to.equal('one two')
  })

  describe('refuses', () => {
    it('a directory, and says how to put one', async () => {
      await mkdir(world.path('d'))
      expect(await codeOf(put(world.path('d')))).to.equal('IS_DIRECTORY')
    })

    it('a missing file', async () => {
      expect(await codeOf(put(world.path('none')))).to.equal('NO_SUCH_FILE')
    })

    it('a terminal as input', async () => {
      const stdin = Object.assign(Readable.from([]), { isTTY: true })
      expect(await codeOf(openSource('-', { ...world.io, stdin }))).to.equal('USAGE')
    })

    it('a sealed object without its key', async () => {
      const { cid } = await put(await file('f', randomBytes(100)))
      expect(await codeOf(get(cid))).to.equal('BAD_KEY')
      expect(await codeOf(get(cid, '0-1'))).to.equal('BAD_KEY')
    })

    it('an object that is not sealed, for a link with a key', async () => {
      const { cid } = await put(await file('f', randomBytes(100)), { isPublic: true })
      const link = `${cid}#${Buffer.alloc(32, 1).toString('base64url')}`
      expect(await codeOf(get(link))).to.equal('NOT_SEALED')
      expect(await codeOf(get(link, '0-1'))).to.equal('NOT_SEALED')
      const open = openTensor(client, await readLink(client, link))
      expect(await codeOf(open)).to.equal('NOT_A_TENSOR')
    })

    it('another key', async () => {
      const { cid } = await put(await file('f', randomBytes(100)))
      const wrong = Buffer.alloc(32, 1).toString('base64url')
      expect(await codeOf(get(`${cid}#${wrong}`))).to.equal('WRONG_KEY')
      expect(await codeOf(get(`${cid}#${wrong}`, '0-1'))).to.equal('WRONG_KEY')
    })

    it('a link of another network', async () => {
      const { link } = await put(await file('f', randomBytes(100)))
      expect(await codeOf(get(link.replace('thhe:07070707', 'thhe:01010101')))).to.equal('WRONG_NETWORK')
    })

    it('an object that no peer knows', async () => {
      const { link } = await put(await file('f', randomBytes(100)))
      node.kept.clear()
      expect(await codeOf(get(link))).to.equal('NOT_FOUND')
      expect(await codeOf(get(link, '0-1'))).to.equal('NOT_FOUND')
    })

    it('changes without the token', async () => {
      client = new NodeClient({ url: gateway.url, signal: world.interruption.signal })
      expect(await codeOf(put(await file('f', randomBytes(100))))).to.equal('UNAUTHORIZED')
    })
  })

  describe('a file changed while it is read', () => {
    it('never becomes an object, and its key is forgotten', async () => {
      const path = await file('f', randomBytes(3_000_000))
      for (const isPublic of [false, true]) {
        const source = await openSource(path, world.io)
        await appendFile(path, 'more')
        const outcome = putSource(client, world.io, { ...SEALED, isPublic }, source)
        expect(await codeOf(outcome)).to.equal('FILE_CHANGED')
        await source.close()
      }
      expect(node.kept.size).to.equal(0)
      expect(await records()).to.deep.equal([])
      expect(node.abandoned, 'holders free at once what they have').to.have.lengthOf(2)
    })
  })

  describe('an interrupted put', () => {
    const lost = new HologramError('NOT_DURABLE', 'too few', { acknowledged: 1, required: 3, reasons: [] })
    it('continues with the same key, so that the sealed bytes and the id are the same', async () => {
      const path = await file('f', randomBytes(200_000))
      node.failPut = lost
      expect(await codeOf(put(path))).to.equal('NOT_DURABLE')
      expect(await records()).to.have.length(1)
      node.failPut = undefined
      const first = JSON.parse(
        await readFile(world.path('state/thhe/puts', (await records())[0]), 'utf8')
      ) as {
        key: string
      }
      const outcome = await put(path)
      expect(outcome.resumed).to.equal(true)
      expect(outcome.link.split('#')[1]).to.equal(first.key)
      expect(await records(), 'records after success').to.deep.equal([])
    })

    it('starts over with another key when the file has changed', async () => {
      const path = await file('f', randomBytes(1000))
      node.failPut = lost
      await codeOf(put(path))
      await file('f', randomBytes(1000))
      node.failPut = undefined
      expect((await put(path)).resumed).to.equal(false)
    })

    it('never reuses a key when the file changes during the second put', async () => {
      const chunk = 64 * KIB
      const before = randomBytes(40 * chunk)
      const path = await file('f', before)
      const attempts: Buffer[] = []
      const { put: keep } = node.objects
      node.objects.put = async (source, options) => {
        const parts: Uint8Array[] = []
        attempts.push(Buffer.alloc(0))
        for await (const part of source) {
          parts.push(part)
          attempts[attempts.length - 1] = Buffer.concat(parts)
          if (attempts.length === 1 && Buffer.concat(parts).length > 3 * chunk) throw lost
        }
        return await keep(
          (async function* () {
            yield* parts
          })(),
          options
        )
      }
      expect(await codeOf(put(path))).to.equal('NOT_DURABLE')
      const source = await openSource(path, world.io)
      const after = Buffer.from(before)
      after.fill('a secret that was written later; ', 2 * chunk, 3 * chunk)
      await writeFile(path, after)
      const outcome = putSource(client, world.io, SEALED, source)
      expect(await codeOf(outcome)).to.equal('FILE_CHANGED')
      await source.close()
      // What both attempts have in common in the changed chunk is what the plaintexts have in common, if nonces repeat.
      const at = HEADER_BYTES + 2 * (chunk + 32) + 16
      const [one, two] = attempts.map((bytes) => bytes.subarray(at, at + chunk / 2))
      expect(one).to.have.length(chunk / 2)
      expect(two).to.have.length(chunk / 2)
      const recovered = one.map((byte, index) => byte ^ two[index] ^ before[2 * chunk + index])
      expect(Buffer.from(recovered).includes('a secret')).to.equal(false)
      expect(await records(), 'the key is forgotten').to.deep.equal([])
    })

    it('continues even when the file was written a moment ago', async () => {
      const path = world.path('new')
      await writeFile(path, randomBytes(1000))
      node.failPut = lost
      await codeOf(put(path))
      node.failPut = undefined
      expect((await put(path)).resumed).to.equal(true)
    })
  })

  describe('a get that fails midway', () => {
    const lost = new HologramError('NOT_ENOUGH_SHARDS', '2 more are needed', {
      needed: 5,
      live: 3,
      missing: 2
    })

    it('reports why, and leaves no file behind', async () => {
      const { link } = await put(await file('f', randomBytes(2_000_000)))
      node.pieceBytes = 100_000
      node.failGet = { afterBytes: 1_000_000, error: lost }
      const { bytes } = await openObject(client, await readLink(client, link))
      const error = await writeAtomically(world.path('out'), bytes, false).catch((thrown: unknown) => thrown)
      expect(error).to.deep.include({ code: 'NOT_ENOUGH_SHARDS', data: { needed: 5, live: 3, missing: 2 } })
      expect(await readdir(world.folder)).to.not.include('out')
      expect((await readdir(world.folder)).filter((name) => name.endsWith('.part'))).to.deep.equal([])
    })

    it('never mistakes a broken connection for the end of the object', async () => {
      const { link } = await put(await file('f', randomBytes(8_000_000)), { isPublic: true })
      const { bytes } = await openObject(client, await readLink(client, link))
      const iterator = bytes[Symbol.asyncIterator]()
      await iterator.next()
      await gateway.stop()
      const drain = async (): Promise<void> => {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
      }
      expect(await codeOf(drain())).to.be.oneOf(['NODE_GONE', 'ABORTED'])
    })

    it('ends with the reason of the interruption', async () => {
      const { link } = await put(await file('f', randomBytes(8_000_000)), { isPublic: true })
      const { bytes } = await openObject(client, await readLink(client, link))
      const reason = new Error('interrupted')
      const read = buffer(bytes)
      world.interruption.abort(reason)
      expect(await read.catch((error: unknown) => error)).to.equal(reason)
    })
  })

  it('reports that no node answers', async () => {
    await gateway.stop()
    expect(await codeOf(client.status())).to.equal('NODE_UNREACHABLE')
  })

  it('lists, describes and removes', async () => {
    const { cid } = await put(await file('f', randomBytes(100)))
    const listed = []
    for await (const object of client.list()) listed.push(object.cid)
    expect(listed).to.deep.equal([cid])
    expect(await client.stat(cid)).to.deep.include({ live: 1, spare: 0 })
    expect(await client.remove(cid)).to.deep.include({ confirmed: 1 })
    expect(node.kept.size).to.equal(0)
  })
})
