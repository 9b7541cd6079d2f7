// The `prepare` step: compiles src/ to dist/ when this is a checkout with its devDependencies installed, makes bundles
// of what is always loaded whole, and builds the native kernel where cargo is.
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
  await bundle()
  const { buildNative } = await import('./native/build.mjs')
  const problem = buildNative({ quiet: true })
  if (problem !== undefined) console.log(`millrace goes on without its native kernel, only slower: ${problem}.`)
}

/**
 * A file each for what is always loaded whole: one file takes a fifth of the time that a hundred modules do. They stay in
 * their folders, as they tell paths from there; the modules stay for `threads: 'inline'`. Not the processor's thread: user
 * code there imports millrace too, and must meet the same error classes.
 */
async function bundle() {
  const { rolldown } = await import('rolldown')
  const packages = /^[^./]/
  const bundles = {
    'protocol/apis': (id) => packages.test(id) || !/protocol\W(apis|messages\W.*)\.js$|^\.\W/.test(id),
    'io/thread': packages,
    'worker/thread': packages,
  }
  for (const [entry, external] of Object.entries(bundles)) {
    const file = fileURLToPath(new URL(`./dist/${entry}.js`, import.meta.url))
    const made = await rolldown({ input: file, platform: 'node', external })
    await made.write({ file, format: 'esm', codeSplitting: false })
  }
}
