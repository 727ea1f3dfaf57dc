import { isFramingError } from '../../../protocols/framing/index.ts'
import type { FramedStream, MessageCodec, WaitOptions } from '../../../protocols/framing/index.ts'

/**
 * The next request of a stream that may carry several. Undefined when the peer is done: it has closed its end, or has been
 * silent for so long that we close ours.
 */
export async function nextRequest<T>(
  framed: FramedStream,
  codec: Pick<MessageCodec<T>, 'decode'>,
  wait: WaitOptions
): Promise<T | undefined> {
  try {
    return await framed.readMessage(codec, wait)
  } catch (error) {
    if (isFramingError(error, 'TIMEOUT') && framed.bufferedBytes === 0) return undefined
    throw error
  }
}
