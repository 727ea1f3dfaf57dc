// dist/ for the published package: compiled TypeScript, plus the files that are shipped as they are.
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
rmSync(join(root, 'dist'), { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
  {
    stdio: 'inherit'
  }
)
execFileSync(process.execPath, [join(root, 'scripts/build-web.ts')], { stdio: 'inherit' })
const assets = ['protocols/generated/*.{js,d.ts}', '{encoder,src}/**/*.{wasm,wgsl,html,json,yaml}']
for (const path of globSync(assets, { cwd: root })) {
  cpSync(join(root, path), join(root, 'dist', path))
}
