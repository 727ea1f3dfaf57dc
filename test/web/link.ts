import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { encode } from 'fast-png'
import type { Browser, Page } from 'playwright-core'
import { createGateway } from '../../src/gateway/index.ts'
import type { Gateway } from '../../src/gateway/index.ts'
import { connect } from '../../src/sdk/index.ts'
import type { Client } from '../../src/sdk/index.ts'
import { eventually } from '../support/eventually.ts'
import { FakeNode, TOKEN } from '../unit/gateway/fake-node.ts'
import { complaintsOf, launchChromium, picture } from '../integration/web/browser.ts'

const MIB = 1 << 20
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F 18 Tf 20 40 Td (Sealed document) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
`

/** Silence: RIFF WAVE, 16 bit, two channels, 44.1 kHz. */
const wav = (bytes: number): Buffer => {
  const file = Buffer.alloc(44 + bytes)
  file.write('RIFF')
  file.writeUInt32LE(36 + bytes, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(2, 22)
  file.writeUInt32LE(44_100, 24)
  file.writeUInt32LE(176_400, 28)
  file.writeUInt16LE(4, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(bytes, 40)
  return file
}

describe('links in Chromium', function () {
  let browser: Browser
  let node: FakeNode
  let gateway: Gateway
  let page: Page
  let folder: string
  let mesh: Client
  let complaints: string[]
  const urls: string[] = []
  const keys: string[] = []

  before(async function () {
    const launched = await launchChromium()
    if (launched === undefined) this.skip()
    browser = launched
    node = await FakeNode.create()
    node.pieceBytes = 65_536
    // On all addresses, so that it can be asked from one that is not this machine's own.
    gateway = createGateway({ node }, { listen: '0.0.0.0:0' })
    await gateway.start()
    folder = await mkdtemp(join(tmpdir(), 'thhe-link-'))
    mesh = await connect({
      api: home(),
      token: TOKEN,
      env: { XDG_DATA_HOME: folder, XDG_STATE_HOME: folder }
    })
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    complaints = complaintsOf(page)
    page.on('request', (request) => urls.push(request.url()))
  })
  after(async () => {
    await browser?.close()
    await gateway?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

  const home = (): string => gateway.url.replace('0.0.0.0', '127.0.0.1')
  const put = async (name: string, bytes: Uint8Array | string): Promise<string> => {
    const { link } = await mesh.put(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, { name })
    keys.push(link.split('#')[1])
    return link
  }
  const open = async (link: string): Promise<void> => {
    await page.goto('about:blank')
    await page.goto(`${home()}/#${link}`)
  }

  const until = async (condition: string): Promise<void> =>
    await eventually(condition, async () => await page.evaluate<boolean>(`Boolean(${condition})`))

  it('shows a picture that the command line sealed', async () => {
    const data = new Uint8Array(64 * 48 * 3).map((_, index) => (index * 7) % 256)
    await open(await put('holiday.png', encode({ width: 64, height: 48, data, channels: 3 })))
    await page.getByRole('heading', { name: 'holiday.png' }).waitFor()
    await page.locator('.shown img').waitFor()
    await until("document.querySelector('.shown img')?.naturalWidth === 64")
    await picture(page, 'link-picture')
  })

  it('shows text as text, whatever stands in it', async () => {
    const script = '<script>document.title = "run"</script><svg onload="document.title = 1">'
    for (const name of ['notes.txt', 'page.html', 'image.svg']) {
      await open(await put(name, script))
      expect(await page.locator('.shown pre').innerText()).to.equal(script)
    }
    expect(await page.title()).to.equal('THHE')
    await picture(page, 'link-text')
  })

  it('shows a document, in a frame that is not of the page’s making', async () => {
    await open(await put('paper.pdf', PDF))
    const frame = page.locator('.shown iframe')
    await frame.waitFor()
    expect(await frame.getAttribute('src')).to.match(/^blob:/)
    await page.waitForTimeout(500)
    await picture(page, 'link-document')
  })

  it('plays sound and seeks in it, without fetching what lies between', async () => {
    const bytes = 40 * MIB
    const link = await put('concert.wav', wav(bytes))
    const ranges: Array<readonly [number, number]> = []
    const onRequest = (request: { headers: () => Record<string, string>; url: () => string }): void => {
      const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers().range ?? '')
      if (match !== null && request.url().includes('/v1/objects/'))
        ranges.push([Number(match[1]), Number(match[2])])
    }
    page.on('request', onRequest)
    await open(link)
    await until("document.querySelector('audio')?.readyState >= 1")
    const duration = await page.evaluate<number>("document.querySelector('audio').duration")
    expect(duration).to.be.closeTo(bytes / 176_400, 0.5)
    await page.evaluate("document.querySelector('audio').currentTime = 200")
    await until("!document.querySelector('audio').seeking && document.querySelector('audio').readyState >= 2")
    page.off('request', onRequest)
    const at = 200 * 176_400
    expect(
      ranges.some(([start]) => start > at - MIB && start < at + MIB),
      JSON.stringify(ranges)
    ).to.equal(true)
    const middle = (bytes * 2) / 5
    expect(ranges.some(([start, end]) => start <= middle && middle <= end)).to.equal(false)
    await picture(page, 'link-sound')
  })

  it('plays a video', async () => {
    await page.goto(home())
    const recorded = await page.evaluate<string>(`(async () => {
      const canvas = document.createElement('canvas')
      canvas.width = 64
      canvas.height = 48
      const context = canvas.getContext('2d')
      const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' })
      const parts = []
      recorder.ondataavailable = ({ data }) => parts.push(data)
      const ended = new Promise((resolve) => (recorder.onstop = resolve))
      recorder.start()
      for (let frame = 0; frame < 12; frame++) {
        context.fillStyle = 'hsl(' + frame * 30 + ' 80% 50%)'
        context.fillRect(0, 0, 64, 48)
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
      recorder.stop()
      await ended
      const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
      return btoa(String.fromCharCode(...bytes))
    })()`)
    await open(await put('clip.webm', Buffer.from(recorded, 'base64')))
    await until("document.querySelector('video')?.videoWidth === 64")
    await picture(page, 'link-video')
  })

  it('does not open what it plays as a page of its own', async () => {
    const src = await page.locator('.shown video').getAttribute('src')
    const answer = await page.evaluate<number>(`fetch('${src}').then(({ status }) => status)`)
    expect(answer).to.equal(403)
    const other = await page.context().newPage()
    expect((await other.goto(home() + src))?.status()).to.equal(403)
    await other.close()
    complaints.splice(0)
  })

  it('walks through a folder, and saves a file of it', async () => {
    await mkdir(join(folder, 'trip', 'day 1%'), { recursive: true })
    await writeFile(join(folder, 'trip', 'day 1%', 'notes.md'), '# palms')
    await writeFile(join(folder, 'trip', 'data.bin'), Buffer.alloc(3 * MIB, 5))
    await symlink('elsewhere', join(folder, 'trip', 'away'))
    await open((await mesh.putFolder(join(folder, 'trip'))).link)
    await page.getByRole('link', { name: 'data.bin' }).waitFor()
    await picture(page, 'link-folder')
    await page.setViewportSize({ width: 375, height: 700 })
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).to.be.at.most(375)
    await picture(page, 'phone-link-folder')
    await page.getByRole('link', { name: 'day 1%' }).click()
    await page.getByRole('link', { name: 'notes.md' }).click()
    expect(await page.locator('.shown pre').innerText()).to.equal('# palms')
    await picture(page, 'phone-link-text')
    await page.getByRole('link', { name: 'The folder that it is in' }).click()
    await page.getByRole('link', { name: 'The folder that it is in' }).click()
    await page.getByRole('link', { name: 'away' }).click()
    await page.getByText('It is not followed.').waitFor()
    await page.getByRole('link', { name: 'The folder that it is in' }).click()
    await page.getByRole('link', { name: 'data.bin' }).click()
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save' }).click()
    const download = await saving
    expect(download.suggestedFilename()).to.equal('data.bin')
    expect(Buffer.alloc(3 * MIB, 5).equals(await readFile(await download.path()))).to.equal(true)
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('takes a link by hand', async () => {
    const link = await put('typed.txt', 'by hand')
    await page.goto(`${home()}/#/open`)
    await page.getByLabel('Link').fill(link)
    await page.keyboard.press('Enter')
    expect(await page.locator('.shown pre').innerText()).to.equal('by hand')
  })

  it('says what is wrong: key, damage, a missing object, another kind of object', async () => {
    const link = await put('secret.txt', 'secret')
    const says = async (wrong: string, words: RegExp): Promise<void> => {
      await open(wrong)
      const alert = page.getByRole('alert')
      await alert.waitFor()
      expect(await alert.innerText()).to.match(words)
    }
    await says(link.replace(/#.*/, `#${'A'.repeat(43)}`), /key in this link does not open it/)
    await picture(page, 'link-wrong-key')
    await says(link.replace(/#.*/, ''), /sealed, and the link has no key/)
    await says(link.slice(0, -2), /43 digits/)
    await says(link.replace('07070707', '01010101'), /another network|belongs to network/i)
    const [cid] = [...node.kept.keys()].slice(-1)
    const kept = node.kept.get(cid)!
    node.kept.set(cid, { ...kept, options: { ...kept.options, sealed: false } })
    await says(link, /said to be unsealed/)
    const damaged = Uint8Array.from(kept.bytes)
    damaged[damaged.length - 20] ^= 1
    node.kept.set(cid, { ...kept, bytes: damaged })
    await says(link, /damaged/)
    node.kept.delete(cid)
    await says(link, /No peer that answers knows this object/)
    // The refusals are in the console as well.
    complaints.splice(0)
  })

  it('says so where the browser gives it no cryptography', async function () {
    const outer = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)
    if (outer === undefined) this.skip()
    const link = await put('far.txt', 'far')
    await page.goto(`${gateway.url.replace('0.0.0.0', outer.address)}/#${link}`)
    expect(await page.getByRole('alert').innerText()).to.match(
      /no cryptography|cryptography to pages from https/
    )
    await page.goto('about:blank')
    // Chromium says there that such an origin is not to be trusted.
    complaints.splice(0)
  })

  it('never sent a key', () => {
    expect(keys.length).to.be.greaterThan(8)
    expect(urls.length).to.be.greaterThan(50)
    for (const url of urls.map((one) => one.replace(/#.*/, ''))) {
      expect(keys.filter((key) => url.includes(key))).to.deep.equal([])
    }
  })

  it('broke no rule of its own policy, and had no errors', () => expect(complaints).to.deep.equal([]))
})
