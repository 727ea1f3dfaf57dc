// Network namespaces of the lab. Their names carry the lab's process id, so that a later lab finds what a killed one left.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PREFIX = 'thhe-lab'
const FOLDER = '/run/netns'

/** Name of the namespace of a host of this lab; host 0 is the lab itself, peers count from 1. */
export const namespaceName = (lab: number, host: number): string => `${PREFIX}-${lab}-${host}`

/** Why there can be no lab on this machine; undefined when there can. */
export const whyNoNamespaces = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux') return `network namespaces need Linux, and this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const probe = namespaceName(process.pid, 999)
  try {
    await run('ip', ['netns', 'add', probe])
    await run('ip', ['netns', 'delete', probe])
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'the program ip (iproute2) is missing'
    return `no network namespace can be made: ${(error as Error).message.trim()}`
  }
}

/** @throws Error when `ip` cannot make one; those made so far stay, see `removeNamespaces` */
export const addNamespaces = async (lab: number, hosts: number): Promise<string[]> => {
  const names = Array.from({ length: hosts }, (_, host) => namespaceName(lab, host))
  for (const name of names) await run('ip', ['netns', 'add', name])
  return names
}

/** Removes every namespace of a lab. Interfaces in them go with them. @returns how many there were */
export const removeNamespaces = async (lab: number): Promise<number> => {
  const names = existing().filter((name) => labOf(name) === lab)
  for (const name of names) await run('ip', ['netns', 'delete', name])
  return names.length
}

/** Removes what labs left behind whose process is gone. @returns how many namespaces there were */
export const removeLeftovers = async (): Promise<number> => {
  const labs = new Set(existing().map(labOf))
  let removed = 0
  for (const lab of labs) if (lab !== undefined && !isRunning(lab)) removed += await removeNamespaces(lab)
  return removed
}

const existing = (): string[] => (existsSync(FOLDER) ? readdirSync(FOLDER) : [])

const labOf = (name: string): number | undefined => {
  const lab = new RegExp(`^${PREFIX}-(\\d+)-\\d+$`).exec(name)?.[1]
  return lab === undefined ? undefined : Number(lab)
}

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`)
