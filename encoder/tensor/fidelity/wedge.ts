// The recovery bound of the thesis (Lemma 1.2.1): what a part A of the boundary tells of the bulk is at most the area
// of the surface that cuts it off, I(R_A) <= |cut|. Here A is a set of live shards, the bulk is the layers, and the
// surface is what of the layers crosses into those shards: a network of flows from each layer through its slices.
import { shardBytes, sliceBytes } from './slices.ts'
import type { LayerCode } from './slices.ts'

/** Bytes of the layers that any `live` shards give back: those of every layer with k <= live. */
export function recoveredBytes(layers: readonly LayerCode[], live: number): number {
  return layers.reduce((sum, { k, length }) => sum + (k <= live ? length : 0), 0)
}

/** The area of the boundary: the bytes that `live` shards hold. */
export function boundaryBytes(layers: readonly LayerCode[], live: number): number {
  return live * shardBytes(layers)
}

/**
 * The minimal surface between `live` shards and the bulk: each layer is cut where it is thinnest, at its slices in
 * those shards or at the layer itself (max-flow min-cut, Ford and Fulkerson, 1956).
 *
 * recoveredBytes <= wedgeBytes <= boundaryBytes. The first is an equality exactly when no layer is in between, with
 * some shards but fewer than its k; the second when no layer has more in those shards than it is long, that is when
 * k >= live for every layer, up to the padding of blocks.
 */
export function wedgeBytes(layers: readonly LayerCode[], live: number): number {
  return layers.reduce((sum, layer) => sum + Math.min(layer.length, live * sliceBytes(layer)), 0)
}
