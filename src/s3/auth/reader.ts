import { S3Error } from '../errors.ts'

/** Takes bytes and lines from a stream, across the borders of its pieces. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Gives out `length` bytes, in pieces as they come. @throws S3Error 'IncompleteBody' */
  async *take(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#rest.byteLength === 0) await this.#more()
      const piece = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(piece.byteLength)
      left -= piece.byteLength
      yield piece
    }
  }

  /** A line without its end, which is LF or CRLF. @throws S3Error 'IncompleteBody'; `tooLong` */
  async line(maxBytes: number, tooLong: () => S3Error): Promise<string> {
    for (;;) {
      const at = this.#rest.indexOf(0x0a)
      if (at > maxBytes || (at < 0 && this.#rest.byteLength > maxBytes)) throw tooLong()
      if (at >= 0) {
        const line = Buffer.from(this.#rest.subarray(0, at)).toString('latin1')
        this.#rest = this.#rest.subarray(at + 1)
        return line.endsWith('\r') ? line.slice(0, -1) : line
      }
      const before = this.#rest
      this.#rest = new Uint8Array(0)
      await this.#more()
      this.#rest = Buffer.concat([before, this.#rest])
    }
  }

  /** Reads on to the end of the stream. @returns whether there was anything */
  async drain(): Promise<boolean> {
    let isEmpty = this.#rest.byteLength === 0
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) {
      isEmpty &&= next.value.byteLength === 0
    }
    return !isEmpty
  }

  async return(): Promise<void> {
    await this.#source.return?.()
  }

  async #more(): Promise<void> {
    do {
      const { done, value } = await this.#source.next()
      if (done === true) {
        throw new S3Error(
          'IncompleteBody',
          'You did not provide the number of bytes specified by the Content-Length HTTP header.'
        )
      }
      this.#rest = value
    } while (this.#rest.byteLength === 0)
  }
}
