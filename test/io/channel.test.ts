// Connections by role: opened late, shared, reopened with backoff.
import { expect, test } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import { Channel } from '../../src/io/channel.ts'
import { Cluster } from '../../src/io/cluster.ts'
import type { IoOptions } from '../../src/io/io-options.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import { ScriptedBroker } from '../support/scripted-broker.ts'
import { ScriptedCluster } from '../support/scripted-cluster.ts'

async function start(options: Partial<IoOptions> = {}) {
  const world = new IoWorld(options)
  const broker = await ScriptedBroker.start(world.pipes)
  broker.on('Metadata', () => ({}))
  const channel = new Channel(broker.address, 'admin', world.host)
  return { world, clock: world.clock, pipes: world.pipes, broker, channel }
}

test('nothing is opened before it is asked for; many who ask share one connection', async () => {
  const { clock, pipes, channel } = await start()
  await clock.advance(1_000)
  expect([pipes.connectionCount(), channel.current]).toEqual([0, undefined])
  const [first, ...others] = await clock.until(Promise.all(Array.from({ length: 10 }, () => channel.connection())))
  expect(others.every((other) => other === first)).toBe(true)
  expect(channel.current).toBe(first)
  expect(pipes.connectionCount()).toBe(1)
})

test('attempts wait longer each time, from 50 ms to a second, and start again after a success', async () => {
  const { world, clock, pipes, broker, channel } = await start()
  const waits = async (count: number) => {
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      const atMs = clock.now()
      await world.failure(channel.connection())
      found.push(clock.now() - atMs)
    }
    return found
  }
  pipes.setOutage(broker.address, 'refused')
  const first = await waits(9)
  expect(first[0]).toBeLessThan(5)
  for (const [i, waitedMs] of first.slice(1).entries()) {
    const wantedMs = Math.min(1_000, 50 * 2 ** i)
    expect(waitedMs).toBeGreaterThan(wantedMs * 0.79)
    expect(waitedMs).toBeLessThan(wantedMs * 1.21 + 5)
  }
  pipes.setOutage(broker.address, undefined)
  await clock.until(channel.connection())
  pipes.setOutage(broker.address, 'refused')
  pipes.cut()
  await clock.advance(1)
  const again = await waits(2)
  expect(again[0]).toBeLessThan(70)
  expect(again[1]).toBeLessThan(130)
})

test('a connection that ends is told, with the reason, and replaced when one is needed', async () => {
  const { world, clock, pipes, channel } = await start()
  const first = await clock.until(channel.connection())
  pipes.cut()
  await clock.advance(1)
  expect(channel.lastError).toMatchObject({ name: 'Disconnected', code: 'CONNECTION_LOST' })
  const second = await clock.until(channel.connection())
  expect(second).not.toBe(first)
  expect(channel.lastError).toBeUndefined()
  expect(world.events.map(({ type }) => type)).toEqual(['connected', 'disconnected', 'connected'])
})

test('after an idle close the next one opens at once', async () => {
  const { clock, channel } = await start({ connectionsMaxIdleMs: 10_000 })
  await clock.until(channel.connection())
  await clock.advance(30_000)
  expect(channel.current).toBeUndefined()
  expect(channel.backoffLeftMs).toBe(0)
  await clock.until(channel.connection())
})

test('close rejects whoever waits, opens nothing more and leaves no timer', async () => {
  const { clock, pipes, broker, channel } = await start()
  pipes.setOutage(broker.address, 'refused')
  await clock.until(caught(channel.connection()))
  const waiting = caught(channel.connection())
  channel.close(new MillraceError('OVER', 'over'))
  expect(await waiting).toMatchObject({ code: 'OVER' })
  expect(await caught(channel.connection())).toMatchObject({ code: 'OVER' })
  await clock.advance(1)
  expect([pipes.connectionCount(), clock.pendingCount]).toEqual([0, 0])
})

test('each role has a connection of its own, so an answer that takes long holds up no other role', async () => {
  const world = new IoWorld()
  const brokers = await ScriptedCluster.start(world, 1)
  world.brokers = [brokers.broker(1).address]
  const cluster = new Cluster(world.host)
  await world.clock.until(cluster.refresh([]))
  brokers.broker(1).on('Fetch', async () => {
    await new Promise<void>((resolve) => world.clock.after(500, resolve))
    return {}
  })
  const fetch = await world.clock.until(cluster.channel(1, 'fetch:1')!.connection())
  const parked = fetch.request('Fetch', {})
  const atMs = world.clock.now()
  await world.clock.until(cluster.refresh([]))
  expect(world.clock.now() - atMs).toBeLessThan(150)
  await world.clock.until(parked)
  expect(world.pipes.connectionCount()).toBe(2)
  cluster.releaseRole('fetch:1')
  await world.clock.advance(1)
  expect(world.pipes.connectionCount()).toBe(1)
  expect(fetch.error).toMatchObject({ name: 'Closed' })
})

test('the bootstrap address and the broker behind it share a connection', async () => {
  const world = new IoWorld()
  const brokers = await ScriptedCluster.start(world, 1)
  world.brokers = [brokers.broker(1).address]
  const cluster = new Cluster(world.host)
  await world.clock.until(cluster.refresh([]))
  await world.clock.until(cluster.channel(1, 'admin')!.connection())
  expect(world.pipes.connectionCount()).toBe(1)
})
