// Writes lines to a topic with kafkajs, in large sends. [bench]
import kafkajs from 'kafkajs'
import lz4 from 'lz4-napi'
import { inParallel, payloadLines } from './lines.mjs'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel, Partitioners } = kafkajs
const { BROKERS, TOPIC, RECORDS, CODEC, ACKS } = process.env
CompressionCodecs[CompressionTypes.LZ4] = () => ({ compress: ({ buffer }) => lz4.compressFrame(buffer) })
const compression = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, lz4: CompressionTypes.LZ4 }[CODEC]

/** It takes no more requests than one at a time when it is idempotent. */
const idempotent = ACKS === 'all'
const lines = payloadLines()
const records = Number(RECORDS)
const begin = performance.now()
const kafka = new Kafka({ brokers: BROKERS.split(','), logLevel: logLevel.NOTHING })
const producer = kafka.producer({
  idempotent,
  maxInFlightRequests: idempotent ? 1 : 5,
  createPartitioner: Partitioners.DefaultPartitioner,
})
await producer.connect()
await inParallel(records, 16_000, idempotent ? 1 : 4, async (from, to) => {
  const messages = []
  for (let i = from; i < to; i++) messages.push({ value: lines[i % lines.length] })
  await producer.send({ topic: TOPIC, acks: idempotent ? -1 : 1, compression, messages })
})
console.log(JSON.stringify({ records, seconds: (performance.now() - begin) / 1000 }))
process.exit(0)
