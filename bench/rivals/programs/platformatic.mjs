// Reads a topic to its end with @platformatic/kafka's stream, touching offset and value length of every record. [bench]
import { Consumer } from '@platformatic/kafka'

const { BROKERS, TOPIC, RECORDS, FETCH_MAX_BYTES, PARTITION_FETCH_BYTES } = process.env
const consumer = new Consumer({
  clientId: 'bench',
  groupId: `bench-${process.pid}-${Date.now()}`,
  bootstrapBrokers: BROKERS.split(','),
  autocommit: false,
  maxBytes: Number(FETCH_MAX_BYTES),
  maxBytesPerPartition: Number(PARTITION_FETCH_BYTES),
  maxWaitTime: 500,
})
const stream = await consumer.consume({ topics: [TOPIC], mode: 'earliest', fallbackMode: 'earliest' })
const begin = performance.now()
const wanted = Number(RECORDS)
let records = 0
let touched = 0
await new Promise((resolve, reject) => {
  stream.on('error', reject)
  // Listening is cheaper for it than `for await`.
  stream.on('data', (message) => {
    touched += Number(message.offset) + (message.value?.length ?? 0)
    if (++records === wanted) resolve()
  })
})
console.log(JSON.stringify({ records, seconds: (performance.now() - begin) / 1000, touched }))
process.exit(0)
