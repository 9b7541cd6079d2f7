// Waits on a topic where nothing happens, and says what CPU that took. [bench]
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka } from '../../../dist/index.js'

const { BROKERS, TOPIC, SETTLE_SECONDS, SECONDS } = process.env
const kafka = new Kafka({ brokers: BROKERS })
const source = kafka.iterate({ [TOPIC]: { from: 'latest' } }, { until: 'never' })
let records = 0
const reading = (async () => {
  for await (const batch of source.batches()) records += batch.count
})()
const partitions = (await source.positions()).length
await sleep(Number(SETTLE_SECONDS) * 1000)
const cpuBefore = process.cpuUsage()
const begin = performance.now()
await sleep(Number(SECONDS) * 1000)
const seconds = (performance.now() - begin) / 1000
const { user, system } = process.cpuUsage(cpuBefore)
source.stop()
await reading
await kafka.close()
console.log(JSON.stringify({ partitions, records, seconds, cpuSeconds: (user + system) / 1e6 }))
