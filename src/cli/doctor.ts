// `millrace doctor`: what is in use on this machine, and why; and whether the brokers can be reached. [main thread]
import { availableParallelism } from 'node:os'
import { crc32cImplementation } from '../bytes/crc32c.ts'
import { parseBrokers } from '../client/broker-list.ts'
import { explainOptions, type OptionExplanation } from '../client/options.ts'
import { type KernelChoice, kernelChoice } from '../record/best-kernel.ts'
import { codecStatus } from '../record/compression/registry.ts'
import { type ClientFlags, clientLayers, clientOptions } from './client-options.ts'
import { ExitCode } from './exit.ts'
import { type Knock, knock } from './knock.ts'
import { columns, paint } from './table.ts'

/** What `--json` prints. */
interface Diagnosis {
  millrace: string
  node: { version: string; supported: boolean; advice?: string }
  platform: { system: string; cores: number }
  kernel: KernelChoice
  crc32c: { implementation: string }
  codecs: ReturnType<typeof codecStatus>
  options: OptionExplanation[]
  ignored: readonly { name: string; at: string; why: string }[]
  brokers: Knock[]
}

/** Runs the command. Exits with 1 when a codec does not load or a broker that was named cannot be reached. */
export async function doctor(flags: ClientFlags & { json?: boolean }, version: string): Promise<void> {
  const given = clientOptions(flags)
  const options = explainOptions(given)
  const timeoutMs = options.find(({ name }) => name === 'connectTimeoutMs')?.value as number
  const addresses = given.brokers === undefined ? [] : parseBrokers(given.brokers)
  const diagnosis: Diagnosis = {
    millrace: version,
    node: nodeStatus(),
    platform: { system: `${process.platform} ${process.arch}`, cores: availableParallelism() },
    kernel: kernelChoice(),
    crc32c: {
      implementation: crc32cImplementation() === 'addon' ? '@node-rs/crc32' : 'javascript (no addon loads here)',
    },
    codecs: codecStatus(),
    options,
    ignored: clientLayers(flags).flatMap(({ ignored }) => ignored),
    brokers: await Promise.all(addresses.map((address) => knock(address, timeoutMs))),
  }
  process.stdout.write(flags.json === true ? `${JSON.stringify(diagnosis)}\n` : `${described(diagnosis)}\n`)
  const problems = problemsOf(diagnosis)
  if (problems.length === 0) return
  process.stderr.write(`millrace: ${problems.join('; ')}\n`)
  process.exitCode = ExitCode.failed
}

function nodeStatus(): Diagnosis['node'] {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  const supported = major > 20 || (major === 20 && minor >= 19)
  if (!supported) return { version: process.version, supported, advice: 'millrace needs Node.js 20.19 or newer' }
  if (major >= 24) return { version: process.version, supported }
  const zstd = major === 20 ? ', and decodes zstd faster' : ''
  return { version: process.version, supported, advice: `works; 24 or newer is recommended${zstd}` }
}

function problemsOf({ node, codecs, brokers }: Diagnosis): string[] {
  return [
    ...(node.supported ? [] : [node.advice!]),
    ...Object.entries(codecs)
      .filter(([, { available }]) => !available)
      .map(([name, { reason }]) => `${name} is not available: ${reason}`),
    ...brokers.filter(({ ok }) => !ok).map(({ address, problem }) => `${address}: ${problem}`),
  ].map((problem) => problem.replace(/\s*\n\s*/g, ' '))
}

function described(diagnosis: Diagnosis): string {
  const { millrace, node, platform, kernel, crc32c, codecs, options, ignored, brokers } = diagnosis
  const good = (ok: boolean) => (ok ? paint('ok', 'green') : paint('no', 'red'))
  const machine = [
    ['millrace', good(true), millrace],
    ['Node.js', good(node.supported), `${node.version}${node.advice === undefined ? '' : `: ${node.advice}`}`],
    ['machine', good(true), `${platform.system}, ${platform.cores} cores`],
    ['kernel', good(true), `${kernel.name}: ${kernel.why}`],
    ['crc32c', good(true), crc32c.implementation],
    ...Object.entries(codecs).map(([name, { available, implementation, reason }]) => {
      return [name, good(available), reason === undefined ? implementation : `${implementation}: ${reason}`]
    }),
    ...brokers.map(({ address, ok, detail, problem }) => [address, good(ok), ok ? detail! : problem!]),
  ]
  const rows = options.map(({ name, value, source }) => {
    const isDefault = source === 'default'
    return [name, text(value), paint(source, isDefault ? 'dim' : 'cyan')]
  })
  const sections = [columns(machine), `\n${paint('Options', 'bold')}`, columns(rows)]
  if (ignored.length > 0) {
    sections.push(`\n${paint('Passed over', 'bold')}`, columns(ignored.map(({ name, at, why }) => [name, why, at])))
  }
  if (brokers.length === 0) sections.push('\nWith --brokers HOST:PORT the brokers are tried, too.')
  return sections.join('\n')
}

function text(value: unknown): string {
  if (value === undefined) return '-'
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
