// Packs millrace, installs the tarball as a user would, and runs the short suite on each supported Node.
// `node test/runtimes/run.ts [--report FILE]`; exits non-zero when anything failed. [a process of its own]
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeBinary } from './node-binary.ts'

/** The oldest supported Node, the long-term one before the pinned 24, and the current one. */
const versions = ['20.19.6', '22.23.3', '26.10.0']

const root = fileURLToPath(new URL('../..', import.meta.url))
const { report } = parseArgs({ options: { report: { type: 'string' } } }).values
const work = mkdtempSync(join(tmpdir(), 'millrace-runtimes-'))
let passed = 0
let failed = 0
try {
  const user = installPackage()
  check('the declarations compile in a strict project', () => compileTypes(user))
  for (const version of versions) runOn(version, user)
} catch (error) {
  tell(false, String(error))
} finally {
  rmSync(work, { recursive: true, force: true })
}
if (report !== undefined) writeFileSync(report, JSON.stringify({ passed, failed }))
console.log(`runtimes: ${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function installPackage(): string {
  must('npm', ['pack', '--pack-destination', work], root)
  const tarball = readdirSync(work).find((file) => file.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack made no tarball')
  const user = join(work, 'user')
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', type: 'module', private: true }))
  // No scripts: the package promises that it needs none, and no compiler.
  must('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(work, tarball)], user)
  copyFileSync(join(root, 'test/runtimes/smoke.mjs'), join(user, 'smoke.mjs'))
  copyFileSync(join(root, 'test/runtimes/types.mts'), join(user, 'types.mts'))
  return user
}

function compileTypes(user: string): void {
  const settings = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--exactOptionalPropertyTypes',
  ]
  // The types of Node come from this checkout; the user of a Node library has them.
  const types = [
    '--typeRoots',
    join(root, 'node_modules/@types'),
    '--types',
    'node',
    '--lib',
    'es2024,esnext.disposable',
  ]
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  must(process.execPath, [tsc, ...settings, ...types, 'types.mts'], user)
}

function runOn(version: string, user: string): void {
  const node = nodeBinary(version)
  const result = spawnSync(node, ['smoke.mjs'], { cwd: user, encoding: 'utf8', timeout: 120_000 })
  for (const line of result.stdout.split('\n')) {
    if (line.startsWith('ok - ')) tell(true, `Node ${version}: ${line.slice(5)}`)
    else if (line.startsWith('not ok - ')) tell(false, `Node ${version}: ${line.slice(9)}`)
    else if (line !== '') console.log(`  ${line}`)
  }
  check(`Node ${version}: the suite ends by itself, with exit code 0`, () => {
    if (result.status === 0) return
    const how = result.error ?? (result.signal ? `ended by ${result.signal}` : `exit code ${result.status}`)
    throw new Error(`${how}\n${result.stderr}`)
  })
  check(`Node ${version}: the command line runs`, () => {
    // Node leaves the package's own bin link to npm; its target is what matters here.
    const cli = join(user, 'node_modules/millrace/dist/cli/main.js')
    const demo = JSON.parse(must(node, [cli, 'demo', '--records', '20000', '--json'], user)) as { records: number }
    if (demo.records !== 20_000) throw new Error(`demo --json reported ${demo.records} records`)
    JSON.parse(must(node, [cli, 'doctor', '--json'], user))
  })
}

function must(command: string, args: string[], cwd: string): string {
  // Each Node finds itself first on the PATH, so that what it starts is the same Node.
  const own = command.includes('/') ? `${dirname(command)}${delimiter}` : ''
  const env = { ...process.env, PATH: `${own}${process.env['PATH']}` }
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 180_000, maxBuffer: 1 << 26 })
  if (result.status === 0) return result.stdout
  const how = result.error ?? result.signal ?? `exit code ${result.status}`
  throw new Error(`${command} ${args.join(' ')}: ${how}\n${result.stdout}${result.stderr}`)
}

function check(name: string, body: () => void): void {
  try {
    body()
    tell(true, name)
  } catch (error) {
    tell(false, `${name}: ${error}`)
  }
}

function tell(good: boolean, text: string): void {
  if (good) passed++
  else failed++
  console.log(`${good ? 'ok' : 'not ok'} - ${text}`)
}
