import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Examine, Gateway, S3Control, S3KeyJson } from '../../../src/gateway/index.ts'
import { connect } from '../../../src/sdk/index.ts'
import { sealedObjectBytes } from '../../../src/seal/index.ts'
import { FakeNode, TOKEN } from '../../unit/gateway/fake-node.ts'
import { complaintsOf, launchChromium, picture } from './browser.ts'
import { ask, bearer } from '../../unit/gateway/http.ts'

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))

describe('web page in Chromium', function () {
  let browser: Browser
  let node: FakeNode
  let gateway: Gateway
  let page: Page
  let folder: string
  let complaints: string[]

  before(async function () {
    const launched = await launchChromium()
    if (launched === undefined) this.skip()
    browser = launched
    node = await FakeNode.create()
    const [self] = node.peers()
    const crowd = Array.from({ length: 11 }, (_, index) => ({
      ...{ ...self, self: false, id: `12D3KooWpeer${index}crowd${index}`, rttMicros: 900 + 40 * index }
    }))
    node.peers = () => [self, ...crowd]
    Object.assign(node.config, { s3: '127.0.0.1:9000' })
    const grants: S3KeyJson['grants'] = [{ bucket: '*', rights: ['read', 'list'] }]
    const s3: S3Control = {
      status: () => ({ url: 'http://127.0.0.1:9000', ready: true }),
      keys: async () => [{ accessKeyId: 'THHEKEY', name: 'backup', createdAtMs: 0, grants }],
      createKey: () => Promise.reject(new Error('the page makes no keys')),
      removeKey: () => Promise.reject(new Error('the page removes no keys'))
    }
    const examine: Examine = async () => [
      { check: 'machine', state: 'good', detail: '2 cores' },
      { check: 'disk space', state: 'bad', detail: 'the disk is full', advice: 'Free space.' }
    ]
    gateway = createGateway({ node, s3, examine })
    await gateway.start()
    folder = await mkdtemp(join(tmpdir(), 'thhe-web-'))
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    complaints = complaintsOf(page)
    const answer = await ask(gateway.url, 'POST', '/v1/web/codes', { headers: bearer(TOKEN) })
    const { code } = JSON.parse(answer.body.toString()) as { code: string }
    await page.goto(`${gateway.url}/#open=${code}`)
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
  })
  after(async () => {
    await browser?.close()
    await gateway?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

  it('shows the state of the node, and leaves no code in the address', async () => {
    await page.getByRole('heading', { name: 'This node' }).waitFor()
    expect(page.url()).to.equal(`${gateway.url}/#/`)
    expect(await page.locator('.banner').innerText()).to.equal('Nothing is stored from here yet.')
    await page.getByText('There will be something to see').waitFor()
    const samples = Array.from({ length: 60 }, (_, index) => ({
      ...{ atMs: 1_700_000_000_000 + index * 10_000, usedBytes: 1_000_000 * index, livePeers: 9 },
      ...{
        heat: 0.5 + 0.4 * Math.sin(index / 6),
        takenBytes: 40_000 * index ** 2,
        givenBytes: 900_000 * index
      }
    }))
    await page.route(
      '**/v1/history',
      async (route) => await route.fulfill({ json: { everyMs: 10_000, samples } })
    )
    await page.reload()
    await page.getByRole('img', { name: 'Load. Now:' }).waitFor()
    await page.getByText('3 of').click()
    await page.getByText('/srv/thhe').waitFor()
    await page.getByText('Served at http://127.0.0.1:9000, with 1 access key.').waitFor()
    await page.getByText('read, list in all buckets').waitFor()
    await page.getByRole('button', { name: 'Examine' }).click()
    await page.getByText('Free space.').waitFor()
    expect(await page.locator('dt', { hasText: /^(disk space|machine): / }).allInnerTexts()).to.deep.equal([
      'disk space: broken',
      'machine: fine'
    ])
    await picture(page, 'overview')
  })

  it('seals a file before it leaves the browser, and gives the link that opens it', async () => {
    await writeFile(join(folder, 'numbers.bin'), BYTES)
    await page.getByRole('link', { name: 'Files' }).click()
    await page.locator('input[type=file]').setInputFiles(join(folder, 'numbers.bin'))
    const field = page.getByLabel('Link to numbers.bin')
    await field.waitFor()
    await page.locator('.objects li').waitFor()
    await picture(page, 'files')
    const link = await field.inputValue()
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(link)

    const [kept] = [...node.kept.values()]
    expect(kept.options).to.include({ name: 'numbers.bin', sealed: true })
    expect(kept.bytes.byteLength).to.equal(sealedObjectBytes(BYTES.byteLength))
    const file = await (await connect({ api: gateway.url, token: TOKEN })).get(link)
    expect(file.name).to.equal('numbers.bin')
    expect(BYTES.equals(await buffer(file.bytes))).to.equal(true)
    await page.getByRole('button', { name: 'Dismiss numbers.bin' }).click()
    await field.waitFor({ state: 'detached' })
    node.kept.clear()
  })

  it('stores a public file, saves it, and removes it, by keyboard too', async () => {
    await page.getByLabel('Public: store them unsealed').check()
    await page.locator('input[type=file]').setInputFiles(join(folder, 'numbers.bin'))
    await page.getByLabel('Link to numbers.bin').waitFor()
    await page.getByRole('button', { name: 'Dismiss numbers.bin' }).click()
    expect([...node.kept.values()].map(({ options }) => options.sealed)).to.deep.equal([false])

    await page.locator('.objects').getByRole('link', { name: 'numbers.bin' }).click()
    await page.getByRole('heading', { name: 'Shards and their holders' }).waitFor()
    await page.getByText('The next loss makes it unreadable.').waitFor()
    expect(await page.getByRole('region', { name: 'Table of shards' }).locator('tbody tr').count()).to.equal(
      2
    )
    await picture(page, 'object')
    await page.getByRole('link', { name: 'Files' }).click()

    const saving = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Save' }).click()
    const download = await saving
    expect(download.suggestedFilename()).to.equal('numbers.bin')
    expect(BYTES.equals(await readFile(await download.path()))).to.equal(true)

    await page.getByRole('button', { name: 'Remove numbers.bin' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Remove it' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Nothing yet.').waitFor()
    expect(node.kept.size).to.equal(0)
  })

  it('says why a file could not be stored', async () => {
    node.refusePut = Object.assign(new Error('Only 2 of 5 peers are up.'), { code: 'NOT_ENOUGH_PEERS' })
    await page.locator('input[type=file]').setInputFiles(join(folder, 'numbers.bin'))
    await page.getByText('Only 2 of 5 peers are up.').waitFor()
    node.refusePut = undefined
    await page.getByRole('button', { name: 'Dismiss' }).click()
    // The refusal is in the console as well.
    complaints.splice(0)
  })

  it('shows events as they happen', async () => {
    await page.getByRole('link', { name: 'Events' }).click()
    await page.getByText('Nothing has happened').waitFor()
    node.events.emit({ room: 'heal', kind: 'repaired', reason: 'A holder was lost.' })
    await page.getByText('A holder was lost.').waitFor()
  })

  it('fits a phone, in the dark', async () => {
    await page.setViewportSize({ width: 375, height: 700 })
    await page.emulateMedia({ colorScheme: 'dark' })
    for (const name of ['Overview', 'Files', 'Events']) {
      await page.getByRole('link', { name }).click()
      const width = await page.evaluate<number>('document.documentElement.scrollWidth')
      expect(width, name).to.be.at.most(375)
      await picture(page, `phone-${name.toLowerCase()}`)
    }
  })

  it('is not to be framed or asked by a page of another origin', async () => {
    const foreign = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<iframe src="${gateway.url}/"></iframe>`)
    })
    foreign.listen(0, '127.0.0.1')
    await once(foreign, 'listening')
    try {
      const other = await page.context().newPage()
      await other.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`)
      expect(await other.frames()[1].locator('#page').count()).to.equal(0)
      const asked = await other.evaluate<string>(
        `fetch('${gateway.url}/v1/objects', { credentials: 'include' }).then(() => 'answered', () => 'refused')`
      )
      expect(asked).to.equal('refused')
      await other.close()
    } finally {
      foreign.closeAllConnections()
      foreign.close()
    }
  })

  it('broke no rule of its own policy, and had no errors', () => {
    expect(complaints).to.deep.equal([])
  })
})
