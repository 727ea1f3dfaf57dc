// The rules that turn this network's reports into a map.
import { Report } from '../../../protocols/generated/report.js'
import { decodePeerId, decodeSigned, signedBytes } from '../../../protocols/signed.ts'
import { buildMap, decodeMap, encodeMap, mapDelta, patchMap } from '../../manifold/map/index.ts'
import { REPORT_LIMITS } from '../peers/report.ts'
import { coordinateSection } from '../peers/coordinate-section.ts'
import { bandwidthSection, heatSection } from '../peers/load-sections.ts'
import { sightsSection } from '../peers/sights.ts'
import type { PeerId } from '@libp2p/interface'
import type { MapRules, ReadReport } from '../../agreement/index.ts'
import type { AgreedMap, MapReport } from '../../manifold/map/index.ts'

interface FullReport extends ReadReport {
  readonly forMap: MapReport
}

/** @throws TypeError if the platform verifies asynchronously: the protocol cannot wait for it */
export const verifyNow = (peer: PeerId, message: Uint8Array, signature: Uint8Array): boolean => {
  const key = peer.publicKey
  if (key === undefined) return false
  let isRight: boolean | Promise<boolean>
  try {
    isRight = key.verify(message, signature)
  } catch {
    // The key is not a point on the curve.
    return false
  }
  if (typeof isRight !== 'boolean') throw new TypeError('Ed25519 signatures cannot be checked at once here.')
  return isRight
}

export const mapRules = (networkId: Uint8Array): MapRules<AgreedMap> => ({
  read: (signed) => readReport(networkId, signed),
  build: (previous, epoch, reports) =>
    buildMap(
      previous,
      epoch,
      reports.map((report) => (report as FullReport).forMap)
    ),
  peersOf: ({ peers }) => peers.map(({ id }) => id),
  closedAtMsOf: ({ closedAtMs }) => closedAtMs,
  encode: encodeMap,
  decode: decodeMap,
  delta: mapDelta,
  patch: patchMap
})

/** The checks that do not depend on when or by whom a report is judged. */
const readReport = (networkId: Uint8Array, bytes: Uint8Array): FullReport | undefined => {
  try {
    const signed = decodeSigned('report', bytes, REPORT_LIMITS.payloadBytes)
    const report = Report.decode(signed.payload)
    const peer = decodePeerId(report.peer)
    const sights = sightsSection.check(report)
    const coordinate = coordinateSection.check(report)
    const heatPpm = heatSection.check(report)
    const bandwidth = bandwidthSection.check(report)
    if (
      sights === undefined ||
      coordinate === undefined ||
      heatPpm === undefined ||
      bandwidth === undefined
    ) {
      return undefined
    }
    const isSound =
      peer !== undefined &&
      peer.equals(signed.signer) &&
      Buffer.from(report.network).equals(networkId) &&
      [report.sequence, report.issuedAtMs].every((value) => value <= BigInt(Number.MAX_SAFE_INTEGER)) &&
      [report.capacityBytes, report.freeBytes].every((value) => Number.isSafeInteger(value)) &&
      report.freeBytes <= report.capacityBytes &&
      report.domain.length <= REPORT_LIMITS.domainLength
    if (!isSound || !verifyNow(peer, signedBytes('report', networkId, signed.payload), signed.signature)) {
      return undefined
    }
    const id = peer.toString()
    const issuedAtMs = Number(report.issuedAtMs)
    return {
      peer: id,
      sequence: report.sequence,
      issuedAtMs,
      signed: bytes,
      forMap: {
        peer: id,
        sequence: Number(report.sequence),
        issuedAtMs,
        capacityBytes: report.capacityBytes,
        freeBytes: report.freeBytes,
        domain: report.domain,
        coordinate: coordinate.at,
        heatPpm,
        ...bandwidth,
        isLeaving: report.intervalMs === 0,
        sights
      }
    }
  } catch {
    return undefined
  }
}
