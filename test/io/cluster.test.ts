// The cluster view: topics, leaders, and finding brokers again when they are gone.
import { describe, expect, test } from 'vitest'
import { Cluster } from '../../src/io/cluster.ts'
import type { IoOptions } from '../../src/io/io-options.ts'
import type { PipeFaults } from '../../src/wiring/pipes.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import { ScriptedCluster } from '../support/scripted-cluster.ts'

async function start(count = 3, options: Partial<IoOptions> = {}, faults: Partial<PipeFaults> = {}) {
  const world = new IoWorld(options, faults)
  const brokers = await ScriptedCluster.start(world, count)
  if (options.brokers === undefined) world.brokers = brokers.brokers.map(({ address }) => address)
  brokers.topic('events', [1, 2, 3])
  const cluster = new Cluster(world.host)
  return { world, clock: world.clock, pipes: world.pipes, brokers, cluster }
}

describe('topics', () => {
  test('a topic comes with its partitions, leaders and id; asking again asks nobody', async () => {
    const { clock, cluster, brokers } = await start()
    const topic = await clock.until(cluster.topic('events'))
    expect(topic).toMatchObject({ name: 'events', id: brokers.topics.get('events')?.id, internal: false })
    expect(topic.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 2, 3])
    expect(cluster.leaderOf('events', 1)).toEqual({ brokerId: 2, leaderEpoch: 0 })
    expect(await clock.until(cluster.topic('events'))).toBe(topic)
    expect(brokers.metadataCount).toBe(1)
  })

  test('100 topics asked for at one moment are one request', async () => {
    const { clock, cluster, brokers } = await start()
    for (let i = 0; i < 100; i++) brokers.topic(`topic-${i}`, [1])
    await clock.until(Promise.all(Array.from({ length: 100 }, (_, i) => cluster.topic(`topic-${i}`))))
    expect(brokers.metadataCount).toBe(1)
  })

  test('an unknown topic is TopicNotFound within a second, and holds up no other', async () => {
    const { clock, cluster } = await start()
    const [missing, found] = await clock.until(Promise.all([caught(cluster.topic('missing')), cluster.topic('events')]))
    expect(missing).toMatchObject({ name: 'TopicNotFound', kafkaCode: 3, topic: 'missing', retriable: false })
    expect(found.name).toBe('events')
    expect(clock.now()).toBeLessThan(1_000)
  })

  test('a topic that appears within the window is found', async () => {
    const { clock, cluster, brokers } = await start()
    clock.after(150, () => brokers.topic('late', [1]))
    expect((await clock.until(cluster.topic('late'))).partitions.length).toBe(1)
  })

  test('a topic without a leader yet is waited for, up to the bound of the call', async () => {
    const { world, clock, cluster, brokers } = await start()
    const topic = brokers.topic('being-made', [1])
    topic.errorCode = 5
    clock.after(5_000, () => {
      topic.errorCode = 0
    })
    await clock.until(cluster.topic('being-made'))
    expect(clock.now()).toBeGreaterThan(5_000)
    brokers.topic('never-made', []).errorCode = 0
    const error = await world.failure(cluster.topic('never-made', { timeoutMs: 3_000 }))
    expect(error).toMatchObject({ name: 'Timeout', code: 'API_TIMEOUT', topic: 'never-made' })
    expect(error).toMatchObject({ cause: { kafkaCode: 5 } })
  })

  test.each([
    [29, 'Unauthorized'],
    [17, 'InvalidOption'],
  ])('error %i is told at once as %s', async (code, name) => {
    const { world, clock, cluster, brokers } = await start()
    brokers.topic('bad', [1]).errorCode = code
    expect(await world.failure(cluster.topic('bad'))).toMatchObject({ kafkaCode: code, topic: 'bad', name })
    expect(clock.now()).toBeLessThan(100)
  })

  test('a signal ends the wait', async () => {
    const { clock, cluster, brokers } = await start()
    brokers.topic('never', [1]).errorCode = 5
    const abort = new AbortController()
    const failed = caught(cluster.topic('never', { signal: abort.signal }))
    await clock.advance(1_000)
    abort.abort()
    expect(await failed).toMatchObject({ name: 'Closed', code: 'ABORTED' })
  })
})

describe('keeping up', () => {
  test('what a broker called wrong is asked again, at most every 100 ms, however often it is called so', async () => {
    const { clock, cluster, brokers } = await start()
    await clock.until(cluster.topic('events'))
    brokers.topic('events', [2, 2, 2], 1)
    const seen: string[][] = []
    cluster.onChange((topics) => seen.push([...topics]))
    for (let i = 0; i < 1_000; i++) {
      cluster.markStale('events', i % 3)
      await clock.advance(1)
    }
    expect(seen).toEqual([['events']])
    expect(cluster.leaderOf('events', 0)).toEqual({ brokerId: 2, leaderEpoch: 1 })
    expect(brokers.metadataCount).toBeLessThanOrEqual(12)
    expect(brokers.metadataCount).toBeGreaterThan(2)
  })

  test('no leader goes back to an older epoch, whatever a lagging broker says', async () => {
    const { clock, cluster, brokers } = await start()
    brokers.topic('events', [2], 7)
    await clock.until(cluster.topic('events'))
    brokers.topic('events', [1], 6)
    await clock.until(cluster.refresh(['events']))
    expect(cluster.leaderOf('events', 0)).toEqual({ brokerId: 2, leaderEpoch: 7 })
  })

  test('new partitions are seen within metadataMaxAgeMs of use', async () => {
    const { clock, cluster, brokers } = await start(3, { metadataMaxAgeMs: 10_000 })
    await clock.until(cluster.topic('events'))
    brokers.topic('events', [1, 2, 3, 1])
    let seenAtMs = 0
    cluster.onChange(() => {
      seenAtMs = clock.now()
    })
    for (let i = 0; i < 120; i++) {
      cluster.leaderOf('events', 0)
      await clock.advance(100)
    }
    expect(seenAtMs).toBeGreaterThanOrEqual(10_000)
    expect(seenAtMs).toBeLessThan(10_200)
    expect(cluster.leaderOf('events', 3)).toEqual({ brokerId: 1, leaderEpoch: 0 })
    expect(brokers.metadataCount).toBe(2)
  })

  test.each([
    [300_000, 1],
    [Number.POSITIVE_INFINITY, 2],
  ])('with metadataMaxIdleMs %d, %i topics are left of which one is used', async (metadataMaxIdleMs, count) => {
    const { clock, cluster, brokers } = await start(3, { metadataMaxIdleMs, metadataMaxAgeMs: 100_000 })
    brokers.topic('idle', [1])
    await clock.until(Promise.all([cluster.topic('events'), cluster.topic('idle')]))
    for (let i = 0; i < 50; i++) {
      await clock.advance(10_000)
      cluster.leaderOf('events', 0)
    }
    await clock.advance(1_000)
    expect(cluster.metadata.topicNames.length).toBe(count)
  })

  test('an idle cluster asks nobody and keeps no timer', async () => {
    const { clock, pipes, cluster, brokers } = await start(3, { connectionsMaxIdleMs: 60_000 })
    await clock.until(cluster.topic('events'))
    await clock.advance(3_600_000)
    expect(brokers.metadataCount).toBe(1)
    expect([pipes.connectionCount(), clock.pendingCount]).toEqual([0, 0])
    await clock.until(cluster.topic('events'))
    expect(brokers.metadataCount).toBe(2)
  })

  test('a hint to a newer leader is followed at once, a useless one leads to a refresh', async () => {
    const { clock, cluster, brokers } = await start()
    await clock.until(cluster.topic('events'))
    expect(cluster.applyLeaderHint('events', 0, { leaderId: 3, leaderEpoch: 1 }, [])).toBe(true)
    expect(cluster.leaderOf('events', 0)).toEqual({ brokerId: 3, leaderEpoch: 1 })
    await clock.advance(1_000)
    expect(brokers.metadataCount).toBe(1)
    expect(cluster.applyLeaderHint('events', 0, { leaderId: 9, leaderEpoch: 2 }, [])).toBe(false)
    await clock.advance(1_000)
    expect(brokers.metadataCount).toBe(2)
  })
})

describe('finding a broker', () => {
  const NOBODY = { host: 'nobody', port: 1 }

  test('the bootstrap list is tried in turn: a refusing and a hanging one are passed over', async () => {
    const { world, clock, cluster, brokers } = await start(1, { connectTimeoutMs: 1_000 })
    const hanging = { host: 'hanging', port: 1 }
    world.pipes.setOutage(hanging, 'unanswered')
    world.brokers = [NOBODY, hanging, brokers.broker(1).address]
    await clock.until(cluster.refresh([]))
    expect(clock.now()).toBeGreaterThan(1_000)
    expect(clock.now()).toBeLessThan(1_100)
  })

  test('a first contact that fails everywhere is told at once, with the reason of each address', async () => {
    const { world, clock, cluster, brokers } = await start(1, { connectTimeoutMs: 700 })
    const hanging = { host: 'hanging', port: 1 }
    world.pipes.setOutage(hanging, 'unanswered')
    brokers.broker(1).on('ApiVersions', () => new Uint8Array(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')))
    world.brokers = [NOBODY, hanging, brokers.broker(1).address]
    const failures = [caught(cluster.topic('events')), caught(cluster.topic('other')), caught(cluster.refresh([]))]
    for (const error of await clock.until(Promise.all(failures))) {
      expect(error).toMatchObject({ name: 'Disconnected', code: 'NO_BROKER_REACHABLE' })
      expect(String(error)).toMatch(/nobody:1 refused.*hanging:1 was not usable.*broker-1:9092 answers HTTP/)
    }
    expect(clock.now()).toBeLessThan(800)
    await clock.advance(1)
    expect(clock.pendingCount).toBe(0)
  })

  test('one address: the error names it', async () => {
    const { world, cluster } = await start(1, { brokers: [NOBODY] })
    expect(await world.failure(cluster.topic('events'))).toMatchObject({ broker: 'nobody:1' })
  })

  test('after a first contact, an outage is waited out', async () => {
    const { clock, pipes, cluster, brokers } = await start(1)
    const { address } = brokers.broker(1)
    await clock.until(cluster.topic('events'))
    pipes.setOutage(address, 'refused')
    pipes.cut()
    clock.after(20_000, () => pipes.setOutage(address, undefined))
    await clock.until(cluster.refresh(['events']))
    expect(clock.now()).toBeGreaterThan(20_000)
    expect(clock.now()).toBeLessThan(22_500)
  })

  test('an outage longer than defaultApiTimeoutMs is a Timeout that names the broker', async () => {
    const { world, clock, pipes, cluster, brokers } = await start(1)
    await clock.until(cluster.topic('events'))
    pipes.setOutage(brokers.broker(1).address, 'unanswered')
    pipes.cut()
    const atMs = clock.now()
    const error = await world.failure(cluster.refresh(['events']))
    expect(error).toMatchObject({ name: 'Timeout', code: 'API_TIMEOUT', broker: 'broker-1:9092' })
    expect(clock.now() - atMs).toBeCloseTo(60_000, -1)
  })

  test('reconnecting backs off to a second, so an outage is no storm', async () => {
    const { clock, pipes, cluster, brokers } = await start(1)
    const { address } = brokers.broker(1)
    await clock.until(cluster.topic('events'))
    pipes.setOutage(address, 'refused')
    pipes.cut()
    let attempts = 0
    const connect = pipes.connect.bind(pipes)
    pipes.connect = (...args) => {
      attempts++
      return connect(...args)
    }
    await clock.until(caught(cluster.refresh(['events'], { timeoutMs: 60_000 })))
    expect(attempts).toBeGreaterThan(20)
    expect(attempts).toBeLessThan(80)
  })

  test('when all known brokers are gone, the bootstrap list leads to the new ones (KIP-899)', async () => {
    const { world, clock, pipes, cluster, brokers } = await start(3)
    await clock.until(cluster.topic('events'))
    const moved = await ScriptedCluster.start(new MovedWorld(world), 1)
    moved.topic('events', [1], 1)
    world.brokers = [moved.broker(1).address]
    for (const { address } of brokers.brokers) pipes.setOutage(address, 'refused')
    pipes.cut()
    await clock.until(cluster.refresh(['events']))
    expect(cluster.metadata.brokers.map(({ host }) => host)).toEqual(['moved-1'])
    expect(cluster.leaderOf('events', 0)).toEqual({ brokerId: 1, leaderEpoch: 1 })
    expect(world.events.filter(({ type }) => type === 'rebootstrapped').length).toBe(1)
  })

  test("with metadataRecoveryStrategy 'none' it does not", async () => {
    const { world, clock, pipes, cluster, brokers } = await start(3, { metadataRecoveryStrategy: 'none' })
    await clock.until(cluster.topic('events'))
    const moved = await ScriptedCluster.start(new MovedWorld(world), 1)
    world.brokers = [moved.broker(1).address]
    for (const { address } of brokers.brokers) pipes.setOutage(address, 'refused')
    pipes.cut()
    expect(await world.failure(cluster.refresh(['events']))).toMatchObject({ name: 'Timeout' })
    expect(moved.metadataCount).toBe(0)
  })

  test('REBOOTSTRAP_REQUIRED leads to the bootstrap list as well (KIP-1102)', async () => {
    const { world, clock, cluster, brokers } = await start(2)
    await clock.until(cluster.topic('events'))
    const moved = await ScriptedCluster.start(new MovedWorld(world), 1)
    moved.topic('events', [1], 1)
    world.brokers = [moved.broker(1).address]
    brokers.errorCode = 129
    await clock.until(cluster.refresh(['events']))
    expect(cluster.metadata.brokers.map(({ host }) => host)).toEqual(['moved-1'])
  })

  test('brokers that connect but give no metadata for 300 s lead there too (KIP-1102)', async () => {
    const { world, clock, cluster, brokers } = await start(2)
    await clock.until(cluster.topic('events'))
    const moved = await ScriptedCluster.start(new MovedWorld(world), 1)
    moved.topic('events', [1], 1)
    world.brokers = [moved.broker(1).address]
    for (const broker of brokers.brokers) broker.on('Metadata', () => ({}))
    const atMs = clock.now()
    while (cluster.metadata.brokers.some(({ host }) => host === 'broker-1')) {
      await clock.until(caught(cluster.refresh(['events'])).catch(() => {}))
      expect(clock.now() - atMs).toBeLessThan(400_000)
    }
    await clock.until(cluster.refresh(['events']))
    expect(clock.now() - atMs).toBeGreaterThan(300_000)
    expect(cluster.metadata.brokers.map(({ host }) => host)).toEqual(['moved-1'])
  })

  test('close settles everything at once', async () => {
    const { clock, pipes, cluster, brokers } = await start(1)
    await clock.until(cluster.topic('events'))
    brokers.broker(1).on('Metadata', () => undefined)
    brokers.topic('made', [1]).errorCode = 5
    const waiting = [caught(cluster.topic('made')), caught(cluster.refresh([])), caught(cluster.topic('x'))]
    await clock.advance(5_000)
    const atMs = clock.now()
    cluster.close()
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ name: 'Closed' })
    expect(await caught(cluster.refresh([]))).toMatchObject({ name: 'Closed' })
    await clock.advance(1)
    expect([pipes.connectionCount(), clock.pendingCount, clock.now() - atMs]).toEqual([0, 0, 1])
  })
})

/** The same network, in which brokers are called `moved-1` and so on. */
class MovedWorld extends IoWorld {
  override readonly pipes: IoWorld['pipes']
  constructor(world: IoWorld) {
    super()
    const listen: IoWorld['pipes']['listen'] = ({ host, port }, accept) =>
      world.pipes.listen({ host: host.replace('broker', 'moved'), port }, accept)
    this.pipes = Object.assign(Object.create(world.pipes), { listen })
  }
}
