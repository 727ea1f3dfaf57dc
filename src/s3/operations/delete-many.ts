import type { XmlElement } from '../xml.ts'
import { malformed } from '../xml.ts'
import { S3Error } from '../errors.ts'
import { readXml, xml, type Answer, type BucketCall, type Operation } from './call.ts'
import { checkWrite } from './conditions.ts'

const MAX_KEYS = 1000

interface Wanted {
  readonly key: string
  readonly version: string | undefined
  readonly ifMatch: string | undefined
}

/** Deletes up to 1,000 objects in one change. Each of them is deleted or not, and the answer says why. */
const deleteObjects = async (call: BucketCall): Promise<Answer> => {
  const { bucket, signal } = call
  const document = await readXml(call, 'Delete')
  const wanted = document.all('Object').map((one): Wanted => {
    const key = one.text('Key')
    if (key === undefined || key === '') throw malformed()
    return { key, version: one.text('VersionId'), ifMatch: one.text('ETag') }
  })
  if (wanted.length === 0 || wanted.length > MAX_KEYS) throw malformed()
  const isQuiet = document.text('Quiet')?.trim().toLowerCase() === 'true'
  const outcomes = await bucket.change(
    (view, change) =>
      wanted.map(({ key, version, ifMatch }): XmlElement => {
        try {
          if (version !== undefined && version !== 'null') {
            throw new S3Error('NoSuchVersion', 'The specified version does not exist.')
          }
          const record = view.object(key)
          if (ifMatch !== undefined) checkWrite(new Map([['if-match', ifMatch]]), key, record)
          if (record !== undefined) change.removeObject(key)
          return isQuiet ? {} : { Deleted: { Key: key, VersionId: version } }
        } catch (error) {
          if (!(error instanceof S3Error)) throw error
          return { Error: { Key: key, VersionId: version, Code: error.code, Message: error.message } }
        }
      }),
    { signal }
  )
  return xml('DeleteResult', {
    Deleted: outcomes.flatMap(({ Deleted }) => (Deleted === undefined ? [] : [Deleted])),
    Error: outcomes.flatMap(({ Error: failure }) => (failure === undefined ? [] : [failure]))
  })
}

export const deleteOperations: readonly Operation[] = [
  {
    name: 'DeleteObjects',
    method: 'POST',
    on: 'bucket',
    query: 'delete',
    right: 'write',
    handle: deleteObjects
  }
]
