import { yamux } from '@libp2p/yamux'
import type { MultiaddrConnection, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'

/** The internals of js-yamux's streams that this module uses; unchanged in all 8.x releases so far. */
interface WindowedStream extends Stream {
  /** Bytes that the peer may send before it gets a window update. */
  recvWindow: number
  /** The rest of these bytes. */
  recvWindowCapacity: number
  state: number
  sendWindowUpdate: () => void
}

interface YamuxMuxer extends StreamMuxer {
  _newStream: (...args: unknown[]) => WindowedStream
}

/** `StreamState` of js-yamux in which no SYN or ACK is pending, so that a window update may be skipped. */
const SYN_SENT = 1
const ESTABLISHED = 3

/**
 * Yamux whose streams send a window update only when half of the window is used up, as in Go and Rust. js-yamux sends one
 * for every received frame, so that each small request and each small reply costs a second encrypted message.
 */
export const thriftyYamux = (init: Parameters<typeof yamux>[0]) => (): StreamMuxerFactory => {
  const factory: StreamMuxerFactory = yamux(init)()
  const create = factory.createStreamMuxer.bind(factory)
  factory.createStreamMuxer = (connection: MultiaddrConnection) => {
    const muxer = create(connection) as YamuxMuxer
    const newStream = muxer._newStream.bind(muxer)
    muxer._newStream = (...args) => thrifty(newStream(...args))
    return muxer
  }
  return factory
}

const thrifty = (stream: WindowedStream): WindowedStream => {
  const update = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    const nothingElseToSay = stream.state === ESTABLISHED || stream.state === SYN_SENT
    if (nothingElseToSay && stream.recvWindowCapacity * 2 > stream.recvWindow) return
    update()
  }
  return stream
}
