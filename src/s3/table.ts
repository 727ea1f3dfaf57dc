// How one bucket lies in its table: what its keys are, and changes that count who still names a mesh object.
import type { TableView } from '../tables/index.ts'
import { idOf } from './bodies.ts'
import {
  decodeGarbage,
  decodeObject,
  decodePart,
  decodeUpload,
  encodeRecord,
  fields,
  type ObjectRecord,
  type PartRecord,
  type Piece,
  type UploadRecord,
  whole
} from './records.ts'

/** Every key of a table begins with one of these. */
const OBJECT = 'o/'
/** 'u/' KEY NUL ID: in the order in which uploads are listed. */
const UPLOAD = 'u/'
/** 'p/' ID '/' NUMBER, in five digits. */
const PART = 'p/'
const CONFIGURATION = 'c/'
/** How many records name a mesh object, where that is not one. */
const COUNT = 'r/'
const GARBAGE = 'g/'

const partKey = (upload: string, number: number): string =>
  `${PART}${upload}/${String(number).padStart(5, '0')}`

/** The state of a bucket at one moment. */
export class BucketView {
  readonly #view: TableView

  constructor(view: TableView) {
    this.#view = view
  }

  object(key: string): ObjectRecord | undefined {
    return decodedBy(decodeObject, this.#view.get(OBJECT + key))
  }

  upload(key: string, id: string): UploadRecord | undefined {
    return decodedBy(decodeUpload, this.#view.get(`${UPLOAD}${key}\0${id}`))
  }

  part(upload: string, number: number): PartRecord | undefined {
    return decodedBy(decodePart, this.#view.get(partKey(upload, number)))
  }

  /** The bytes of one part of the bucket's configuration. */
  configuration(name: string): Uint8Array | undefined {
    return this.#view.get(CONFIGURATION + name)
  }

  /** Objects in the order of their keys; a record is decoded when it is asked for. */
  *objects(from: { atLeast?: string; after?: string } = {}): Iterable<{
    readonly key: string
    readonly record: () => ObjectRecord
  }> {
    for (const [key, value] of this.#range(OBJECT, from)) yield { key, record: () => decodeObject(value) }
  }

  /** Uploads in the order of their keys, those of one key in the order of their ids. */
  *uploads(from: { atLeast?: string; after?: string } = {}): Iterable<{
    readonly key: string
    readonly id: string
    readonly record: () => UploadRecord
  }> {
    for (const [name, value] of this.#range(UPLOAD, from)) {
      const end = name.lastIndexOf('\0')
      yield { key: name.slice(0, end), id: name.slice(end + 1), record: () => decodeUpload(value) }
    }
  }

  *parts(
    upload: string,
    after = 0
  ): Iterable<{ readonly number: number; readonly record: () => PartRecord }> {
    const prefix = `${PART}${upload}/`
    for (const [name, value] of this.#range(prefix, { after: String(after).padStart(5, '0') })) {
      yield { number: Number(name), record: () => decodePart(value) }
    }
  }

  *garbage(): Iterable<{ readonly cid: Uint8Array; readonly by: string; readonly sinceMs: number }> {
    for (const [id, value] of this.#range(GARBAGE, {})) {
      yield { cid: Buffer.from(id, 'base64url'), ...decodeGarbage(value) }
    }
  }

  isGarbage(cid: Uint8Array): boolean {
    return this.#view.get(GARBAGE + idOf(cid)) !== undefined
  }

  /** Ids of all mesh objects that a record names. */
  *named(): Iterable<string> {
    for (const { record } of this.objects()) for (const { cid } of record().pieces) yield idOf(cid)
    for (const [, value] of this.#range(PART, {}))
      for (const { cid } of decodePart(value).pieces) yield idOf(cid)
  }

  change(nowMs: number): BucketChange {
    return new BucketChange(this.#view, nowMs)
  }

  *#range(
    prefix: string,
    { atLeast, after }: { atLeast?: string; after?: string }
  ): Iterable<readonly [name: string, value: Uint8Array]> {
    const from = after === undefined ? { atLeast: prefix + (atLeast ?? '') } : { after: prefix + after }
    for (const [key, value] of this.#view.range(from)) {
      if (!key.startsWith(prefix)) return
      yield [key.slice(prefix.length), value]
    }
  }
}

/**
 * Changes to a bucket that are made together. Mesh objects are counted: with the last record that named one a note is left
 * that it is garbage, which the node that put it clears away.
 */
export class BucketChange {
  readonly #view: TableView
  readonly #nowMs: number
  readonly #changes = new Map<string, Uint8Array | undefined>()

  constructor(view: TableView, nowMs: number) {
    this.#view = view
    this.#nowMs = nowMs
  }

  get changes(): ReadonlyArray<readonly [string, Uint8Array | undefined]> {
    return [...this.#changes].filter(
      ([key, value]) => value !== undefined || this.#view.get(key) !== undefined
    )
  }

  /**
   * Puts an object, in the place of an earlier one.
   *
   * @param isFresh - no other record names its pieces
   */
  setObject(key: string, record: ObjectRecord, { isFresh }: { isFresh: boolean }): void {
    for (const piece of record.pieces) this.#claim(piece, isFresh)
    this.#replace(OBJECT + key, encodeRecord(record), decodeObject)
  }

  /** Changes what is said about an object, not its bytes. */
  describeObject(key: string, record: ObjectRecord): void {
    this.#changes.set(OBJECT + key, encodeRecord(record))
  }

  removeObject(key: string): void {
    this.#replace(OBJECT + key, undefined, decodeObject)
  }

  setUpload(id: string, record: UploadRecord): void {
    this.#changes.set(`${UPLOAD}${record.key}\0${id}`, encodeRecord(record))
  }

  setPart(upload: string, number: number, record: PartRecord, { isFresh }: { isFresh: boolean }): void {
    for (const piece of record.pieces) this.#claim(piece, isFresh)
    this.#replace(partKey(upload, number), encodeRecord(record), decodePart)
  }

  /** Ends an upload. The bytes of its parts stay if another record names them by now. */
  removeUpload(view: BucketView, key: string, id: string): void {
    for (const { number } of view.parts(id)) this.#replace(partKey(id, number), undefined, decodePart)
    this.#changes.set(`${UPLOAD}${key}\0${id}`, undefined)
  }

  setConfiguration(name: string, value: Uint8Array | undefined): void {
    this.#changes.set(CONFIGURATION + name, value)
  }

  /** The mesh object is freed: nothing is left to note. */
  forget(cid: Uint8Array): void {
    this.#changes.set(GARBAGE + idOf(cid), undefined)
  }

  #replace(
    key: string,
    value: Uint8Array | undefined,
    decode: (bytes: Uint8Array) => { readonly pieces: readonly Piece[] }
  ): void {
    const before = this.#get(key)
    this.#changes.set(key, value)
    if (before !== undefined) for (const piece of decode(before).pieces) this.#release(piece)
  }

  /** One more record names the piece. A fresh one of its own needs no count. */
  #claim(piece: Piece, isFresh: boolean): void {
    if (isFresh && !piece.packed) return
    this.#setCount(piece, this.#count(piece) + 1)
  }

  #release(piece: Piece): void {
    this.#setCount(piece, this.#count(piece) - 1)
  }

  /** Of a piece with a mesh object of its own, one name is the rule and is not written down. */
  #count({ cid, packed }: Piece): number {
    const bytes = this.#get(COUNT + idOf(cid))
    return bytes === undefined ? (packed ? 0 : 1) : whole(fields(bytes).count)
  }

  #setCount({ cid, packed, by }: Piece, count: number): void {
    const id = idOf(cid)
    const isRule = count <= 0 || (count === 1 && !packed)
    this.#changes.set(COUNT + id, isRule ? undefined : encodeRecord({ count }))
    this.#changes.set(GARBAGE + id, count > 0 ? undefined : encodeRecord({ by, sinceMs: this.#nowMs }))
  }

  #get(key: string): Uint8Array | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#view.get(key)
  }
}

const decodedBy = <T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array | undefined): T | undefined =>
  bytes === undefined ? undefined : decode(bytes)
