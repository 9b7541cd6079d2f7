// The short suite of the built package: plain JavaScript on whichever Node runs it, `ok` and `not ok` lines, no
// framework. It must end by itself: a thread or socket left open shows as a time-out of run.ts.
import assert from 'node:assert/strict'
import { Kafka } from 'millrace'
import { Broker } from 'millrace/broker'

const count = 1000
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const modes = { threads: {}, inline: { threads: 'inline' } }
const value = (codec, i) => `${codec} value ${i} ${'x'.repeat(i % 50)}`

const broker = await Broker.start({ port: 0 })
try {
  for (const codec of codecs) {
    const values = Array.from({ length: count }, (_, i) => value(codec, i))
    await broker.seed(`smoke-${codec}`, values, { codec })
  }
  for (const [mode, options] of Object.entries(modes)) {
    const kafka = new Kafka({ brokers: [broker.address], ...options })
    try {
      for (const codec of codecs) {
        await check(`${mode}: ${count} records, ${codec}`, async () => {
          const read = []
          for await (const record of kafka.iterate(`smoke-${codec}`)) {
            read.push([record.partition, record.offset, record.value.toString()])
          }
          read.sort((a, b) => a[0] - b[0] || a[1] - b[1])
          assert.equal(read.length, count)
          const texts = new Set(read.map(([, , text]) => text))
          for (let i = 0; i < count; i++) assert.ok(texts.has(value(codec, i)), `value ${i} is missing`)
        })
      }
      await check(`${mode}: batches, without an object a record`, async () => {
        let records = 0
        let bytes = 0
        for await (const batch of kafka.iterate('smoke-lz4').batches()) {
          records += batch.count
          for (let i = 0; i < batch.count; i++) bytes += batch.withValue(i, (view) => view.length)
        }
        assert.equal(records, count)
        assert.equal(
          bytes,
          Array.from({ length: count }, (_, i) => value('lz4', i).length).reduce((a, b) => a + b),
        )
      })
      await check(`${mode}: an unknown topic is a typed error`, async () => {
        await assert.rejects(
          async () => {
            for await (const _ of kafka.iterate('smoke-nowhere')) assert.fail('there is no such record')
          },
          (error) => error.name === 'TopicNotFound' && error.topic === 'smoke-nowhere',
        )
      })
    } finally {
      await kafka.close()
    }
  }
} finally {
  await broker.close()
}

async function check(name, body) {
  try {
    await body()
    console.log(`ok - ${name}`)
  } catch (error) {
    process.exitCode = 1
    console.log(`not ok - ${name}: ${error?.stack ?? error}`)
  }
}
