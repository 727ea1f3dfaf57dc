// Lint, and the walls between rooms (docs/explain/architecture.md, "Walls"). A pure room gets time, randomness,
// storage and sending through a driver; nothing below reaches up. test/unit/walls.test.ts breaks each wall.
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const code = ['encoder', 'fba', 'protocols', 'src', 'test', 'scripts', 'bench', 'testnet', 'web'].map(
  (d) => `${d}/**/*.{ts,tsx}`
)

/** Modules that reach the network, the disk or another process. */
const IO_MODULES = {
  regex:
    '^(node:(net|fs|fs/promises|http|https|http2|dgram|dns|child_process|cluster|tls|os|timers|timers/promises)|fs|net|http|https|os|timers)$',
  message: 'A pure room does no I/O: take it through the driver.'
}
const LIBP2P_MODULES = {
  regex: '^(libp2p|@libp2p/|@chainsafe/libp2p|@multiformats/multiaddr|datastore-|classic-level)',
  message: 'A pure room knows no network and no database: take them through the driver.'
}
const WORKER_MODULES = {
  regex: '^(node:worker_threads|worker_threads|webgpu|@tensorflow/)',
  message: 'Only encoder/backends may load workers, WebAssembly or a GPU.'
}
/** For a room that a browser shares. */
const NODE_MODULES = {
  regex: '^node:',
  message:
    'Sealing runs in browsers as well: only src/seal/cipher.ts and cipher-web.ts name implementations of cryptography.'
}
const RANDOM_IMPORTS = {
  regex: '^(node:)?crypto$',
  importNamePattern: '^(random|webcrypto|getRandomValues|generateKey)',
  message: 'A pure room takes random bits from its driver.'
}
/** Forbids relative imports that enter any of `rooms`. */
const rooms = (...names) => ({
  regex: `^\\.\\.?/(.*/)?(${names.join('|')})/`,
  message: `This room may not import ${names.join(', ')} (docs/explain/architecture.md, "Walls").`
})

const CLOCK_AND_RANDOM = [
  'error',
  ...['setTimeout', 'setInterval', 'setImmediate', 'performance', 'crypto', 'fetch', 'process'].map(
    (name) => ({
      name,
      message: 'Time, randomness and I/O enter a pure room through its driver.'
    })
  )
]
const CLOCK_AND_RANDOM_PROPERTIES = [
  'error',
  { object: 'Date', property: 'now', message: 'A pure room takes the time from its driver.' },
  { object: 'Math', property: 'random', message: 'A pure room takes random bits from its driver.' }
]
const CLOCK_SYNTAX = [
  'error',
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'A pure room takes the time from its driver.'
  }
]

/** Rooms that act on peers: time and random bits come in as a Clock and a RandomSource (src/clock). */
const TIMED = 'Time and random bits come from the Clock and the RandomSource of the context (src/clock).'
const TIMER_MODULES = { regex: '^(node:)?timers(/promises)?$', message: TIMED }
const timed = (...patterns) => ({
  ...walls([TIMER_MODULES, { ...RANDOM_IMPORTS, message: TIMED }, ...patterns]),
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval', 'setImmediate', 'performance', 'crypto'].map((name) => ({
      name,
      message: TIMED
    }))
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: TIMED },
    { object: 'Math', property: 'random', message: TIMED },
    { object: 'AbortSignal', property: 'timeout', message: TIMED },
    { object: 'process', property: 'hrtime', message: TIMED }
  ],
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: TIMED }
  ]
})

const walls = (patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { patterns }] })
const pure = (...patterns) => ({
  ...walls([IO_MODULES, LIBP2P_MODULES, RANDOM_IMPORTS, ...patterns]),
  'no-restricted-globals': CLOCK_AND_RANDOM,
  'no-restricted-properties': CLOCK_AND_RANDOM_PROPERTIES,
  'no-restricted-syntax': CLOCK_SYNTAX
})
/** Rooms of src other than the one named and those it may also see. */
const SRC_ROOMS = [
  'agreement',
  'manifold',
  'homeostat',
  'hologram',
  'field',
  'folders',
  'heads',
  's3',
  'store',
  'tables',
  'seal',
  'node',
  'gateway',
  'cli',
  'sdk',
  'browser'
]
const othersThan = (...own) => rooms(...SRC_ROOMS.filter((room) => !own.includes(room)))
/** Types of a sibling room may be named; its code may not be loaded. */
const typesOnly = (pattern) => ({ ...pattern, allowTypeImports: true })

export default defineConfig(
  { ignores: ['dist/', 'protocols/generated/', 'node_modules/', 'bench/*/node_modules/'] },
  {
    files: code,
    extends: [tseslint.configs.recommended],
    linterOptions: { reportUnusedDisableDirectives: 'error' }
  },
  {
    files: code,
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }
      ]
    }
  },
  { files: ['encoder/**/*.ts'], rules: pure(WORKER_MODULES, rooms('src', 'fba', 'protocols')) },
  { files: ['fba/**/*.ts'], rules: pure(WORKER_MODULES, rooms('src', 'encoder', 'protocols')) },
  {
    files: ['encoder/backends/**/*.ts'],
    rules: {
      ...walls([LIBP2P_MODULES, rooms('src', 'fba', 'protocols')]),
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-syntax': 'off'
    }
  },
  { files: ['protocols/**/*.ts'], rules: walls([rooms('src', 'encoder', 'fba')]) },
  { files: ['src/manifold/**/*.ts'], rules: pure(WORKER_MODULES, othersThan('manifold')) },
  { files: ['src/homeostat/**/*.ts'], rules: pure(WORKER_MODULES, othersThan('homeostat')) },
  { files: ['src/clock/**/*.ts'], rules: walls([LIBP2P_MODULES, othersThan('clock')]) },
  { files: ['src/hologram/**/*.ts'], rules: timed(typesOnly(othersThan('hologram'))) },
  { files: ['src/hologram/wedge/**/*.ts'], rules: pure(WORKER_MODULES, othersThan('hologram')) },
  {
    files: ['src/seal/**/*.ts'],
    ignores: ['src/seal/cipher.ts'],
    rules: pure(NODE_MODULES, othersThan('seal'), rooms('encoder', 'fba', 'protocols'))
  },
  {
    files: ['src/seal/cipher.ts'],
    rules: pure(WORKER_MODULES, othersThan('seal'), rooms('encoder', 'fba', 'protocols'))
  },
  { files: ['src/folders/**/*.ts'], rules: pure(NODE_MODULES, othersThan('folders', 'seal')) },
  { files: ['src/node/peers/**/*.ts', 'src/node/rendezvous.ts'], rules: timed() },
  {
    // Keys of certificates need random bits from the system.
    files: ['src/node/bulk/**/*.ts'],
    rules: { ...timed(), ...walls([TIMER_MODULES, othersThan('node')]) }
  },
  { files: ['src/heads/**/*.ts'], rules: timed(typesOnly(othersThan('heads'))) },
  { files: ['src/agreement/**/*.ts'], rules: timed(typesOnly(othersThan('agreement'))) },
  {
    files: ['src/field/**/*.ts'],
    rules: timed(IO_MODULES, LIBP2P_MODULES, WORKER_MODULES, othersThan('field', 'agreement'))
  },
  { files: ['src/store/**/*.ts'], rules: walls([typesOnly(othersThan('store'))]) },
  {
    files: ['src/tables/**/*.ts'],
    rules: timed(IO_MODULES, WORKER_MODULES, othersThan('tables', 'heads'))
  },
  { files: ['src/s3/**/*.ts'], rules: walls([othersThan('s3', 'node', 'seal', 'tables', 'hologram')]) },
  {
    files: ['src/s3/auth/**/*.ts'],
    rules: pure(WORKER_MODULES, othersThan('s3'))
  },
  { files: ['src/gateway/**/*.ts'], rules: walls([othersThan('gateway', 'node', 'seal', 'heads', 'field')]) },
  {
    files: ['web/**/*.{ts,tsx}'],
    rules: walls([
      NODE_MODULES,
      LIBP2P_MODULES,
      typesOnly(rooms('gateway', 'node', 'hologram')),
      rooms('store', 'heads', 's3', 'tables', 'agreement', 'homeostat', 'commands', 'objects'),
      rooms('encoder', 'fba', 'protocols')
    ])
  },
  {
    files: ['src/cli/**/*.ts'],
    rules: walls([
      othersThan('cli', 'node', 'gateway', 'seal', 'folders', 'heads', 'manifold', 's3', 'field')
    ])
  },
  {
    // Runs in browsers: nothing of Node, and of the gateway only what it answers.
    files: ['src/browser/**/*.ts'],
    rules: walls([
      NODE_MODULES,
      LIBP2P_MODULES,
      typesOnly(rooms('gateway')),
      othersThan('browser', 'seal', 'folders', 'gateway')
    ])
  },
  {
    // What the gateway answers is named; its code stays in the node.
    files: ['src/sdk/**/*.ts'],
    rules: walls([
      LIBP2P_MODULES,
      typesOnly(rooms('gateway')),
      othersThan('sdk', 'cli', 'seal', 'folders', 'gateway')
    ])
  }
)
