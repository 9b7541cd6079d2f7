// What a transaction commits for a consumer: what it gave and what is acknowledged, a batch of so many records, offsets
// that the caller counts; in a group of either protocol, on both brokers. [test process]
import { describe, expect, test } from 'vitest'
import type { ConsumerRecord, Kafka } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'
import { errorOf } from '../support/reading.ts'
import { BOTH } from './quick-groups.ts'

const LIMIT = { timeout: 60_000 }

onEveryGround('offsets in transactions', (ground) => {
  describe.each(BOTH)('groupProtocol %s:', (groupProtocol) => {
    /** Ten records, a topic to copy them to, and a member of a group of its own. */
    async function scene() {
      const [from, to] = [await ground.topic('from'), await ground.topic('to')]
      await ground.produce(
        from,
        Array.from({ length: 10 }, (_, i) => ({ value: `${i}` })),
      )
      const kafka = ground.kafka()
      const options = { groupId: to, groupProtocol, autoOffsetReset: 'earliest', autoCommit: false } as const
      const consumer = kafka.consumer({ ...options, topics: [from] })
      const committed = async () => (await consumer.committed([{ topic: from, partition: 0 }]))[0]?.offset
      const copied = async () => {
        const values: number[] = []
        const read = kafka.iterate(to, { isolationLevel: 'read_committed' })
        for await (const { value } of read) values.push(Number(value))
        return values
      }
      return { from, to, kafka, consumer, committed, copied }
    }

    type Scene = Awaited<ReturnType<typeof scene>>
    const copy = ({ kafka, to }: Scene, records: Iterable<ConsumerRecord>, commit: Commit, then = () => {}) =>
      kafka.transaction(
        async (tx) => {
          await tx.sendBatch(Array.from(records, ({ value }) => ({ topic: to, value })))
          await commit(tx)
          then()
        },
        { transactionalId: to },
      )

    test('of a consumer: what poll gave, and after an abort it gives that again', LIMIT, async () => {
      const s = await scene()
      const poll = async (max: number) => {
        const records: ConsumerRecord[] = []
        while (records.length === 0) records.push(...(await s.consumer.poll({ max, timeoutMs: 1_000 })))
        return records
      }
      await copy(s, await poll(4), (tx) => tx.commitOffsets(s.consumer))
      expect(await s.committed()).toBe(4)
      const aborted = await poll(3)
      const failing = copy(s, aborted, (tx) => tx.commitOffsets(s.consumer), fail)
      await expect(failing).rejects.toThrow('changed my mind')
      expect(await s.committed()).toBe(4)
      const retried = errorOf(copy(s, aborted, (tx) => tx.commitOffsets(s.consumer)))
      expect(await retried, 'the same records, not asked for again').toMatchObject({ code: 'STALE_BATCH' })
      const again = await poll(3)
      expect(again.map(({ offset }) => offset)).toEqual(aborted.map(({ offset }) => offset))
      await copy(s, again, (tx) => tx.commitOffsets(s.consumer))
      expect([await s.committed(), await s.copied()]).toEqual([7, [0, 1, 2, 3, 4, 5, 6]])
    })

    test('of a consumer: what was given once is refused in no transaction behind an abort', LIMIT, async () => {
      const s = await scene()
      const loop = s.consumer[Symbol.asyncIterator]()
      const batches = s.consumer.batches({ maxRecords: 1 })
      const held = [await s.consumer.recv(), (await loop.next()).value, (await batches.next()).value?.records[0]]
      expect(held.map((record) => record?.offset)).toEqual([0, 1, 2])
      const poll = async () => {
        const records: ConsumerRecord[] = []
        while (records.length === 0) records.push(...(await s.consumer.poll({ max: 2, timeoutMs: 1_000 })))
        return records
      }
      const offsets: number[] = []
      for (const then of [fail, undefined, undefined, fail, undefined]) {
        const records = await poll()
        const copying = copy(s, records, (tx) => tx.commitOffsets(s.consumer), then)
        if (then !== undefined) await expect(copying).rejects.toThrow('changed my mind')
        else {
          await copying
          offsets.push(...records.map(({ offset }) => offset))
        }
      }
      expect(await s.committed()).toBe(offsets.at(-1)! + 1)
      expect([offsets, await s.copied()]).toEqual([
        [0, 1, 2, 3, 4, 5],
        [0, 1, 2, 3, 4, 5],
      ])
      await Promise.all([loop.return?.(), batches.return?.()])
    })

    test('of a batch in a loop: it is released, though a transaction took it out of hand', LIMIT, async () => {
      const s = await scene()
      const loop = s.consumer.batches()
      const { value: batch } = await loop.next()
      await copy(s, [], (tx) => tx.commitOffsets(s.consumer))
      expect([await s.committed(), batch!.released]).toEqual([10, false])
      await loop.return?.()
      expect(batch!.released).toBe(true)
    })

    test('of a consumer: the record that its loop has in hand', LIMIT, async () => {
      const s = await scene()
      for await (const record of s.consumer) {
        await copy(s, [record], (tx) => tx.commitOffsets(s.consumer))
        expect(await s.committed()).toBe(record.offset + 1)
        if (record.offset === 2) break
      }
      expect(await s.copied()).toEqual([0, 1, 2])
    })

    test('of a batch of so many records, which comes again after an abort', LIMIT, async () => {
      const s = await scene()
      const bases: number[] = []
      for await (const batch of s.consumer.batches({ maxRecords: 4, timeoutMs: 500 })) {
        bases.push(batch.baseOffset)
        const spoilt = bases.length === 2
        const copying = copy(s, batch, (tx) => tx.commitOffsets(batch), spoilt ? fail : undefined)
        if (spoilt) await expect(copying).rejects.toThrow('changed my mind')
        else await copying
        if (batch.lastOffset === 9) break
      }
      expect(bases[2]).toBe(bases[1])
      expect([await s.committed(), await s.copied()]).toEqual([10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
    })

    test('that the caller counts: as a member, and never past what is not processed', LIMIT, async () => {
      const s = await scene()
      const records: ConsumerRecord[] = []
      while (records.length < 5) records.push(await s.consumer.recv())
      const at = (offset: number) => [{ topic: s.from, partition: 0, offset, metadata: 'counted' }]
      const past = errorOf(copy(s, records, (tx) => tx.commitOffsets(at(5), s.consumer)))
      expect(await past).toMatchObject({ code: 'PAST_THE_FLOOR', topic: s.from, partition: 0, offset: 5 })
      records[4]!.ack()
      await copy(s, records, (tx) => tx.commitOffsets(at(5), s.consumer))
      const committed = await s.consumer.committed()
      expect(committed).toMatchObject([{ offset: 5, metadata: 'counted' }])
      expect(await s.copied()).toEqual([0, 1, 2, 3, 4])
    })

    test("of partitions that are somebody else's by now are refused", LIMIT, async () => {
      const s = await scene()
      const record = await s.consumer.recv()
      const given = errorOf(
        copy(s, [record], async (tx) => {
          await s.consumer.unsubscribe()
          await tx.commitOffsets(s.consumer)
        }),
      )
      expect((await given).code).toBe('STALE_BATCH')
      const counted = [{ topic: s.from, partition: 0, offset: 1 }]
      const listed = errorOf(copy(s, [record], (tx) => tx.commitOffsets(counted, s.consumer)))
      expect((await listed).code).toBe('NOT_ASSIGNED')
      expect(await s.copied()).toEqual([])
    })
  })
})

type Transaction = Parameters<Parameters<Kafka['transaction']>[0]>[0]
type Commit = (tx: Transaction) => Promise<void>

function fail(): never {
  throw new Error('changed my mind')
}
