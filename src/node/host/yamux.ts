import { setMaxListeners } from 'node:events'
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
  /** Called when the connection has ended, and when the peer says that it ends it. */
  onTransportClosed: () => void
}

/** `StreamState` of js-yamux in which no SYN or ACK is pending, so that a window update may be skipped. */
const SYN_SENT = 1
const ESTABLISHED = 3

const CLOSE_DEADLINE_MS = 1_000

const KIB = 1024
const MIB = 1024 * KIB
/**
 * Flow-control window of a stream, bytes in flight that the reader has not consumed: 80 MB/s at 50 ms of round-trip time.
 * The read buffer is twice that, so that a pausing reader slows its stream down but never loses it.
 */
const STREAM_WINDOW = { initialStreamWindowSize: MIB, maxStreamWindowSize: 4 * MIB }
const READ_BUFFER_BYTES = 8 * MIB
/** Streams that one end of a connection may have open at a time. */
export const STREAMS_PER_CONNECTION = 512

/** The muxer of a node's TCP and WebSocket connections. */
export const nodeMuxer = (): (() => StreamMuxerFactory) =>
  thriftyYamux({
    maxInboundStreams: STREAMS_PER_CONNECTION,
    maxOutboundStreams: STREAMS_PER_CONNECTION,
    // Streams that arrive before this end has finished its part of the handshake. With js-yamux's limit of 10, a peer whose
    // first act is to ask for many things at once loses the connection.
    maxEarlyStreams: STREAMS_PER_CONNECTION,
    streamOptions: { ...STREAM_WINDOW, maxReadBufferLength: READ_BUFFER_BYTES }
  })

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
    endTogether(muxer, connection)
    return muxer
  }
  return factory
}

/**
 * Ends the connection with its muxer. js-yamux leaves it open, and libp2p goes on choosing such a connection for new
 * streams, all of which fail.
 */
const endTogether = (muxer: YamuxMuxer, connection: MultiaddrConnection): void => {
  const abort = muxer.abort.bind(muxer)
  const onTransportClosed = muxer.onTransportClosed.bind(muxer)
  muxer.abort = (error) => {
    abort(error)
    end(connection)
  }
  muxer.onTransportClosed = () => {
    onTransportClosed()
    end(connection)
  }
}

/** Closes what is still open: the peer gets the reason why the muxer ended before the end of the connection. */
const end = (connection: MultiaddrConnection): void => {
  if (connection.status !== 'open') return
  const signal = AbortSignal.timeout(CLOSE_DEADLINE_MS)
  setMaxListeners(0, signal)
  connection.close({ signal }).catch((error: Error) => connection.abort(error))
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
