import type { PeerId } from '@libp2p/interface'
import type { PlannedShard } from '../client/put/home-plan.ts'
import type { Survey } from './survey.ts'

/** What an audit found wrong at one peer. */
export interface Suspect {
  readonly peer: PeerId
  /** Undefined for the manifest. */
  readonly shard: number | undefined
  /**
   * 'missing': it says that it does not have it. 'damaged': it says that the block is damaged. 'wrong': its answer is not
   * what it says it keeps, so its word counts for nothing.
   */
  readonly finding: 'missing' | 'damaged' | 'wrong'
  /** A record says that it has it. */
  readonly isSaid: boolean
}

/** A survey without the word of peers whose answers were wrong. */
export function withoutSuspects(survey: Survey, suspects: readonly Suspect[]): Survey {
  const wrong = suspects.filter(({ finding }) => finding === 'wrong')
  if (wrong.length === 0) return survey
  const isTrusted = ({ shard, peer }: PlannedShard): boolean =>
    !wrong.some((suspect) => suspect.shard === shard && suspect.peer.equals(peer))
  return {
    ...survey,
    holders: survey.holders.filter(isTrusted),
    damaged: survey.damaged.filter(isTrusted),
    keepers: survey.keepers.filter(
      (peer) => !wrong.some((suspect) => suspect.shard === undefined && suspect.peer.equals(peer))
    )
  }
}

/** Peers that must not be given a shard of the object. */
export function wrongPeers(suspects: readonly Suspect[]): Set<string> {
  return new Set(suspects.flatMap(({ finding, peer }) => (finding === 'wrong' ? [peer.toString()] : [])))
}
