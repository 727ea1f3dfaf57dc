import { expect } from 'chai'
import { folderOf, hashOf, linkOf } from '../../../web/src/link-hash.ts'
import { shownAs } from '../../../web/src/media.ts'
import { failureOf } from '../../../web/src/words.ts'

const KEY = 'A'.repeat(43)

describe('web page: links in its address', () => {
  for (const link of [
    'thhe:07070707/bafyabc',
    `thhe:07070707/bafyabc#${KEY}`,
    `thhe:07070707/bafyabc/#${KEY}`,
    `thhe:07070707/bafyabc/#${KEY}/day 1%/ö?#/x`,
    'thhe:07070707/bafyabc/day%201/x'
  ]) {
    it(`come through the address: ${link}`, () => {
      const url = new URL(`http://127.0.0.1:4780/${hashOf(link)}`)
      expect(linkOf(url.hash)).to.equal(link)
      expect(url.pathname + url.search, 'nothing of it is sent').to.equal('/')
    })
  }

  it('are not what the views are called, nor what a code looks like', () => {
    for (const hash of ['', '#/', '#/files', '#open=abc']) expect(linkOf(hash)).to.equal(undefined)
  })

  it('take a path that was written by hand', () => {
    expect(linkOf(`#thhe:07070707/bafyabc/#${KEY}/100%`)).to.equal(`thhe:07070707/bafyabc/#${KEY}/100%`)
  })

  for (const [link, folder] of [
    [`thhe:07070707/bafyabc#${KEY}`, undefined],
    [`thhe:07070707/bafyabc/#${KEY}`, undefined],
    [`thhe:07070707/bafyabc/#${KEY}/a`, `thhe:07070707/bafyabc/#${KEY}`],
    [`thhe:07070707/bafyabc/#${KEY}/a/b`, `thhe:07070707/bafyabc/#${KEY}/a`],
    ['thhe:07070707/bafyabc/', undefined],
    ['thhe:07070707/bafyabc/a', 'thhe:07070707/bafyabc/'],
    ['thhe:07070707/bafyabc/a/b', 'thhe:07070707/bafyabc/a']
  ]) {
    it(`${link} is in ${folder ?? 'no folder'}`, () => expect(folderOf(link!)).to.equal(folder))
  }
})

describe('web page: what is shown', () => {
  for (const [name, how] of [
    ['a.PNG', 'picture'],
    ['a.pdf', 'document'],
    ['a.webm', 'video'],
    ['a.wav', 'audio'],
    // They may carry scripts.
    ['a.svg', 'text'],
    ['a.html', 'text'],
    ['a.exe', undefined],
    ['a.constructor', undefined],
    ['a', undefined],
    [undefined, undefined]
  ] as const) {
    it(`${name ?? 'no name'}: ${how ?? 'nothing'}`, () => expect(shownAs(name)?.how).to.equal(how))
  }

  it('in words where it failed, and what to do', () => {
    const wrong = failureOf(Object.assign(new Error('m'), { code: 'WRONG_KEY' }))
    expect(wrong.text).to.match(/key in this link/)
    const network = failureOf(Object.assign(new Error('Another network.'), { code: 'WRONG_NETWORK' }))
    expect(network.text).to.equal('Another network.')
    expect(failureOf(Object.assign(new Error('m'), { code: 'X', hint: 'h' }))).to.deep.equal({
      text: 'm',
      hint: 'h'
    })
    expect(failureOf(new Error('m'))).to.deep.equal({ text: 'm', hint: '' })
  })
})
