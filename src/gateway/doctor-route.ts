import { GatewayError } from './problem.ts'
import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { Examine, FindingsJson, GatewayNode } from './types.ts'

/** An examination writes to the disk and asks the router: the last answer serves for so long. */
const FRESH_MS = 60_000

/** What `thhe doctor` finds on the node's machine; one examination at a time. */
export class Doctor {
  readonly #node: GatewayNode
  readonly #examine: Examine | undefined
  readonly #nowMs: () => number
  #last: { readonly report: Promise<FindingsJson>; readonly begunMs: number } | undefined

  constructor(node: GatewayNode, examine: Examine | undefined, nowMs: () => number = Date.now) {
    this.#node = node
    this.#examine = examine
    this.#nowMs = nowMs
  }

  /** @throws GatewayError 'NO_DOCTOR' */
  async findings(): Promise<FindingsJson> {
    const examine = this.#examine
    if (examine === undefined) throw new GatewayError('NO_DOCTOR', 'This node has no doctor.')
    const begunMs = this.#nowMs()
    if (this.#last !== undefined && begunMs - this.#last.begunMs < FRESH_MS) return await this.#last.report
    const report = this.#node
      .status()
      .then(async (status) => ({ findings: await examine(status), examinedAtMs: this.#nowMs() }))
    const last = { report, begunMs }
    this.#last = last
    try {
      return await report
    } catch (error) {
      if (this.#last === last) this.#last = undefined
      throw error
    }
  }
}

const show = async ({ doctor, query, response }: Exchange): Promise<void> => {
  readQuery(query, {})
  sendJson(response, 200, await doctor.findings())
}

export const doctorRoutes: readonly Route[] = [
  // It names folders and addresses of this node's user.
  { methods: ['GET'], path: '/v1/doctor', needsToken: true, takesBody: false, handle: show }
]
