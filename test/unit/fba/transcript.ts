// Statements as text, both ways, so that a test reads like a transcript:
//   NOMINATE {x,y} accepted {x}
//   PREPARE <2,x> p=<2,x> p'=<1,z> c=1 h=2
//   CONFIRM <3,x> p=3 c=1 h=2
//   EXTERNALIZE <1,x> h=3
// Counters may be ∞, and values are the one-letter names x < y < z.

import type { Ballot, Hash, NodeId, SlotIndex, Statement, Value } from '../../../fba/index.ts'
import { INFINITE_COUNTER } from '../../../fba/index.ts'

export type ValueName = 'x' | 'y' | 'z'

/** x < y < z. */
export const VALUES: Record<ValueName, Value> = {
  x: Uint8Array.of(1, 0),
  y: Uint8Array.of(2, 0),
  z: Uint8Array.of(3, 0)
}

export interface Author {
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly quorumSetHash: Hash
}

export function parseStatement(text: string, author: Author): Statement {
  const [verb] = text.split(' ')
  switch (verb) {
    case 'NOMINATE':
      return {
        type: 'nominate',
        ...author,
        votes: listIn(text, /NOMINATE \{([^}]*)\}/),
        accepted: listIn(text, /accepted \{([^}]*)\}/)
      }
    case 'PREPARE':
      return {
        type: 'prepare',
        ...author,
        ballot: ballotIn(text, /PREPARE <([^>]*)>/)!,
        prepared: ballotIn(text, / p=<([^>]*)>/),
        preparedPrime: ballotIn(text, / p'=<([^>]*)>/),
        commitCounter: counterIn(text, / c=(\S+)/),
        highCounter: counterIn(text, / h=(\S+)/)
      }
    case 'CONFIRM':
      return {
        type: 'confirm',
        ...author,
        ballot: ballotIn(text, /CONFIRM <([^>]*)>/)!,
        preparedCounter: counterIn(text, / p=(\S+)/),
        commitCounter: counterIn(text, / c=(\S+)/),
        highCounter: counterIn(text, / h=(\S+)/)
      }
    case 'EXTERNALIZE':
      return {
        type: 'externalize',
        nodeId: author.nodeId,
        slotIndex: author.slotIndex,
        commit: ballotIn(text, /EXTERNALIZE <([^>]*)>/)!,
        highCounter: counterIn(text, / h=(\S+)/),
        commitQuorumSetHash: author.quorumSetHash
      }
    default:
      throw new Error(`not a statement: ${text}`)
  }
}

export function printStatement(statement: Statement): string {
  switch (statement.type) {
    case 'nominate': {
      const accepted = statement.accepted.length > 0 ? ` accepted ${printList(statement.accepted)}` : ''
      return `NOMINATE ${printList(statement.votes)}${accepted}`
    }
    case 'prepare': {
      const { ballot, prepared, preparedPrime, commitCounter, highCounter } = statement
      return [
        `PREPARE ${printBallot(ballot)}`,
        prepared && `p=${printBallot(prepared)}`,
        preparedPrime && `p'=${printBallot(preparedPrime)}`,
        commitCounter > 0 && `c=${printCounter(commitCounter)}`,
        highCounter > 0 && `h=${printCounter(highCounter)}`
      ]
        .filter(Boolean)
        .join(' ')
    }
    case 'confirm':
      return (
        `CONFIRM ${printBallot(statement.ballot)} p=${printCounter(statement.preparedCounter)} ` +
        `c=${printCounter(statement.commitCounter)} h=${printCounter(statement.highCounter)}`
      )
    case 'externalize':
      return `EXTERNALIZE ${printBallot(statement.commit)} h=${printCounter(statement.highCounter)}`
  }
}

export function nameOf(value: Value): string {
  const entry = Object.entries(VALUES).find(([, other]) => Buffer.compare(other, value) === 0)
  return entry?.[0] ?? `0x${Buffer.from(value).toString('hex')}`
}

function printBallot(ballot: Ballot): string {
  return `<${printCounter(ballot.counter)},${nameOf(ballot.value)}>`
}

function printCounter(counter: number): string {
  return counter === INFINITE_COUNTER ? '∞' : String(counter)
}

function printList(values: readonly Value[]): string {
  return `{${values.map(nameOf).join(',')}}`
}

function parseCounter(text: string): number {
  return text === '∞' ? INFINITE_COUNTER : Number(text)
}

function counterIn(text: string, pattern: RegExp): number {
  const match = pattern.exec(text)
  return match === null ? 0 : parseCounter(match[1])
}

function ballotIn(text: string, pattern: RegExp): Ballot | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [counter, name] = match[1].split(',')
  return { counter: parseCounter(counter), value: VALUES[name as ValueName] }
}

function listIn(text: string, pattern: RegExp): Value[] {
  const names = pattern.exec(text)?.[1] ?? ''
  return names === '' ? [] : names.split(',').map((name) => VALUES[name as ValueName])
}
