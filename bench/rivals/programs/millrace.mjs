// Reads a topic to its end with millrace, touching the offset and the value length of every record. [bench]
import { Kafka } from '../../../dist/index.js'

const { BROKERS, TOPIC, OPTIONS } = process.env
const cpuBefore = process.cpuUsage()
const begin = performance.now()
const kafka = new Kafka({ brokers: BROKERS, ...JSON.parse(OPTIONS) })
const source = kafka.iterate(TOPIC)
let records = 0
let touched = 0
let firstMs
if (process.argv[2] === 'batches') {
  for await (const batch of source.batches()) {
    firstMs ??= performance.now() - begin
    for (let i = 0; i < batch.count; i++) touched += batch.offsetAt(i) + batch.valueLength(i)
    records += batch.count
  }
} else {
  const onlyFirst = process.argv[2] === 'first'
  for await (const record of source) {
    firstMs ??= performance.now() - begin
    touched += record.offset + (record.value?.length ?? 0)
    records++
    if (onlyFirst) break
  }
}
const seconds = (performance.now() - begin) / 1000
const { user, system } = process.cpuUsage(cpuBefore)
await kafka.close()
console.log(JSON.stringify({ records, seconds, firstMs, cpuSeconds: (user + system) / 1e6, touched }))
