// Every codec, written by Kafka's ProducerPerformance, read by its console consumer and by us. [test process]
// The long form is MILLRACE_RECORDS=4000000; CI runs 100,000 records a codec.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { clickEvents } from '../../src/broker/click-events.ts'
import { expectSameAsFile } from '../support/console-parity.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import { millrace } from '../support/millrace-cli.ts'

const records = Number(process.env['MILLRACE_RECORDS'] ?? 100_000)
const timeoutMs = 120_000 + records / 2

kafkaDescribe(`millrace consume prints what Kafka's console consumer prints, ${records} records`, (kafka) => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    describe(codec, () => {
      let topic: string
      let theirs: string

      test('Kafka writes and reads', { timeout: timeoutMs }, async () => {
        const payloadFile = join(kafka.directory, 'events.txt')
        writeFileSync(payloadFile, `${[...clickEvents(10_000)].join('\n')}\n`)
        topic = await kafka.topic(`codec-${codec}`, { partitions: 4 })
        const props = { 'batch.size': 131_072, 'linger.ms': 20, acks: 1 }
        await kafka.producerPerf({ topic, records, payloadFile, codec, props })
        theirs = join(kafka.directory, `${topic}.theirs`)
        await kafka.consoleConsumer({ topic, records, to: theirs })
      })

      test('through the threads: the same lines', { timeout: timeoutMs }, async () => {
        await expectSameAsFile(kafka, { topic, records }, theirs)
      })

      test('on one thread: the same lines', { timeout: timeoutMs }, async () => {
        await expectSameAsFile(kafka, { topic, records, options: { threads: 'inline' } }, theirs)
      })

      // In the long form a codec's files take gigabytes.
      afterAll(() => {
        for (const file of readdirSync(kafka.directory)) {
          if (file.startsWith(topic)) rmSync(join(kafka.directory, file))
        }
      })

      test('--count counts them', { timeout: timeoutMs }, async () => {
        const args = ['consume', topic, '--brokers', kafka.bootstrap, '--until', 'end', '--count', '--json']
        const result = await millrace(args, { timeoutMs })
        expect(JSON.parse(result.stdout.toString())).toMatchObject({ records })
      })
    })
  }
})
