// How long a record takes from send to the loop, with millrace: one at a time, or at a steady rate. [bench]
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka } from '../../../dist/index.js'

const SIZE = 200
const { BROKERS, TOPIC } = process.env
const [records, warmUp, rate, pauseMs] = ['RECORDS', 'WARM_UP', 'RATE', 'PAUSE_MS'].map((name) => +process.env[name])
const tookMs = new Float64Array(records)
let arrived = 0
let tell = () => {}

const kafka = new Kafka({ brokers: BROKERS })
const producer = kafka.producer({ acks: 1, enableIdempotence: false, lingerMs: 0, partitioner: () => 0 })

async function read() {
  for await (const batch of kafka.iterate({ [TOPIC]: { from: 'latest' } }, { until: 'never' }).batches()) {
    for (let i = 0; i < batch.count; i++) {
      tookMs[arrived++] = performance.now() - batch.withValue(i, (bytes) => bytes.readDoubleBE(0))
    }
    tell()
    if (arrived >= records) return
  }
}

function send() {
  const value = Buffer.alloc(SIZE)
  value.writeDoubleBE(performance.now())
  producer.enqueue({ topic: TOPIC, value })
}

async function oneAtATime() {
  for (let sent = 0; sent < records; sent++) {
    if (arrived < sent) await new Promise((resolve) => (tell = resolve))
    await sleep(pauseMs)
    send()
  }
}

async function steadily() {
  const begin = performance.now()
  for (let sent = 0; sent < records; await sleep(1)) {
    for (const due = ((performance.now() - begin) * rate) / 1000; sent < records && sent < due; sent++) send()
  }
}

await kafka.connect()
const reading = read()
await sleep(2_000)
await (rate === 0 ? oneAtATime() : steadily())
await producer.flush()
await reading
const sorted = tookMs.slice(warmUp).sort()
const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
console.log(JSON.stringify({ records: sorted.length, p50: at(0.5), p99: at(0.99) }))
await kafka.close()
