import { expect } from 'chai'
import { Status } from '../../../../../protocols/generated/object.js'
import { remoteError } from '../../../../../src/hologram/client/wire/streams.ts'
import { signer } from '../../support.ts'

describe("the message of a peer's reply", () => {
  it('is truncated in an error, and has no terminal escape sequences', async () => {
    const { peer } = await signer(1)
    for (const status of [Status.REFUSED, Status.QUOTA]) {
      const message = `\u001b[2J\u009b1m\u202eno\n${'A'.repeat(1_000_000)}`
      const error = remoteError(peer, { status, message, retryAfterMs: 0 })
      expect(error.message)
        .to.include('no')
        .and.not.match(/[\p{Cc}\p{Cf}]/u)
      expect(error.message.length).to.be.below(700)
    }
  })
})
