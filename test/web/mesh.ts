// npm run test:web: thhe/browser in a page of another origin, through a gateway, over peers that are killed.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createGateway } from '../../src/gateway/index.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import { connect } from '../../src/sdk/index.ts'
import { buffer } from 'node:stream/consumers'
import { launchChromium } from '../integration/web/browser.ts'
import { Cluster, overriding } from '../support/cluster.ts'
import { FakeNode, TOKEN } from '../unit/gateway/fake-node.ts'

const MIB = 1 << 20
const [K, N] = [3, 6]

describe('thhe/browser in Chromium over a mesh', function () {
  let browser: Browser
  let cluster: Cluster
  let gateway: Gateway
  let pages: Server
  let page: Page

  before(async function () {
    const launched = await launchChromium()
    if (launched === undefined) this.skip()
    browser = launched
    const { outputFiles } = await build({
      entryPoints: [new URL('../../src/browser/index.ts', import.meta.url).pathname],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'silent',
      tsconfigRaw: {}
    })
    pages = createServer(({ url }, response) => {
      response.setHeader('content-type', url === '/thhe.js' ? 'text/javascript' : 'text/html')
      response.end(
        url === '/thhe.js'
          ? outputFiles[0].text
          : '<script type="module">window.thhe = await import("/thhe.js")</script>'
      )
    })
    pages.listen(0, '127.0.0.1')
    await once(pages, 'listening')
    cluster = await Cluster.start(N + 1, { k: K, n: N })
    const node = overriding<FakeNode>(await FakeNode.create(), { objects: cluster.peers[0].hologram })
    gateway = createGateway({ node }, { origins: [origin()] })
    await gateway.start()
    page = await browser.newPage()
    page.setDefaultTimeout(40_000)
    await page.goto(origin())
    await page.waitForFunction(() => 'thhe' in globalThis)
  })
  after(async () => {
    await browser?.close()
    await gateway?.stop()
    await cluster?.stop()
    pages?.closeAllConnections()
    pages?.close()
  })

  const origin = (): string => `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
  const run = async <T>(body: string): Promise<T> =>
    await page.evaluate<T>(`(async () => {
      const gateway = new thhe.Gateway({ url: '${gateway.url}', token: '${TOKEN}' })
      const digest = async (bytes) => {
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
        return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
      }
      const readAll = async (link) => {
        const file = await thhe.openLink(gateway, link)
        const parts = []
        for await (const part of file.read()) parts.push(part)
        return await new Blob(parts).arrayBuffer()
      }
      ${body}
    })()`)

  const sha256 = async (bytes: Uint8Array): Promise<string> =>
    Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString('hex')

  it('puts a sealed file, which the command line opens, and reads it back with peers killed', async () => {
    const { link, digest } = await run<{ link: string; digest: string }>(`
      const bytes = new Uint8Array(${9 * MIB})
      for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
      const { link } = await thhe.putBytes(gateway, new Blob([bytes]), { name: 'a.bin' })
      return { link, digest: await digest(bytes) }
    `)
    const file = await (await connect({ api: gateway.url, token: TOKEN })).get(link)
    expect(await sha256(await buffer(file.bytes))).to.equal(digest)
    const victims = cluster.peers.slice(1, 1 + N - K - 1)
    for (const victim of victims) await victim.kill()
    expect(await run(`return await digest(await readAll('${link}'))`)).to.equal(digest)
    expect(
      await run(
        `return await readAll('${link.replace(/#.*/, `#${'A'.repeat(43)}`)}').catch(({ code }) => code)`
      )
    ).to.equal('WRONG_KEY')
  })

  it('opens what the command line put', async () => {
    const bytes = randomBytes(2 * MIB)
    const mesh = await connect({ api: gateway.url, token: TOKEN })
    const { link } = await mesh.put(bytes, { k: 2, n: 4 })
    expect(await run(`return await digest(await readAll('${link}'))`)).to.equal(await sha256(bytes))
  })

  it('is refused where its origin is not allowed', async () => {
    const other = createGateway({ node: await FakeNode.create() })
    await other.start()
    const answer = await page.evaluate<string>(
      `fetch('${other.url}/v1/status').then(() => 'answered', () => 'refused')`
    )
    await other.stop()
    expect(answer).to.equal('refused')
  })
})
