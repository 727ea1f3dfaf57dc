interface Edge {
  readonly to: number
  left: number
  readonly back: Edge | undefined
}

interface MutableEdge {
  to: number
  left: number
  back: Edge | undefined
}

/** Maximum flow by Dinic's algorithm (1970): shortest augmenting paths, level by level. */
export class FlowNetwork {
  readonly #edges: Edge[][]

  constructor(nodes: number) {
    this.#edges = Array.from({ length: nodes }, () => [])
  }

  /** @returns the flow over the edge, to be asked after `run` */
  connect(from: number, to: number, capacity: number): () => number {
    const forth: MutableEdge = { to, left: capacity, back: undefined }
    const back: MutableEdge = { to: from, left: 0, back: forth }
    forth.back = back
    this.#edges[from].push(forth)
    this.#edges[to].push(back)
    return () => back.left
  }

  run(source: number, sink: number): number {
    let flow = 0
    for (let levels = this.#levels(source); levels[sink] >= 0; levels = this.#levels(source)) {
      const next = new Array<number>(this.#edges.length).fill(0)
      for (let more = Infinity; more > 0; flow += more) {
        more = this.#push(source, sink, Infinity, levels, next)
        if (more === 0) break
      }
    }
    return flow
  }

  #levels(source: number): number[] {
    const levels = new Array<number>(this.#edges.length).fill(-1)
    levels[source] = 0
    const queue = [source]
    for (const node of queue) {
      for (const { to, left } of this.#edges[node]) {
        if (left <= 0 || levels[to] >= 0) continue
        levels[to] = levels[node] + 1
        queue.push(to)
      }
    }
    return levels
  }

  #push(node: number, sink: number, most: number, levels: readonly number[], next: number[]): number {
    if (node === sink) return most
    for (; next[node] < this.#edges[node].length; next[node]++) {
      const edge = this.#edges[node][next[node]]
      if (edge.left <= 0 || levels[edge.to] !== levels[node] + 1) continue
      const pushed = this.#push(edge.to, sink, Math.min(most, edge.left), levels, next)
      if (pushed === 0) continue
      edge.left -= pushed
      edge.back!.left += pushed
      return pushed
    }
    return 0
  }
}
