// A simulation is decided by its seed, and what is built on it may rely on that. [test process]
import { expect, test } from 'vitest'
import { type SimulationOptions, simulate } from '../../src/wiring/simulated.ts'

/** Two clients read a topic through half a minute of storm. */
async function run(options: SimulationOptions): Promise<{ hash: string; tail: string; read: number }> {
  const world = await simulate(options)
  world.createTopic('events', { partitions: 2 })
  let read = 0
  const loops = [world.client(), world.client({ clientId: 'second' })].map(async (kafka) => {
    await kafka.connect()
    let own = 0
    for await (const { partition, offset } of kafka.iterate('events', { until: 'never' })) {
      world.note('read', kafka.options.clientId, partition, offset)
      read++
      if (++own === 60) return
    }
  })
  await world.advance(1_000)
  world.startStorm()
  for (let i = 0; i < 30; i++) {
    await world.append('events', [{ value: `${i}`, partition: i % 2 }])
    await world.advance(1_000)
  }
  world.stopStorm()
  await world.append(
    'events',
    Array.from({ length: 30 }, (_, i) => `${i}`),
  )
  await world.until(Promise.all(loops))
  await world.close()
  return { hash: world.trace.hash, tail: world.trace.tail(), read }
}

test('the same seed gives the same happenings at the same instants, another seed others', async () => {
  const [first, again, other] = [await run({ seed: 5 }), await run({ seed: 5 }), await run({ seed: 6 })]
  expect(again).toEqual(first)
  expect(other.hash).not.toBe(first.hash)
  expect(first.read).toBe(120)
})

test('what a test draws does not change what the network and the roles draw', async () => {
  const at = async (draws: number) => {
    await using world = await simulate({ seed: 9 })
    for (let i = 0; i < draws; i++) world.random.next()
    world.startStorm()
    await world.until(world.client().connect())
    return [world.clock.now(), world.trace.hash]
  }
  expect(await at(100)).toEqual(await at(0))
})

test('a world that is closed leaves no connection and no timer', async () => {
  const world = await simulate({ seed: 7, brokers: 3 })
  world.createTopic('events', { partitions: 3 })
  const kafka = world.client()
  const next = kafka.iterate('events', { until: 'never' })[Symbol.asyncIterator]().next()
  next.catch(() => {})
  await world.advance(5_000)
  expect(world.network.connectionCount()).toBeGreaterThan(3)
  await world.close()
  expect([world.network.connectionCount(), world.broker.connectionCount, world.clock.pendingCount]).toEqual([0, 0, 0])
  await expect(next).rejects.toMatchObject({ name: 'Closed' })
})

test('what waits for ever is an error that names the seed and what happened last', async () => {
  await using world = await simulate({ seed: 8 })
  world.note('the last thing')
  const failed = world.until(new Promise(() => {}), 1_000)
  await expect(failed).rejects.toThrow(/^seed 8, at .*still pending(.|\n)*the last thing/)
})
