// Reads a topic to its end with kafkajs' eachBatch: touches or parses every record. [bench]
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import lz4 from 'lz4-napi'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs
const { BROKERS, TOPIC, RECORDS, FETCH_MAX_BYTES, PARTITION_FETCH_BYTES } = process.env
const plugIn = (decompress) => () => ({ decompress })
CompressionCodecs[CompressionTypes.LZ4] = plugIn((bytes) => lz4.decompressFrame(bytes))
CompressionCodecs[CompressionTypes.ZSTD] = plugIn(promisify(zlib.zstdDecompress))

const kafka = new Kafka({ brokers: BROKERS.split(','), logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({
  groupId: `bench-${process.pid}-${Date.now()}`,
  maxBytes: Number(FETCH_MAX_BYTES),
  maxBytesPerPartition: Number(PARTITION_FETCH_BYTES),
})
await consumer.connect()
await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
let records = 0
let touched = 0
let begin
const parse = process.argv[2] === 'parse'
await new Promise((resolve, reject) => {
  consumer.on(consumer.events.GROUP_JOIN, () => (begin ??= performance.now()))
  consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  void consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => {
      if (parse) for (const message of batch.messages) touched += JSON.parse(message.value).price
      else for (const message of batch.messages) touched += Number(message.offset) + (message.value?.length ?? 0)
      records += batch.messages.length
      if (records >= Number(RECORDS)) resolve()
    },
  })
})
console.log(JSON.stringify({ records, seconds: (performance.now() - begin) / 1000, touched }))
process.exit(0)
