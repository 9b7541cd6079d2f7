// The `prepare` step: compiles src/ to dist/ when this is a checkout with its devDependencies installed, makes one file
// of each thread's entry, and builds the native kernel where cargo is.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

if (existsSync(new URL('./src', import.meta.url))) {
  // What an earlier build left of files that are gone would be packed and published.
  rmSync(new URL('./dist', import.meta.url), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  await bundleThreads()
  const { buildNative } = await import('./native/build.mjs')
  const problem = buildNative({ quiet: true })
  if (problem !== undefined) console.log(`millrace goes on without its native kernel, only slower: ${problem}.`)
}

/**
 * A thread loads its entry before it answers: one file in a fifth of the time that a hundred modules take. The modules
 * stay for `threads: 'inline'`; an entry stays in its folder, as it tells paths from there. Not the processor's thread:
 * user code there imports millrace too, and must meet the same error classes.
 */
async function bundleThreads() {
  const { rolldown } = await import('rolldown')
  for (const entry of ['io/thread', 'worker/thread']) {
    const file = fileURLToPath(new URL(`./dist/${entry}.js`, import.meta.url))
    const bundle = await rolldown({ input: file, platform: 'node', external: /^[^./]/ })
    await bundle.write({ file, format: 'esm', codeSplitting: false })
  }
}
