// What one run of the benches found, and where it is kept. [bench]
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { kafkaVersion } from '../test/support/kafka-jars.ts'
import type { ContestResult } from './contest.ts'
import type { ConsumeResult } from './scenario/consume-json8.ts'
import type { MemoryResult } from './scenario/default-options-memory.ts'
import type { LatencyResult } from './scenario/end-to-end-latency.ts'
import type { FirstRecordResult } from './scenario/first-record.ts'
import type { IdleResult } from './scenario/idle-partitions-cpu.ts'
import type { PausedReaderResult } from './scenario/paused-reader.ts'
import type { ProduceResult } from './scenario/produce-json8.ts'
import type { ScaleResult } from './scenario/thousand-partitions-cpu.ts'

/** One run; a part that was not asked for is absent or empty. */
export interface Results {
  setting: Setting
  consume: ConsumeResult[]
  memory: MemoryResult[]
  parse?: ContestResult[]
  paused?: PausedReaderResult
  first?: FirstRecordResult
  scale?: ScaleResult[]
  idle?: IdleResult
  produce?: ProduceResult[]
  latency?: LatencyResult[]
}

/** Where, when and how it ran. */
export interface Setting {
  at: string
  commit: string
  records: number
  runs: number
  codecs: string[]
  cpu: string
  cores: number
  memoryGiB: number
  /** Processes that wanted a core when it started: figures of a busy machine are worth little. */
  loadBefore: number
  versions: Record<string, string>
}

const here = new URL('./', import.meta.url)

/** Describes this machine and the versions that are compared. */
export function describeSetting(options: Pick<Setting, 'records' | 'runs' | 'codecs'>): Setting {
  const pinned = JSON.parse(readFileSync(new URL('package.json', here), 'utf8')) as { dependencies: object }
  const go = readFileSync(new URL('rivals/programs/franz-go/go.mod', here), 'utf8')
  return {
    at: new Date().toISOString(),
    commit: say('git', ['describe', '--always', '--dirty']),
    ...options,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg()[0]!,
    versions: {
      node: process.version,
      kafka: kafkaVersion,
      'franz-go': /franz-go (v\S+)/.exec(go)?.[1] ?? 'unknown',
      kcat: /librdkafka (\S+)/.exec(say('kcat', ['-V']))?.[1] ?? 'unknown',
      ...pinned.dependencies,
    },
  }
}

/** Writes the figures and the report to `results/local/`, under the time at which the run began, and as `latest`. */
export function keep(results: Results, report: string): void {
  const folder = new URL('results/local/', here)
  mkdirSync(folder, { recursive: true })
  for (const name of [results.setting.at.replaceAll(':', '-').slice(0, 19), 'latest']) {
    writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(results, null, 2)}\n`)
    writeFileSync(new URL(`${name}.md`, folder), `${report}\n`)
  }
}

function say(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { cwd: here, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}
