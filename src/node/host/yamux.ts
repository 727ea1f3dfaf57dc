import { yamux } from '@libp2p/yamux'
import type { MultiaddrConnection, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'

/** What of js-yamux's streams is looked at here; it is the same in every 8.x release so far. */
interface WindowedStream extends Stream {
  /** Bytes that the peer may have on its way before it is told of more. */
  recvWindow: number
  /** What is left of them. */
  recvWindowCapacity: number
  state: number
  sendWindowUpdate: () => void
}

interface YamuxMuxer extends StreamMuxer {
  _newStream: (...args: unknown[]) => WindowedStream
}

/** `StreamState` of js-yamux: neither the opening of the stream nor its acceptance has still to be told. */
const SYN_SENT = 1
const ESTABLISHED = 3

/**
 * Yamux whose streams tell the peer of more room when half of the window is used up, as in Go and Rust. js-yamux does so
 * for every frame that arrives, so that each small request and each small reply costs a second message, encrypted and sent
 * back by itself.
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
