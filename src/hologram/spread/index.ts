// Spreading a hot object over more peers, and taking the copies back when it has cooled down.
// May not enter: the decision whether to; that is the controller's (`Steering`).
export { Spreader, type SpreadStats } from './spreader.ts'
