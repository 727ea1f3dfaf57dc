import { environmentName, flagName, OPTION_NAMES, OPTIONS } from '../node/config/index.ts'
import type { Option } from '../node/config/index.ts'
import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { SettingsJson } from './types.ts'

/** What the node was started with, from flags, environment, file and defaults. */
const show = ({ node, query, response }: Exchange): void => {
  readQuery(query, {})
  const body: SettingsJson = {
    settings: OPTION_NAMES.map((name) => {
      const { kind, default: standard, group, description } = OPTIONS[name] as Option<unknown>
      const value = kind.format(node.config[name])
      return {
        ...{ flag: `--${flagName(name)}`, variable: environmentName(name), value },
        ...{ isDefault: value === kind.format(standard), group, description }
      }
    })
  }
  sendJson(response, 200, body)
}

export const settingsRoutes: readonly Route[] = [
  // They name folders and peers of this node's user.
  { methods: ['GET', 'HEAD'], path: '/v1/settings', needsToken: true, takesBody: false, handle: show }
]
