// The `prepare` step: compiles src/ to dist/ when this is a checkout with its devDependencies installed.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'

if (existsSync(new URL('./src', import.meta.url))) {
  // What an earlier build left of files that are gone would be packed and published.
  rmSync(new URL('./dist', import.meta.url), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  process.exit(status ?? 1)
}
