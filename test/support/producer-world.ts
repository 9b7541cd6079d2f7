// A producer of the I/O thread, an embedded broker, and a network and a clock that the test moves. [test processes]
import { afterEach, expect } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Broker, type BrokerOptions } from '../../src/broker/index.ts'
import type { ProducerSettings } from '../../src/control/producing.ts'
import type { IoOptions } from '../../src/io/io-options.ts'
import { IoWorld } from './io-world.ts'
import { ProducerRig } from './producing.ts'

/** What the world of a producer is made of, besides the options of its broker. */
export interface ProducerWorldOptions extends BrokerOptions {
  io?: Partial<IoOptions>
  seed?: number
}

/** Returns how to start one; after each test all are checked and closed. */
export function producerWorlds() {
  const rigs: ProducerRig[] = []
  const brokers: Broker[] = []
  afterEach(() => {
    for (const rig of rigs.splice(0)) {
      expect(rig.faults).toEqual([])
      rig.cluster.close()
    }
    for (const broker of brokers.splice(0)) expect(broker.errors).toEqual([])
  })

  /** A broker (or several) with the topic `events` of four partitions, and a producer. */
  return async (settings: Partial<ProducerSettings> = {}, options: ProducerWorldOptions = {}) => {
    const { io, seed = 1, ...rest } = options
    const world = new IoWorld(io, {}, seed)
    const { clock, pipes } = world
    const broker = await Broker.start({ transport: pipes, clock, random: seededRandom(seed + 2), ...rest })
    brokers.push(broker)
    broker.createTopic('events', { partitions: 4 })
    world.brokers = broker.addresses.map((address) => {
      const [host, port] = address.split(':')
      return { host: host!, port: Number(port) }
    })
    const rig = new ProducerRig(world.host, settings)
    rigs.push(rig)
    const values = (topic = 'events', partition?: number) =>
      (broker.messages(topic, partition) as { value: Uint8Array | null }[]).map(({ value }) => String(value))
    return { world, clock, pipes, broker, rig, values }
  }
}
