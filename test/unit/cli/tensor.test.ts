import { readFile, writeFile } from 'node:fs/promises'
import type { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import type { Io } from '../../../src/cli/io.ts'
import { parser } from '../../../src/cli/main.ts'
import { readTensorFile } from '../../../src/cli/tensors/file.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import {
  encodeParameters,
  encodeTensor,
  readNpy,
  readPng,
  tensorOf,
  writeNpy,
  writePng
} from '../../../encoder/tensor/index.ts'
import type { TensorParameters } from '../../../encoder/tensor/index.ts'
import { drawnPicture, expectSame } from '../encoder/tensor/support.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { codeOf, startGateway, World } from './world.ts'

const PICTURE = drawnPicture(160, 200)
const CODE = ['--k', '6', '--n', '9']

interface Got {
  readonly layers: number
  readonly layersInAll: number
  readonly error: { readonly rms: number }
  readonly bytesRead: number
}

describe('cli: tensors through a gateway', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let endpoint: string[]

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway } = await startGateway(world.interruption.signal))
    await writeFile(world.path('token'), TOKEN)
    endpoint = ['--api', gateway.url, '--token-file', world.path('token')]
    await writeFile(world.path('picture.png'), writePng(PICTURE))
  })
  afterEach(async () => {
    await gateway.stop()
    await world.remove()
  })

  /** Runs `thhe tensor ...` and gives what it printed. */
  const thhe = async (...args: string[]): Promise<string> => {
    const io: Io = { ...world.io }
    await parser(['tensor', ...args, ...endpoint, '--quiet'], io).parseAsync()
    ;(io.stdout as PassThrough).end()
    return await text(io.stdout as PassThrough)
  }
  const put = async (name: string, ...flags: string[]): Promise<string> =>
    (await thhe('put', world.path(name), ...CODE, ...flags)).trim()
  const get = async (link: string, name: string, ...flags: string[]): Promise<Got> =>
    JSON.parse(await thhe('get', link, '-o', world.path(name), '--json', ...flags)) as Got
  const read = async (name: string): Promise<Uint8Array> => await readFile(world.path(name))

  for (const flags of [[], ['--public']]) {
    it(`puts a picture ${flags.join('') || 'sealed'}, and gets it back bit by bit`, async () => {
      const link = await put('picture.png', ...flags)
      expect(link.includes('#')).to.equal(flags.length === 0)
      expect(await get(link, 'copy.png')).to.deep.include({ error: { rms: 0, peak: 0 }, fidelity: 1 })
      expectSame(readPng(await read('copy.png')), PICTURE)
    })
  }

  it('keeps arrays of any type, empty ones too, in .npy files', async () => {
    const numbers = tensorOf(
      Float64Array.from({ length: 3000 }, (_, i) => Math.sin(i / 50)),
      [50, 60]
    )
    for (const tensor of [
      numbers,
      { ...numbers, order: 'F' as const },
      tensorOf(new Int16Array(0), [0, 4])
    ]) {
      for (const flags of [[], ['--public']]) {
        await writeFile(world.path('array.npy'), writeNpy(tensor))
        await get(await put('array.npy', ...flags), 'copy.npy', '--force')
        expectSame(readNpy(await read('copy.npy')), tensor)
      }
    }
  })

  it('hides shape and bytes from readers without the key', async () => {
    const link = await put('picture.png')
    const [{ bytes, options }] = [...node.kept.values()]
    expect(options).to.include({ sealed: true })
    expect(Buffer.from(options.tensor!.parameters).includes('uint8')).to.equal(false)
    expect(bytes.length).to.be.above(1000)
    expect(await codeOf(thhe('stat', link.split('#')[0]))).to.equal('BAD_KEY')
    const other = `${link.split('#')[0]}#${Buffer.alloc(32).toString('base64url')}`
    expect(await codeOf(thhe('get', other, '-o', world.path('out.png')))).to.equal('WRONG_KEY')
  })

  it('refuses a tensor that is not sealed, for a link with a key', async () => {
    const link = `${await put('picture.png', '--public')}#${Buffer.alloc(32).toString('base64url')}`
    for (const flags of [[], ['--preview'], ['--progressive'], ['--max-shards', '3']]) {
      const got = thhe('get', link, '-o', world.path('out.png'), ...flags)
      expect(await codeOf(got), flags.join(' ')).to.equal('NOT_SEALED')
    }
    expect(await codeOf(thhe('stat', link))).to.equal('NOT_SEALED')
  })

  it('gets a preview of the same shape, and reads only the bytes for it', async () => {
    const link = await put('picture.png')
    const [{ options }] = [...node.kept.values()]
    const { layers } = options.tensor!
    const sizes = new Set<number>()
    for (const flags of [['--preview'], ['--max-shards', '3'], ['--max-shards', '5'], []]) {
      const got = await get(link, 'preview.png', '--force', ...flags)
      const read = layers.slice(0, got.layers).reduce((sum, { length }) => sum + length, 0)
      expect(got.bytesRead).to.equal(read)
      expect(readPng(await readFile(world.path('preview.png'))).shape).to.deep.equal(PICTURE.shape)
      sizes.add(got.bytesRead)
    }
    expect(sizes.size).to.be.at.least(3)
    expect(await codeOf(thhe('get', link, '-o', world.path('none.png'), '--max-shards', '0'))).to.equal(
      'USAGE'
    )
  })

  it('keeps the best version so far when holders are lost during the get', async () => {
    const link = await put('picture.png', '--public')
    const [{ options }] = [...node.kept.values()]
    const { layers } = options.tensor!
    const fewest = layers.filter(({ k }) => k === layers[0].k)
    const first = fewest.reduce((sum, { length }) => sum + length, 0)
    const reads: number[] = []
    const { open } = node.objects
    node.objects.open = async (cid, init) => {
      const object = await open(cid, init)
      const read: typeof object.read = (part = {}) => {
        reads.push(part.range?.end ?? -1)
        const isTooFar = part.range !== undefined && part.range.end > first
        if (isTooFar) throw new HologramError('NOT_ENOUGH_SHARDS', 'gone', { needed: 6, live: 2, missing: 4 })
        return object.read(part)
      }
      return { ...object, read }
    }
    const failed = thhe('get', link, '-o', world.path('best.png'), '--progressive')
    expect(await codeOf(failed)).to.equal('NOT_ENOUGH_SHARDS')
    expect(readPng(await read('best.png')).shape).to.deep.equal(PICTURE.shape)
    expect(reads.length).to.be.above(1)
  })

  it('shows the layers, and the error of each', async () => {
    const shown = await thhe('stat', await put('picture.png'))
    expect(shown).to.include('uint8 (160, 200, 3)')
    expect(shown).to.match(/LAYER\s+SHARDS\s+STORED\s+RMS ERROR\s+MAX\s+FIDELITY/)
    expect(shown).to.match(/6\s+\S+ KiB\s+none\s+none\s+1\.000/)
  })

  it('shows errors in units of the data, and as a share of its range', async () => {
    const waves = Float32Array.from(
      { length: 100 * 120 },
      (_, i) => 40 * Math.sin(i / 3000) * Math.cos(i / 20)
    )
    await writeFile(world.path('waves.npy'), writeNpy(tensorOf(waves, [100, 120])))
    const link = await put('waves.npy')
    const shown = await thhe('stat', link)
    const [, least, greatest] = /range\s+(\S+) to (\S+)/.exec(shown)!
    expect(Number(least)).to.be.closeTo(Math.min(...waves), 0.001)
    expect(Number(greatest)).to.be.closeTo(Math.max(...waves), 0.001)
    const { tensor } = JSON.parse(await thhe('stat', link, '--json')) as { tensor: TensorParameters }
    const [{ rms, peak }] = tensor.errors
    const share = (error: number): string =>
      `${((100 * error) / (tensor.range!.greatest - tensor.range!.least)).toPrecision(2)} %`
    expect(shown).to.include(`${rms.toPrecision(2)} (${share(rms)})`)
    expect(shown).to.include(`${peak.toPrecision(2)} (${share(peak)})`)
    for (const line of shown.split('\n')) expect(line.length).to.be.at.most(80)
  })

  it('refuses data that is not a tensor, in put and get', async () => {
    await writeFile(world.path('text'), 'hello')
    expect(await codeOf(put('text'))).to.equal('BAD_FILE')
    const blob = node.keep(Buffer.from('blob')).toString()
    expect(await codeOf(thhe('get', blob, '-o', world.path('out.npy')))).to.equal('NOT_A_TENSOR')
    const link = await put('picture.png')
    const io = world.io
    const plain = parser(['get', link, '-o', world.path('out'), ...endpoint], io).parseAsync()
    expect(await codeOf(plain)).to.equal('IS_TENSOR')
    expect(await codeOf(thhe('get', link, '-o', world.path('picture.png')))).to.equal('FILE_EXISTS')
    await writeFile(world.path('a.npy'), writeNpy(tensorOf(new Float32Array(9))))
    const array = await put('a.npy')
    expect(await codeOf(thhe('get', array, '-o', world.path('a.png')))).to.equal('UNSUPPORTED')
  })

  it('refuses layers that are longer than the shape allows', async () => {
    const link = await put('picture.png', '--public')
    const [{ options }] = [...node.kept.values()]
    const { tensor } = options
    Object.assign(options, {
      tensor: { ...tensor, layers: tensor!.layers.map(({ k }) => ({ k, length: 2 ** 40 })) }
    })
    expect(await codeOf(thhe('get', link, '-o', world.path('out.png')))).to.equal('CORRUPT')
  })

  it('refuses a tensor that is far larger in memory than on the mesh, unless asked to accept it', async () => {
    const { parameters } = encodeTensor(tensorOf(new Uint8Array(1000)))
    const bomb: TensorParameters = {
      ...parameters,
      shape: [2 ** 28 + 1],
      steps: [],
      codings: ['zstd'],
      errors: [{ rms: 0, peak: 0 }]
    }
    const link = await put('picture.png', '--public')
    const [{ options }] = [...node.kept.values()]
    Object.assign(options, {
      tensor: { parameters: encodeParameters(bomb), layers: [{ k: 6, length: 20 }] }
    })
    const out = world.path('out.npy')
    expect(await codeOf(thhe('get', link, '-o', out))).to.equal('TOO_LARGE')
    expect(await codeOf(thhe('get', link, '-o', out, '--max-size', '256MiB'))).to.equal('TOO_LARGE')
    expect(await codeOf(thhe('get', link, '-o', out, '--max-size', '1GiB'))).to.equal('CORRUPT')
    for (const absurd of ['0', '-1', 'much', '1XB']) {
      expect(await codeOf(thhe('get', link, '-o', out, `--max-size=${absurd}`)), absurd).to.equal('USAGE')
    }
  })

  it('accepts a tensor up to the given size', async () => {
    const link = await put('picture.png')
    const { length } = PICTURE.bytes
    await get(link, 'a.png', '--max-size', `${length}`)
    expect(await codeOf(get(link, 'b.png', '--max-size', `${length - 1}`))).to.equal('TOO_LARGE')
  })

  it('reads a file only up to the largest size of a tensor', async () => {
    const file = (sizeBytes: number | undefined) => ({
      name: 'x.npy',
      sizeBytes,
      bytes: (async function* () {
        yield new Uint8Array(6)
        yield new Uint8Array(4)
      })()
    })
    for (const sizeBytes of [undefined, 10, 0]) {
      expect((await readTensorFile(file(sizeBytes), 10)).length).to.equal(10)
      expect(await codeOf(readTensorFile(file(sizeBytes), 9))).to.equal('TOO_LARGE')
    }
  })
})
