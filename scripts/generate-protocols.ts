// protocols/*.proto -> protocols/generated/*.js and *.d.ts, both committed. The intermediate TypeScript of
// protons uses enums and namespaces, which type stripping cannot run, so it is compiled before it lands.
// With --check nothing is written: exits 1 and names the files whose committed form is stale.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const source = join(root, 'protocols')
const target = join(source, 'generated')
const check = process.argv.includes('--check')
const run = (script: string, ...args: string[]): void => {
  execFileSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit'
  })
}

// Inside the repository, so that the compiler finds node_modules.
mkdirSync(join(root, '.cache'), { recursive: true })
const work = mkdtempSync(join(existsSync(root) ? join(root, '.cache') : tmpdir(), 'protocols-'))
try {
  const protos = readdirSync(source).filter((name) => name.endsWith('.proto'))
  run('protons/dist/bin/protons.js', ...protos.map((name) => join(source, name)), '--output', work)
  const generated = readdirSync(work).filter((name) => name.endsWith('.ts'))
  run(
    'typescript/bin/tsc',
    ...generated.map((name) => join(work, name)),
    ...'--target es2023 --module nodenext --declaration --skipLibCheck --ignoreConfig'.split(' '),
    '--outDir',
    join(work, 'out')
  )
  const stale: string[] = []
  mkdirSync(target, { recursive: true })
  const fresh = readdirSync(join(work, 'out')).sort()
  for (const name of fresh) {
    const text = readFileSync(join(work, 'out', name), 'utf8')
    const path = join(target, name)
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    stale.push(name)
    if (!check) writeFileSync(path, text)
  }
  for (const name of readdirSync(target).filter((name) => !fresh.includes(name))) {
    stale.push(name)
    if (!check) rmSync(join(target, name))
  }
  if (check && stale.length > 0) {
    console.error(`stale: ${stale.join(', ')}. Run "npm run generate" and commit the result.`)
    process.exitCode = 1
  }
} finally {
  rmSync(work, { recursive: true })
}
