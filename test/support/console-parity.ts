// The main promise, as a check: `millrace consume` prints what Kafka's console consumer prints. [test processes]
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import { millrace } from './millrace-cli.ts'
import { lineDifferences } from './same-lines.ts'
import type { TestKafka } from './test-kafka.ts'

/** What to compare: a topic with `records` visible records, under one isolation level and any further options. */
export interface ParityOptions {
  topic: string
  records: number
  isolation?: 'read_committed' | 'read_uncommitted'
  /** `-X` options of millrace. */
  options?: Record<string, string | number>
}

/** Reads the topic with Kafka's tool and with ours, and expects the same lines `partition offset value`. */
export async function expectSameAsConsole(kafka: TestKafka, expected: ParityOptions): Promise<void> {
  const theirs = join(kafka.directory, `${expected.topic}.theirs`)
  const { topic, records, isolation = 'read_committed' } = expected
  await kafka.consoleConsumer({ topic, records, isolation, to: theirs })
  await expectSameAsFile(kafka, expected, theirs)
}

/** The same with what Kafka's tool printed earlier. */
export async function expectSameAsFile(kafka: TestKafka, expected: ParityOptions, theirs: string): Promise<void> {
  const { topic, records, isolation, options = {} } = expected
  const ours = join(kafka.directory, `${topic}.ours`)
  const all = isolation === undefined ? options : { ...options, 'isolation.level': isolation }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-X', `${name}=${value}`])
  const where = ['consume', topic, '--brokers', kafka.bootstrap, '--from', 'earliest', '--until', 'end']
  const format = ['--format', '%p %o %s\\n']
  const result = await millrace([...where, ...format, ...flags], { to: ours, timeoutMs: 60_000 + records / 10 })
  expect(result.stderr).toBe('')
  expect(result.status).toBe(0)
  expect(await outOfOrder(ours)).toBeUndefined()
  expect(await lineDifferences(ours, theirs)).toBeUndefined()
}

/** The first line whose offset does not follow the one before it in its partition: sorting would hide it. */
async function outOfOrder(file: string): Promise<string | undefined> {
  const last = new Map<string, number>()
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [partition = '', offset] = line.split(' ', 2)
    if (!(Number(offset) > (last.get(partition) ?? -1)))
      return `${line.slice(0, 100)} came after ${last.get(partition)}`
    last.set(partition, Number(offset))
  }
  return undefined
}
