// Copies a topic in transactions, on from where the last one committed, until its end or its death. [test]
import { Kafka } from '../../src/wiring/kafka.ts'

const [brokers, source, copy, perTransaction] = process.argv.slice(2) as [string, string, string, string]
const group = { groupId: `${copy}-group` }
const options = { transactionalId: `${copy}-id`, lingerMs: 0 }
const kafka = new Kafka({ brokers: brokers.split(',') })

// The id is taken over first: what the one before left open is ended, so that the position is not moved any more.
await kafka.transaction(() => {}, options)
const [committed] = await kafka.consumer(group).committed([{ topic: source, partition: 0 }])
let values: string[] = []
let position = committed?.offset ?? 0
for await (const { offset, value } of kafka.iterate({ [source]: { partitions: { 0: position } } })) {
  values.push(String(value))
  position = offset + 1
  if (values.length === Number(perTransaction)) await commit()
}
if (values.length > 0) await commit()
console.log('done')
await kafka.close()

async function commit(): Promise<void> {
  await kafka.transaction(async (tx) => {
    await Promise.all(values.map((value) => tx.send({ topic: copy, key: value, value })))
    await tx.commitOffsets([{ topic: source, partition: 0, offset: position }], group)
  }, options)
  values = []
}
