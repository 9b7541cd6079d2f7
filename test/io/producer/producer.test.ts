// A producer of the I/O thread on the embedded broker, over a network in memory and a virtual clock.
import { afterEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import { Broker, type BrokerOptions } from '../../../src/broker/index.ts'
import type { ProducerSettings } from '../../../src/control/producing.ts'
import type { IoOptions } from '../../../src/io/io-options.ts'
import { IoWorld } from '../../support/io-world.ts'
import { ProducerRig } from '../../support/producing.ts'

const rigs: ProducerRig[] = []
const brokers: Broker[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    expect(rig.faults).toEqual([])
    rig.cluster.close()
  }
  for (const broker of brokers.splice(0)) expect(broker.errors).toEqual([])
})

/** A broker (or several) with the topic `events` of four partitions, and a producer. */
async function start(
  settings: Partial<ProducerSettings> = {},
  broker: BrokerOptions & { io?: Partial<IoOptions>; seed?: number } = {},
) {
  const { io, seed = 1, ...options } = broker
  const world = new IoWorld(io, {}, seed)
  const { clock, pipes } = world
  const embedded = await Broker.start({ transport: pipes, clock, random: seededRandom(seed + 2), ...options })
  brokers.push(embedded)
  embedded.createTopic('events', { partitions: 4 })
  world.brokers = embedded.addresses.map((address) => {
    const [host, port] = address.split(':')
    return { host: host!, port: Number(port) }
  })
  const rig = new ProducerRig(world.host, settings)
  rigs.push(rig)
  const values = (topic = 'events', partition?: number) =>
    (embedded.messages(topic, partition) as { value: Uint8Array | null }[]).map(({ value }) => String(value))
  return { world, clock, pipes, broker: embedded, rig, values }
}

describe('a batch', () => {
  test('is stored as it was made, whatever pieces it lies in, and its offset reported', async () => {
    const { clock, broker, rig, values } = await start()
    const words = Array.from({ length: 50 }, (_, i) => `word ${i}`)
    const sent = [61, 62, 100, 1_000].map((pieceBytes) => rig.send({ values: words, pieceBytes }))
    const reports = await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(reports.map(({ baseOffset }) => baseOffset)).toEqual([0, 50, 100, 150])
    expect(reports.map(({ error, attempts }) => ({ error, attempts }))).toEqual(
      reports.map(() => ({ error: undefined, attempts: 1 })),
    )
    expect(values()).toEqual([...words, ...words, ...words, ...words])
    expect(broker.describe('events', 0).endOffset).toBe(200)
    await clock.until(Promise.all(sent.map(({ freed }) => freed)))
    expect(rig.heldCount).toBe(0)
  })
})
