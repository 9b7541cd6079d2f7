// Writes lines to a topic with millrace: by sendBatch, by enqueue, or by one send and promise a record. [bench]
import { Kafka } from '../../../dist/index.js'
import { inParallel, payloadLines } from './lines.mjs'

const { BROKERS, TOPIC, RECORDS, CODEC, ACKS } = process.env
const lines = payloadLines()
const records = Number(RECORDS)
const begin = performance.now()
const kafka = new Kafka({ brokers: BROKERS })
const producer = kafka.producer({
  acks: ACKS === 'all' ? 'all' : 1,
  enableIdempotence: ACKS === 'all',
  compression: CODEC,
  lingerMs: 5,
  batchBytes: 1_000_000,
  maxRequestBytes: 8_388_608,
  bufferMemoryBytes: 67_108_864,
})
const ways = {
  sendBatch: () =>
    inParallel(records, 10_000, 16, async (from, to) => {
      const values = []
      for (let i = from; i < to; i++) values.push(lines[i % lines.length])
      await producer.sendBatch(TOPIC, values)
    }),
  async enqueue() {
    for (let i = 0; i < records; i++) {
      const room = producer.enqueue({ topic: TOPIC, value: lines[i % lines.length] })
      if (room !== undefined) await room
    }
    await producer.flush()
  },
  /** As many promises at once as a busy service may have. */
  send: () =>
    inParallel(records, 1_000, 100, async (from, to) => {
      const sent = []
      for (let i = from; i < to; i++) sent.push(producer.send({ topic: TOPIC, value: lines[i % lines.length] }))
      for (const one of sent) await one
    }),
}
await ways[process.argv[2]]()
const seconds = (performance.now() - begin) / 1000
const busy = await kafka.busy()
await kafka.close()
console.log(JSON.stringify({ records, seconds, busy }))
