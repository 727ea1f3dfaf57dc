import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** What a connection has been through; only a connection with a request under way has an answer to wait for. */
interface Connection {
  answering: number
  /** Bytes that had come when the last answer ended. */
  bytesAtRest: number
}

/**
 * Answers a client whose request head stops in the middle, also where the idle timeout is first to notice: Node.js
 * closes an idle connection without a word, and on a busy machine its check of heads may come later than that.
 *
 * @param refuse - writes the answer and ends the connection
 */
export const watchHeads = (
  server: Server,
  refuse: (error: NodeJS.ErrnoException, socket: Duplex) => void
): void => {
  const connections = new WeakMap<Duplex, Connection>()
  const stateOf = (socket: Duplex): Connection => {
    const state = connections.get(socket) ?? { answering: 0, bytesAtRest: 0 }
    connections.set(socket, state)
    return state
  }
  const onRequest = (_: unknown, response: ServerResponse): void => {
    const { socket } = response
    if (socket === null) return
    const state = stateOf(socket)
    state.answering++
    response.once('close', () => {
      state.answering--
      state.bytesAtRest = socket.bytesRead
    })
  }
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('timeout', (socket) => {
    const { answering, bytesAtRest } = stateOf(socket)
    if (answering === 0 && socket.bytesRead > bytesAtRest) refuse(headTimeout(), socket)
    else socket.destroy()
  })
}

const headTimeout = (): NodeJS.ErrnoException =>
  Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
