// A user's TypeScript against the declarations of the packed package: it must compile. Not run.
import { Kafka } from 'millrace'
import { Broker } from 'millrace/broker'

const broker = await Broker.start({ port: 0 })
const kafka = new Kafka({ brokers: [broker.address] })
for await (const record of kafka.iterate('events', { until: 'end' })) {
  const offset: number = record.offset
  const value: Uint8Array | null = record.value
  console.log(offset, value)
}
for await (const batch of kafka.iterate({ events: { from: -100 } }).batches()) {
  const length: number = batch.withValue(0, (bytes) => bytes?.length ?? 0)
  console.log(batch.topic, batch.partition, batch.baseOffset + length)
}
// @ts-expect-error: an option that does not exist is an error when it is written, too.
kafka.iterate('events', { untill: 'end' })
await kafka.close()
await broker.close()
