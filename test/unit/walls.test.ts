import { expect } from 'chai'
import { ESLint } from 'eslint'

/** Each row is a line of code that must not be written in the file named, and the rule that has to object. */
const BREACHES: ReadonlyArray<[file: string, code: string, rule: string]> = [
  [
    'encoder/x.ts',
    "import { readFileSync } from 'node:fs'\nreadFileSync('a')",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'encoder/x.ts',
    "import { Worker } from 'node:worker_threads'\nnew Worker('a')",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'encoder/x.ts',
    "import { store } from '../src/store/index.ts'\nstore()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'encoder/backends/x.ts',
    "import { node } from '../../src/node/index.ts'\nnode()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['encoder/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  [
    'fba/x.ts',
    "import { createLibp2p } from 'libp2p'\ncreateLibp2p()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'fba/x.ts',
    "import { randomBytes } from 'node:crypto'\nrandomBytes(1)",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['fba/x.ts', "import { connect } from 'node:net'\nconnect(1)", '@typescript-eslint/no-restricted-imports'],
  ['fba/x.ts', 'export const dice = Math.random()', 'no-restricted-properties'],
  ['fba/x.ts', 'setTimeout(() => {}, 1)', 'no-restricted-globals'],
  ['fba/x.ts', 'export const today = new Date()', 'no-restricted-syntax'],
  [
    'fba/analysis/x.ts',
    "import { field } from '../../encoder/field.ts'\nfield()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'protocols/x.ts',
    "import { node } from '../src/node/node.ts'\nnode()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/manifold/x.ts',
    "import { put } from '../hologram/put.ts'\nput()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/homeostat/x.ts', 'export const started = performance.now()', 'no-restricted-globals'],
  [
    'src/hologram/x.ts',
    "import { Store } from '../store/index.ts'\nnew Store()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/tables/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  [
    'src/tables/x.ts',
    "import { S3Error } from '../s3/index.ts'\nthrow new S3Error('InternalError', '')",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/s3/x.ts',
    "import { openStore } from '../store/index.ts'\nopenStore()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/s3/auth/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  ['src/hologram/x.ts', 'setTimeout(() => {}, 1)', 'no-restricted-globals'],
  [
    'src/hologram/wedge/x.ts',
    "import { tcp } from '@libp2p/tcp'\ntcp()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/hologram/client/put/x.ts', 'export const ticker = setInterval(() => {}, 1)', 'no-restricted-globals'],
  ['src/hologram/wire/x.ts', 'export const started = performance.now()', 'no-restricted-globals'],
  ['src/hologram/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  ['src/hologram/x.ts', 'export const today = new Date()', 'no-restricted-syntax'],
  ['src/hologram/x.ts', 'export const dice = Math.random()', 'no-restricted-properties'],
  ['src/hologram/x.ts', 'export const deadline = AbortSignal.timeout(1)', 'no-restricted-properties'],
  [
    'src/hologram/client/wire/x.ts',
    "import { setTimeout as sleep } from 'node:timers/promises'\nsleep(1)",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/hologram/x.ts',
    "import { randomBytes } from 'node:crypto'\nrandomBytes(1)",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/node/bulk/x.ts', 'setTimeout(() => {}, 1)', 'no-restricted-globals'],
  [
    'src/node/bulk/x.ts',
    "import { Holder } from '../../hologram/holder/holder.ts'\nnew Holder()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/node/peers/x.ts', 'setTimeout(() => {}, 1)', 'no-restricted-globals'],
  ['src/node/rendezvous.ts', 'AbortSignal.timeout(1)', 'no-restricted-properties'],
  ['src/node/peers/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  ['src/node/peers/x.ts', 'export const startMs = performance.now()', 'no-restricted-globals'],
  ['src/node/peers/x.ts', 'export const late = AbortSignal.timeout(1)', 'no-restricted-properties'],
  ['src/node/peers/x.ts', 'export const dice = Math.random()', 'no-restricted-properties'],
  [
    'src/node/peers/x.ts',
    "import { setTimeout as sleep } from 'node:timers/promises'\nsleep(1)",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/seal/x.ts',
    "import { HologramError } from '../hologram/errors.ts'\nthrow new HologramError()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/seal/x.ts',
    "import type { Node } from '../node/index.ts'\nexport type N = Node",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/seal/x.ts',
    "import { randomBytes } from 'node:crypto'\nrandomBytes(32)",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/seal/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  [
    'src/seal/x.ts',
    "import { createHmac } from 'node:crypto'\nexport const h = createHmac",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/folders/x.ts',
    "import { readFileSync } from 'node:fs'\nreadFileSync('a')",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/folders/x.ts', 'export const now = Date.now()', 'no-restricted-properties'],
  ['src/heads/x.ts', 'setTimeout(() => {}, 1)', 'no-restricted-globals'],
  [
    'src/heads/x.ts',
    "import { openStore } from '../store/index.ts'\nopenStore()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/hologram/x.ts',
    "import { sealObject } from '../seal/index.ts'\nsealObject()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/agreement/x.ts', 'setTimeout(() => {}, 1)', 'no-restricted-globals'],
  [
    'src/agreement/x.ts',
    "import { openStore } from '../store/index.ts'\nopenStore()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/store/x.ts',
    "import { createNode } from '../node/node.ts'\ncreateNode()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/sdk/x.ts',
    "import { createNode } from '../node/index.ts'\ncreateNode()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/sdk/x.ts',
    "import { createGateway } from '../gateway/index.ts'\ncreateGateway()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'src/gateway/x.ts',
    "import { Store } from '../store/index.ts'\nnew Store()",
    '@typescript-eslint/no-restricted-imports'
  ],
  [
    'web/src/x.tsx',
    "import { createGateway } from '../../src/gateway/index.ts'\ncreateGateway()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['src/browser/x.ts', "import { open } from 'node:fs'\nopen()", '@typescript-eslint/no-restricted-imports'],
  [
    'src/browser/x.ts',
    "import { createGateway } from '../gateway/index.ts'\ncreateGateway()",
    '@typescript-eslint/no-restricted-imports'
  ],
  ['web/src/x.ts', "import { open } from 'node:fs'\nopen()", '@typescript-eslint/no-restricted-imports'],
  [
    'src/cli/commands/x.ts',
    "import { put } from '../../hologram/put.ts'\nput()",
    '@typescript-eslint/no-restricted-imports'
  ]
]

const ALLOWED: ReadonlyArray<[file: string, code: string]> = [
  ['web/src/x.ts', "import type { StatJson } from '../../src/gateway/types.ts'\nexport type S = StatJson"],
  ['encoder/x.ts', "import { createHash } from 'node:crypto'\nexport const h = createHash('sha256')"],
  ['encoder/backends/x.ts', "import { Worker } from 'node:worker_threads'\nexport const w = new Worker('a')"],
  ['src/store/x.ts', "import type { Holdings } from '../hologram/holdings.ts'\nexport type H = Holdings"],
  ['src/hologram/x.ts', "import { createHash } from 'node:crypto'\nexport const h = createHash('sha256')"],
  ['src/hologram/x.ts', "import { systemClock } from '../clock/index.ts'\nexport const clock = systemClock"],
  ['src/hologram/x.ts', "import { leafHash } from '../../encoder/index.ts'\nexport const h = leafHash"],
  [
    'src/seal/x.ts',
    "import type { RandomSource } from '../clock/clock.ts'\nexport const b = (r: RandomSource) => r.bytes(1)"
  ],
  ['src/folders/x.ts', "import { parseLink } from '../seal/index.ts'\nexport const p = parseLink"],
  ['src/seal/cipher.ts', "import { createHmac } from 'node:crypto'\nexport const h = createHmac"],
  ['src/gateway/x.ts', "import { parseLink } from '../seal/index.ts'\nexport const p = parseLink"],
  ['src/node/peers/x.ts', "import { tcp } from '@libp2p/tcp'\nexport const t = tcp"],
  ['src/cli/commands/x.ts', "import { createNode } from '../../node/index.ts'\nexport const n = createNode"]
]

describe('walls between rooms', function () {
  const eslint = new ESLint()
  const rulesBroken = async (file: string, code: string): Promise<Array<string | null>> => {
    const [result] = await eslint.lintText(`${code}\n`, { filePath: file })
    return result.messages.map((message) => message.ruleId)
  }

  for (const [file, code, rule] of BREACHES) {
    it(`${file} may not contain: ${code.split('\n')[0]}`, async () => {
      expect(await rulesBroken(file, code)).to.include(rule)
    })
  }

  for (const [file, code] of ALLOWED) {
    it(`${file} may contain: ${code.split('\n')[0]}`, async () => {
      expect(await rulesBroken(file, code)).to.deep.equal([])
    })
  }
})
