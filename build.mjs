// The `prepare` step: compiles src/ to dist/ when this is a checkout with its devDependencies installed, bundles
// it, and builds the native kernel where cargo is.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
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
 * A few files in the place of hundreds, which take five times as long to load: one for each thread that runs no user
 * code, and shared chunks for all the rest, so that user code in a processor's thread meets the same classes as that
 * thread. Chunks lie in a folder of dist, as the modules did: both tell paths from there.
 */
async function bundle() {
  const { rolldown } = await import('rolldown')
  const dist = fileURLToPath(new URL('./dist/', import.meta.url))
  const settings = { platform: 'node', external: /^[^./]/ }
  const threads = ['io/thread', 'worker/thread']
  for (const entry of threads) {
    const file = `${dist}${entry}.js`
    const made = await rolldown({ ...settings, input: file })
    await made.write({ file, format: 'esm', codeSplitting: false })
  }
  const processors = ['worker/processor-thread', 'cli/demo-processor', 'cli/consume-processor']
  const entries = ['index', 'broker/index', 'broker/thread', 'cli/main', ...processors]
  const input = Object.fromEntries(entries.map((entry) => [entry, `${dist}${entry}.js`]))
  const shared = /dist\W(base|bytes|client|control|delivery|engine|group|protocol|record|ring)\W/
  const made = await rolldown({ ...settings, input })
  const { output } = await made.write({
    ...{ dir: dist, format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
    codeSplitting: { groups: [{ name: 'millrace', test: shared }] },
  })
  const kept = new Set([...output.map(({ fileName }) => fileName), ...threads.map((entry) => `${entry}.js`)])
  for (const file of readdirSync(dist, { recursive: true })) {
    if (file.endsWith('.js') && !kept.has(file.replaceAll('\\', '/'))) rmSync(`${dist}${file}`)
  }
}
