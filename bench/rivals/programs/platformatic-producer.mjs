// Writes lines to a topic with @platformatic/kafka, in large sends. [bench]
import { Producer } from '@platformatic/kafka'
import { inParallel, payloadLines } from './lines.mjs'

const { BROKERS, TOPIC, RECORDS, CODEC, ACKS } = process.env
const idempotent = ACKS === 'all'
const lines = payloadLines()
const records = Number(RECORDS)
const begin = performance.now()
const producer = new Producer({
  clientId: 'bench',
  bootstrapBrokers: BROKERS.split(','),
  compression: CODEC,
  idempotent,
  acks: idempotent ? -1 : 1,
  autocreateTopics: false,
})
await inParallel(records, 16_000, idempotent ? 1 : 4, async (from, to) => {
  const messages = []
  for (let i = from; i < to; i++) messages.push({ topic: TOPIC, value: lines[i % lines.length] })
  await producer.send({ messages })
})
console.log(JSON.stringify({ records, seconds: (performance.now() - begin) / 1000 }))
process.exit(0)
