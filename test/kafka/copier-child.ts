// Copies a topic in transactions, offsets included, until it is killed or all is copied. [a process of its own]
// Arguments: brokers, from, to, partitions, records.
import { Kafka, type MillraceError } from '../../src/index.ts'

const [brokers, from, to, partitions, records] = process.argv.slice(2) as [string, string, string, string, string]
const names = Array.from({ length: Number(partitions) }, (_, partition) => ({ topic: from, partition }))
const options = { transactionalId: `copy-of-${from}`, compression: 'lz4', lingerMs: 0 } as const

for (;;) {
  try {
    await copy()
    break
  } catch (error) {
    // Brokers die under it: what it has is uncertain, so it begins again from what is committed.
    const { code, message } = error as MillraceError
    console.log(`again: ${code} ${message}`)
  }
}

async function copy(): Promise<void> {
  await using kafka = new Kafka({ brokers, maxPartitionFetchBytes: 4_096 })
  // Fences the one before us, so that nothing of it is committed after we looked.
  await kafka.transaction(() => {}, options)
  const consumer = kafka.consumer({ groupId: `copy-of-${from}`, autoOffsetReset: 'earliest', autoCommit: false })
  consumer.assign(names)
  let copied = (await consumer.committed(names)).reduce((sum, { offset = 0 }) => sum + offset, 0)
  if (copied >= Number(records)) return
  for await (const batch of consumer.batches()) {
    const values = Array.from(batch, ({ value }) => ({ topic: to, partition: batch.partition, value }))
    await kafka.transaction(async (tx) => {
      await tx.sendBatch(values)
      await tx.commitOffsets(batch)
    }, options)
    copied += batch.count
    console.log(copied)
    if (copied >= Number(records)) return
  }
}
