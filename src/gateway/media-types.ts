/** Answers of one JSON value a line. */
export const NDJSON = 'application/x-ndjson'
/**
 * Where a problem stands when the body cannot hold it, as percent-encoded JSON: in the trailer of a get that failed
 * after its head, for clients that sent `TE: trailers`, and in the head of an answer to HEAD.
 */
export const PROBLEM_FIELD = 'thhe-problem'
