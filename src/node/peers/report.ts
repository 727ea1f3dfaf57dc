// Reports: what a peer states about itself, and the checks that a report must pass.
import { Report } from '../../../protocols/generated/report.js'
import {
  decodePeerId,
  decodeSigned,
  signPayload,
  SIGNED_OVERHEAD_BYTES,
  SignedError,
  verifySigned
} from '../../../protocols/signed.ts'
import { ADDRESS_LIMITS } from './addresses.ts'
import { checkSections, encodeSections } from './report-sections.ts'
import type { PeerId } from '@libp2p/interface'
import type { Signer, UnverifiedSigned } from '../../../protocols/signed.ts'
import type { SectionValues } from './report-sections.ts'

/** Limits of a report (docs/reference/protocols.md, "Reports"). */
export const REPORT_LIMITS = {
  payloadBytes: 4096,
  versionLength: 64,
  domainLength: 64,
  ...ADDRESS_LIMITS,
  minIntervalMs: 250,
  maxIntervalMs: 3_600_000,
  /** Maximum difference between the clocks of two peers. */
  clockSkewMs: 60_000
} as const

export const MAX_SIGNED_REPORT_BYTES = REPORT_LIMITS.payloadBytes + SIGNED_OVERHEAD_BYTES

/** A peer counts as gone after this many of its intervals without a report. */
export const INTERVALS_TO_LIVE = 3

/** Why a report was dropped. */
export const DROP_REASONS = [
  /** Not a Signed report, or not signed. */
  'malformed',
  'bad-signature',
  'wrong-network',
  'out-of-limits',
  'too-old',
  'from-future',
  'replayed',
  'table-full',
  /** The peer that passed it on has introduced too many unreached peers. */
  'too-many-new'
] as const

export type DropReason = (typeof DROP_REASONS)[number]
export type ReportOutcome = 'accepted' | DropReason

/** A report that has passed every check. */
export interface PeerReport extends SectionValues {
  readonly peer: PeerId
  readonly sequence: bigint
  readonly issuedAtMs: number
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly version: string
  readonly uptimeSeconds: number
  /** '' if the operator named none. */
  readonly domain: string
  /** 0: the peer leaves. */
  readonly intervalMs: number
  /** The `Signed` message as received, to pass on. */
  readonly signed: Uint8Array
}

/** A report before it is signed. */
export type OwnReport = Omit<PeerReport, 'signed' | 'peer'>

export interface CheckContext {
  readonly networkId: Uint8Array
  readonly nowMs: number
  /** Sequence of a peer's newest known report. */
  readonly lastSequence: (peer: PeerId) => bigint | undefined
  /** Called with the author, sequence and time of a correctly signed report, even if it is dropped because of its time. */
  readonly onTime?: (peer: PeerId, sequence: bigint, issuedAtMs: number) => void
}

/** Checks the signature last, since it costs the most. @returns the report, or why it is dropped */
export const checkReport = async (
  bytes: Uint8Array,
  context: CheckContext
): Promise<PeerReport | DropReason> => {
  const signed = decode(bytes)
  if (typeof signed === 'string') return signed
  const report = read(signed)
  if (typeof report === 'string') return report
  if (!equalBytes(report.network, context.networkId)) return 'wrong-network'
  const peer = decodePeerId(report.peer)
  if (peer?.equals(signed.signer) !== true) return 'bad-signature'
  const problem = limitProblem(report)
  if (problem !== undefined) return problem
  const isSigned = async (): Promise<boolean> =>
    await verifySigned('report', context.networkId, signed).then(
      () => true,
      () => false
    )
  const age = ageProblem(report, context.nowMs)
  if (age !== undefined) {
    // Either clock may be wrong.
    if (context.onTime !== undefined && (await isSigned())) {
      context.onTime(peer, report.sequence, Number(report.issuedAtMs))
    }
    return age
  }
  const last = context.lastSequence(peer)
  if (last !== undefined && report.sequence <= last) return 'replayed'
  const sections = checkSections(report)
  if (sections === undefined) return 'out-of-limits'
  if (!(await isSigned())) return 'bad-signature'
  context.onTime?.(peer, report.sequence, Number(report.issuedAtMs))
  return {
    peer,
    sequence: report.sequence,
    issuedAtMs: Number(report.issuedAtMs),
    capacityBytes: report.capacityBytes,
    freeBytes: report.freeBytes,
    version: report.version,
    uptimeSeconds: Number(report.uptimeSeconds),
    domain: report.domain,
    intervalMs: report.intervalMs,
    ...sections,
    signed: bytes
  }
}

/** The encoded `Signed` message of a report. */
export const signReport = async (
  networkId: Uint8Array,
  report: OwnReport,
  signer: Signer
): Promise<Uint8Array> =>
  await signPayload(
    'report',
    networkId,
    Report.encode({
      network: Uint8Array.from(networkId),
      peer: Uint8Array.from(signer.peer.toMultihash().bytes),
      sequence: report.sequence,
      issuedAtMs: BigInt(report.issuedAtMs),
      capacityBytes: report.capacityBytes,
      freeBytes: report.freeBytes,
      version: report.version,
      uptimeSeconds: BigInt(report.uptimeSeconds),
      domain: report.domain,
      intervalMs: report.intervalMs,
      ...encodeSections(report)
    }),
    signer
  )

const decode = (bytes: Uint8Array): UnverifiedSigned | DropReason => {
  if (bytes.byteLength > MAX_SIGNED_REPORT_BYTES) return 'out-of-limits'
  try {
    return decodeSigned('report', bytes, REPORT_LIMITS.payloadBytes)
  } catch (error) {
    return error instanceof SignedError && error.code === 'BAD_SIGNER' ? 'bad-signature' : 'malformed'
  }
}

const read = ({ payload }: UnverifiedSigned): Report | DropReason => {
  try {
    return Report.decode(payload)
  } catch {
    return 'malformed'
  }
}

const limitProblem = (report: Report): DropReason | undefined => {
  const { capacityBytes, freeBytes, version, domain, uptimeSeconds, issuedAtMs, intervalMs } = report
  const safe = [uptimeSeconds, issuedAtMs].every((value) => value <= BigInt(Number.MAX_SAFE_INTEGER))
  const { minIntervalMs, maxIntervalMs, versionLength, domainLength } = REPORT_LIMITS
  const interval = intervalMs === 0 || (intervalMs >= minIntervalMs && intervalMs <= maxIntervalMs)
  const texts =
    version.length <= versionLength && domain.length <= domainLength && /^[\w.:+-]*$/.test(version + domain)
  return safe && interval && texts && freeBytes <= capacityBytes ? undefined : 'out-of-limits'
}

const ageProblem = ({ issuedAtMs, intervalMs }: Report, nowMs: number): DropReason | undefined => {
  const ageMs = nowMs - Number(issuedAtMs)
  if (ageMs < -REPORT_LIMITS.clockSkewMs) return 'from-future'
  return ageMs > REPORT_LIMITS.clockSkewMs + INTERVALS_TO_LIVE * intervalMs ? 'too-old' : undefined
}

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
