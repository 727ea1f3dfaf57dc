import { homedir } from 'node:os'
import { join } from 'node:path'

/** What outlives a run but is no data: resume records, the local cluster (XDG Base Directory Specification 0.8). */
export const stateFolder = (env: NodeJS.ProcessEnv): string =>
  join(
    env.XDG_STATE_HOME?.startsWith('/') === true ? env.XDG_STATE_HOME : join(homedir(), '.local/state'),
    'thhe'
  )

/** Folder of the local cluster when none is named. */
export const defaultClusterFolder = (env: NodeJS.ProcessEnv): string =>
  env.THHE_CLUSTER !== undefined && env.THHE_CLUSTER !== ''
    ? env.THHE_CLUSTER
    : join(stateFolder(env), 'cluster')
