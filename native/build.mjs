// `npm run build:native`: builds the native kernel with cargo and puts it where native-addon.ts looks for it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const libraries = { darwin: 'libmillrace_native.dylib', win32: 'millrace_native.dll' }

/** Builds; returns undefined, or why it was not possible. */
export function buildNative({ quiet }) {
  const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' })
  if (cargo.status !== 0) return 'there is no cargo here'
  // Someone who only installs should not wait for minutes where the registry cannot be reached.
  const env = quiet ? { CARGO_NET_RETRY: '1', CARGO_HTTP_TIMEOUT: '20', ...process.env } : process.env
  const result = spawnSync(
    'cargo',
    ['build', '--release', '--locked', '--target-dir', `${folder}target`, ...(quiet ? ['--quiet'] : [])],
    {
      cwd: folder,
      env,
      encoding: 'utf8',
      stdio: quiet ? ['ignore', 'ignore', 'pipe'] : 'inherit',
    },
  )
  if (result.status !== 0) {
    const lines = (result.stderr ?? '').trim().split('\n')
    const line = lines.find((text) => text.startsWith('error')) ?? lines[0]
    return `cargo build failed${line ? ` (${line})` : ''}`
  }
  const built = `${folder}target/release/${libraries[process.platform] ?? 'libmillrace_native.so'}`
  const target = `${folder}millrace.${triple()}.node`
  // Not in place: a process that has the old one loaded would crash.
  const fresh = `${target}.${process.pid}`
  copyFileSync(built, fresh)
  try {
    renameSync(fresh, target)
  } catch (error) {
    rmSync(fresh, { force: true })
    return `${target} cannot be replaced (${error.code}): is it in use?`
  }
  return undefined
}

function triple() {
  const name = `${process.platform}-${process.arch}`
  if (process.platform === 'win32') return `${name}-msvc`
  if (process.platform !== 'linux') return name
  return `${name}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problem = buildNative({ quiet: false })
  if (problem !== undefined) {
    console.error(`The native kernel was not built: ${problem}.`)
    process.exit(1)
  }
}
