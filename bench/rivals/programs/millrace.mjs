// Reads a topic to its end with millrace, touching the offset and the value length of every record. [bench]
import { Kafka } from '../../../dist/index.js'

const { BROKERS, TOPIC, FETCH_MAX_BYTES, PARTITION_FETCH_BYTES, BUFFER_BYTES } = process.env
const begin = performance.now()
const kafka = new Kafka({
  brokers: BROKERS,
  fetchMaxBytes: Number(FETCH_MAX_BYTES),
  maxPartitionFetchBytes: Number(PARTITION_FETCH_BYTES),
  bufferBytes: Number(BUFFER_BYTES),
})
const source = kafka.iterate(TOPIC)
let records = 0
let touched = 0
let firstMs
if (process.argv[2] === 'records') {
  for await (const record of source) {
    firstMs ??= performance.now() - begin
    touched += record.offset + (record.value?.length ?? 0)
    records++
  }
} else {
  for await (const batch of source.batches()) {
    firstMs ??= performance.now() - begin
    for (let i = 0; i < batch.count; i++) touched += batch.offsetAt(i) + batch.valueLength(i)
    records += batch.count
  }
}
const seconds = (performance.now() - begin) / 1000
await kafka.close()
console.log(JSON.stringify({ records, seconds, firstMs, touched }))
