// Apache Kafka's own jars, brought by Maven once, and short Java programs run on them. [test processes]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The version of Kafka that all tests and benches compare with. */
export const kafkaVersion = '4.3.0'
const slf4jVersion = '1.7.36'

const cache = fileURLToPath(new URL('../../node_modules/.cache/millrace', import.meta.url))
const javaSources = fileURLToPath(new URL('../java', import.meta.url))
const jars = join(cache, `kafka-${kafkaVersion}`)

/** The directory that holds Kafka's jars; fetched by Maven on first use, rejects when Maven cannot bring them. */
export function kafkaJars(): Promise<string> {
  jarsPromise ??= withLock(jars, fetchJars)
  return jarsPromise
}
let jarsPromise: Promise<string> | undefined

/** Why real Kafka and Java programs cannot run on this machine; undefined when they can. */
export function unavailable(): string | undefined {
  reason ??= findReason()
  return reason.text
}
let reason: { text: string | undefined } | undefined

/** Brings the jars before a run asks for them; where Maven cannot, `unavailable` says so in all its processes. */
export async function prepareJars(): Promise<void> {
  if (unavailable() !== undefined) return
  try {
    await kafkaJars()
  } catch (error) {
    process.env[whyVariable] = String(error)
  }
}
const whyVariable = 'MILLRACE_TEST_KAFKA_WHY'

/** What a Java program printed and how it ended; `status` is null when a signal (or the timeout) ended it. */
export interface JavaResult {
  stdout: Buffer
  stderr: string
  status: number | null
}

/**
 * Runs a Java program on Kafka's jars: a source file under test/java (`'Golden.java'`, compiled once per content)
 * or a main class of the jars (`'org.apache.kafka.tools.ProducerPerformance'`). Default `timeoutMs` 120000.
 */
export async function runJava(
  main: string,
  args: readonly string[] = [],
  options: { stdin?: string | Uint8Array; timeoutMs?: number; jvm?: readonly string[] } = {},
): Promise<JavaResult> {
  const child = spawn('java', await javaArguments(main, args, options.jvm), { stdio: 'pipe' })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {}) // a program that ends without reading its input breaks the pipe: its status tells
  child.stdin.end(options.stdin)
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), status }
  } finally {
    clearTimeout(timer)
  }
}

/** The arguments of `java` for a program as in `runJava`, for those who keep it running. */
export async function javaArguments(
  main: string,
  args: readonly string[],
  jvm: readonly string[] = ['-XX:TieredStopAtLevel=1'],
): Promise<string[]> {
  const path = [join(await kafkaJars(), '*')]
  let name = main
  if (main.endsWith('.java')) {
    path.unshift(await compiled(join(javaSources, main)))
    name = basename(main, '.java')
  }
  return ['-XX:+UseSerialGC', '-Xshare:auto', ...jvm, '-cp', path.join(delimiter), name, ...args]
}

async function fetchJars(): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'millrace-jars-'))
  const target = mkdtempSync(join(cache, 'incoming-'))
  try {
    writeFileSync(join(work, 'pom.xml'), pom())
    const command = ['-B', '-q', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies']
    const { status, output } = await run('mvn', [...command, `-DoutputDirectory=${target}`])
    if (status !== 0) throw new Error(`Maven could not bring the jars of Kafka ${kafkaVersion}:\n${output}`)
    // The binding that prints, for brokers only: programs whose output is read get the silent one.
    mkdirSync(join(target, 'logging'))
    renameSync(join(target, `slf4j-simple-${slf4jVersion}.jar`), join(target, 'logging', 'slf4j-simple.jar'))
    renameSync(target, jars) // one step, so that a directory of that name is always complete
    return jars
  } finally {
    rmSync(work, { recursive: true, force: true })
    rmSync(target, { recursive: true, force: true })
  }
}

function pom(): string {
  const wanted = [
    ['org.apache.kafka', 'kafka_2.13', kafkaVersion],
    ['org.apache.kafka', 'kafka-tools', kafkaVersion],
    ['org.slf4j', 'slf4j-nop', slf4jVersion],
    ['org.slf4j', 'slf4j-simple', slf4jVersion],
  ]
  const one = ([group, artifact, version]: string[]) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
    `<version>${version}</version></dependency>`
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>millrace</groupId><artifactId>test-jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${wanted.map(one).join('\n')}</dependencies></project>`
}

async function compiled(source: string): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const classes = join(cache, `classes-${basename(source, '.java')}-${hash}`)
  return withLock(classes, async () => {
    const path = join(await kafkaJars(), '*')
    const target = mkdtempSync(join(cache, 'incoming-'))
    const { status, output } = await run('javac', ['-nowarn', '-encoding', 'UTF-8', '-cp', path, '-d', target, source])
    if (status !== 0) {
      rmSync(target, { recursive: true, force: true })
      throw new Error(`javac refused ${source}:\n${output}`)
    }
    renameSync(target, classes)
    return classes
  })
}

/** Makes `target` by `make` unless it exists; of several processes one makes it while the others wait. */
async function withLock(target: string, make: () => Promise<string>): Promise<string> {
  mkdirSync(cache, { recursive: true })
  const lock = `${target}.lock`
  for (;;) {
    if (existsSync(target)) return target
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch {
      if (ownerIsGone(lock)) rmSync(lock, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const release = () => rmSync(lock, { force: true })
  process.once('exit', release)
  try {
    return existsSync(target) ? target : await make()
  } finally {
    release()
    process.off('exit', release)
  }
}

function ownerIsGone(lock: string): boolean {
  try {
    const owner = Number(readFileSync(lock, 'utf8'))
    // A lock without a number was either just made or left by a process that died between two system calls.
    if (!owner) return Date.now() - statSync(lock).mtimeMs > 10_000
    process.kill(owner, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

function run(command: string, args: string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer) => {
      output += chunk
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}

function findReason(): { text: string | undefined } {
  if (process.env['MILLRACE_TEST_KAFKA'] === 'off') return { text: 'MILLRACE_TEST_KAFKA=off' }
  const told = process.env[whyVariable]
  if (told !== undefined) return { text: told }
  const version = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (version.error) return { text: 'no java on the PATH (17 or newer is needed)' }
  const major = Number(/version "(\d+)/.exec(version.stderr)?.[1] ?? 0)
  if (major < 17) return { text: `java is version ${major}, 17 or newer is needed` }
  if (spawnSync('javac', ['-version']).error) return { text: 'java is there, javac is not: a JDK is needed' }
  if (!existsSync(jars) && spawnSync('mvn', ['-version']).error) return { text: 'no mvn on the PATH to bring the jars' }
  return { text: undefined }
}
