// Two workers that parse JSON: every record once, in order per partition or per key, on the embedded broker and on a
// real Kafka. [test processes]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { onEveryGround } from '../support/grounds.ts'
import { within } from '../support/reading.ts'

const PARTITIONS = 4
const RECORDS = 4_000

const processor = `
  const channel = new BroadcastChannel('processor-json')
  channel.unref()
  export default (batch) => {
    const rows = []
    for (let i = 0; i < batch.count; i++) {
      const { key, i: number } = batch.withValue(i, (value) => JSON.parse(value.toString()))
      rows.push([key, number])
    }
    channel.postMessage({ partition: batch.partition, rows })
  }`

onEveryGround('two workers with a JSON.parse handler', (ground) => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-json-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  it.each(['partition', 'key'] as const)('every record once, in order per %s, all committed', async (order) => {
    const file = join(dir, `${order}.mjs`)
    writeFileSync(file, processor)
    const topic = await ground.topic('json', PARTITIONS)
    const records = Array.from({ length: RECORDS }, (_, i) => ({
      ...{ partition: i % PARTITIONS, key: `k${i % 37}` },
      value: JSON.stringify({ i, key: `k${i % 37}`, page: '/home', at: 1_700_000_000_000 + i }),
    }))
    await ground.produce(topic, records)
    const byPartition: number[][] = Array.from({ length: PARTITIONS }, () => [])
    const byKey = new Map<string, number[]>()
    const channel = new BroadcastChannel('processor-json')
    channel.onmessage = (event: unknown) => {
      const { partition, rows } = (event as { data: { partition: number; rows: [string, number][] } }).data
      for (const [key, number] of rows) {
        byPartition[partition]!.push(number)
        const line = `${partition} ${key}`
        byKey.set(line, [...(byKey.get(line) ?? []), number])
      }
    }
    const consumer = ground.kafka().consumer({ groupId: `json-${topic}`, autoOffsetReset: 'earliest' })
    consumer.assign(byPartition.map((_, partition) => ({ topic, partition })))
    const over = new AbortController()
    const looking = setInterval(() => {
      const done = consumer.stats().partitions.reduce((sum, { floor }) => sum + floor, 0)
      if (done === RECORDS && byPartition.flat().length >= RECORDS) over.abort()
    }, 5)
    try {
      await within('run', 60_000, consumer.run({ processor: file, workers: 2, order, signal: over.signal }))
    } finally {
      clearInterval(looking)
      channel.close()
    }
    const rising = (numbers: number[]) => [...numbers].sort((a, b) => a - b)
    const expected = byPartition.map((_, partition) => {
      return Array.from({ length: RECORDS / PARTITIONS }, (_, i) => i * PARTITIONS + partition)
    })
    expect(order === 'partition' ? byPartition : byPartition.map(rising)).toEqual(expected)
    for (const numbers of byKey.values()) expect(numbers).toEqual(rising(numbers))
    const committed = (await consumer.committed()).map(({ offset }) => offset)
    expect(committed).toEqual(Array(PARTITIONS).fill(RECORDS / PARTITIONS))
  })
})
