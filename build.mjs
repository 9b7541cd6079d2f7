// The `prepare` step: compiles src/ to dist/ when this is a checkout with its devDependencies installed, and the native
// kernel where cargo is.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'

if (existsSync(new URL('./src', import.meta.url))) {
  // What an earlier build left of files that are gone would be packed and published.
  rmSync(new URL('./dist', import.meta.url), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  const { buildNative } = await import('./native/build.mjs')
  const problem = buildNative({ quiet: true })
  if (problem !== undefined) console.log(`millrace goes on without its native kernel, only slower: ${problem}.`)
}
