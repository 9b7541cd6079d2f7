// Members of a group whose handlers are in workers: partitions come and go while they run. [test processes]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { onEveryGround } from '../support/grounds.ts'
import { pause, within } from '../support/reading.ts'

const PARTITIONS = 4
const RECORDS = 2_000

const processor = `
  const channel = new BroadcastChannel('processor-groups')
  channel.unref()
  export default async (batch) => {
    await new Promise((resolve) => setTimeout(resolve, 3))
    const offsets = Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))
    channel.postMessage({ topic: batch.topic, partition: batch.partition, offsets })
  }`

onEveryGround('members of a group with processors', (ground) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-groups-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  it('one comes and goes: nothing is lost, given twice or out of order, and all is committed', async () => {
    const file = join(dir, 'processor.mjs')
    writeFileSync(file, processor)
    const topic = await ground.topic('shared', PARTITIONS)
    const records = Array.from({ length: RECORDS }, (_, i) => ({ partition: i % PARTITIONS, value: `v${i}` }))
    for (let i = 0; i < RECORDS; i += 40) await ground.produce(topic, records.slice(i, i + 40))
    const seen: number[][] = Array.from({ length: PARTITIONS }, () => [])
    const channel = new BroadcastChannel('processor-groups')
    channel.onmessage = (event: unknown) => {
      const { data } = event as { data: { topic: string; partition: number; offsets: number[] } }
      if (data.topic === topic) seen[data.partition]!.push(...data.offsets)
    }
    const member = () => {
      const fetching = { maxPartitionFetchBytes: 2_000, fetchMaxBytes: 8_000, fetchMaxWaitMs: 50 }
      const consumer = ground
        .kafka()
        .consumer({ groupId: topic, topics: [topic], autoOffsetReset: 'earliest', ...fetching })
      const running = consumer.run({ processor: file, workers: 2 })
      running.catch(() => {})
      return { consumer, running }
    }
    const count = () => seen.reduce((sum, { length }) => sum + length, 0)
    const until = async (what: string, so: () => boolean) => {
      const waited = (async () => {
        while (!so()) await pause(5)
      })()
      await within(what, 60_000, waited)
    }
    try {
      const first = member()
      await until('some', () => count() > 200)
      const second = member()
      await until('half', () => second.consumer.assignment().length > 0 && count() > 700)
      await second.consumer.close()
      await until('all', () => count() >= RECORDS)
      await first.consumer.close()
      await Promise.all([first.running, second.running])
      expect(seen).toEqual(seen.map(() => Array.from({ length: RECORDS / PARTITIONS }, (_, i) => i)))
      const asking = ground.kafka().consumer({ groupId: topic })
      const names = seen.map((_, partition) => ({ topic, partition }))
      expect((await asking.committed(names)).map(({ offset }) => offset)).toEqual(names.map(() => RECORDS / PARTITIONS))
    } finally {
      channel.close()
    }
  }, 120_000)
})
