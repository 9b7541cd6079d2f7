// Reads what is committed, by plain requests: for tests that have a cluster and no client. [test processes]
import { decodeRecords } from '../../src/broker/decode-records.ts'
import type { Cluster } from '../../src/io/cluster.ts'
import { Requester } from '../../src/io/requester.ts'
import { readBatchHeader } from '../../src/record/batch.ts'

/** The committed values of a topic, by partition and offset. */
export async function readCommitted(cluster: Cluster, topic: string, partitions: number): Promise<string[]> {
  const requester = new Requester(cluster)
  const values: string[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const body = {
      maxWaitMs: 0,
      maxBytes: 10_000_000,
      isolationLevel: 1,
      topics: [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 10_000_000 }] }],
    }
    const leader = { leader: { topic, partition } }
    const answer = await requester.request(leader, 'Fetch', body, { maxVersion: 10 })
    const { records, abortedTransactions } = answer.body.responses[0]!.partitions[0]!
    const bytes = records ?? new Uint8Array(0)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const aborted = [...(abortedTransactions ?? [])]
    const open = new Set<bigint>()
    for (let at = 0; at < bytes.length; ) {
      const header = readBatchHeader(view, at)
      for (const { producerId, firstOffset } of aborted) if (firstOffset === header.baseOffset) open.add(producerId)
      if (header.control) open.delete(header.producerId)
      else if (!open.has(header.producerId)) {
        const decoded = await decodeRecords(bytes.subarray(at, at + header.sizeBytes))
        values.push(...decoded.map(({ value }) => String(value)))
      }
      at += header.sizeBytes
    }
  }
  return values
}

/** The offset that a group has committed for a partition. */
export async function readCommittedOffset(cluster: Cluster, groupId: string, topic: string, partition: number) {
  const target = { coordinator: 'group', key: groupId } as const
  const body = { groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }
  const answer = await new Requester(cluster).request(target, 'OffsetFetch', body, { maxVersion: 5 })
  return answer.body.topics[0]!.partitions[0]!.committedOffset
}
