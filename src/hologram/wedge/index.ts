// The entanglement wedge: what a set of live holders can rebuild, and what must be lost before it cannot.
// May not enter: peers, streams, time. Numbers and names in, numbers and names out.
export { weakestCut, type Cut } from './cut.ts'
export { wedgeOf, type LayerWedge, type Wedge, type WedgeHolder } from './wedge.ts'
