// Runs a handler with JSON.parse on every record of a topic: on main, or in worker threads. [bench]
import { Kafka } from '../../../dist/index.js'
import parseBatch from './parse-processor.mjs'

const { BROKERS, TOPIC, RECORDS, OPTIONS } = process.env
const workers = Number(process.argv[2])
const begin = performance.now()
const kafka = new Kafka({ brokers: BROKERS, ...JSON.parse(OPTIONS) })
const consumer = kafka.consumer({ autoOffsetReset: 'earliest' })
const positions = await kafka.iterate(TOPIC).positions()
consumer.assign(positions.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
const done = new AbortController()
let seconds
const look = () => {
  const processed = consumer.stats().partitions.reduce((sum, { floor }) => sum + floor, 0)
  if (processed < Number(RECORDS)) return
  seconds = (performance.now() - begin) / 1000
  done.abort()
}
const timer = setInterval(look, 5)
const processor = new URL('./parse-processor.mjs', import.meta.url)
const handler = workers === 0 ? { eachBatch: parseBatch } : { processor, workers }
await consumer.run({ ...handler, signal: done.signal })
clearInterval(timer)
const { records } = consumer.stats()
await kafka.close()
console.log(JSON.stringify({ records, seconds }))
