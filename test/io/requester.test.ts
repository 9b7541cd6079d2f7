// Requests by target, over brokers that die and coordinators that move.
import { describe, expect, test } from 'vitest'
import { Cluster } from '../../src/io/cluster.ts'
import type { IoOptions } from '../../src/io/io-options.ts'
import { Requester } from '../../src/io/requester.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import { ScriptedCluster } from '../support/scripted-cluster.ts'

async function start(options: Partial<IoOptions> = {}) {
  const world = new IoWorld(options)
  const brokers = await ScriptedCluster.start(world, 3)
  world.brokers = brokers.brokers.map(({ address }) => address)
  brokers.topic('events', [1, 2, 3])
  for (const [i, broker] of brokers.brokers.entries()) {
    broker.on('DescribeCluster', () => ({ controllerId: i + 1 }))
    broker.on('FindCoordinator', ({ request: { version, body } }) => {
      const found = { nodeId: 2, ...brokers.broker(2).address }
      return version < 4 ? found : { coordinators: body.coordinatorKeys.map((key) => ({ key, ...found })) }
    })
  }
  const cluster = new Cluster(world.host)
  return { world, clock: world.clock, pipes: world.pipes, brokers, cluster, requester: new Requester(cluster) }
}

const HEARTBEAT = { groupId: 'g', generationId: 1, memberId: 'm' }
const GROUP = { coordinator: 'group', key: 'g' } as const

describe('targets', () => {
  test('a broker by id, the leader of a partition and the controller are found', async () => {
    const { clock, brokers, requester } = await start()
    brokers.controllerId = 3
    const answeredBy = async (target: Parameters<Requester['request']>[0]) =>
      (await clock.until(requester.request(target, 'DescribeCluster', {}))).body.controllerId
    expect(await answeredBy({ broker: 2 })).toBe(2)
    expect(await answeredBy({ leader: { topic: 'events', partition: 2 } })).toBe(3)
    expect(await answeredBy('controller')).toBe(3)
    expect(await answeredBy('any')).toBeGreaterThan(0)
  })

  test('a coordinator is looked up once for many requests, and has a connection of its own', async () => {
    const { clock, pipes, brokers, requester } = await start()
    brokers.broker(2).on('Heartbeat', () => ({}))
    await clock.until(Promise.all([1, 2, 3].map(() => requester.request(GROUP, 'Heartbeat', HEARTBEAT))))
    await clock.until(requester.request({ broker: 2 }, 'DescribeCluster', {}))
    expect(brokers.brokers.flatMap((broker) => broker.asked('FindCoordinator')).length).toBe(1)
    expect(brokers.broker(2).asked('Heartbeat').length).toBe(3)
    expect(pipes.connectionCount(brokers.broker(2).address)).toBe(2)
  })

  test('brokers before KIP-699 are asked for one coordinator in their own way', async () => {
    const { clock, brokers, requester } = await start()
    for (const broker of brokers.brokers) broker.versions.set('FindCoordinator', [0, 3])
    brokers.broker(2).on('EndTxn', () => ({}))
    await clock.until(requester.request({ coordinator: 'transaction', key: 't' }, 'EndTxn', { transactionalId: 't' }))
    const [asked] = brokers.brokers.flatMap((broker) => broker.asked('FindCoordinator'))
    expect(asked).toMatchObject({ version: 3, body: { key: 't', keyType: 1 } })
  })

  test('a broker that is not in the cluster is a typed error at the bound of the call', async () => {
    const { world, requester } = await start()
    const error = await world.failure(requester.request({ broker: 9 }, 'DescribeCluster', {}, { timeoutMs: 2_000 }))
    expect(error).toMatchObject({ name: 'Timeout', cause: { code: 'UNKNOWN_BROKER' } })
  })
})

describe('coordinators that move', () => {
  test.each([14, 15, 16])('error %i is retried, at the new coordinator if there is one', async (errorCode) => {
    const { clock, brokers, requester } = await start()
    let coordinator = 2
    for (const broker of brokers.brokers) {
      broker.on('FindCoordinator', ({ request: { body } }) => ({
        coordinators: body.coordinatorKeys.map((key) => ({ key, nodeId: 0, ...brokers.broker(coordinator).address })),
      }))
    }
    let refusals = 2
    brokers.broker(2).on('Heartbeat', () => {
      if (errorCode !== 14) coordinator = 3
      return { errorCode: refusals-- > 0 ? errorCode : 0 }
    })
    brokers.broker(3).on('Heartbeat', () => ({}))
    const { body } = await clock.until(requester.request(GROUP, 'Heartbeat', HEARTBEAT))
    expect(body.errorCode).toBe(0)
    expect(brokers.broker(errorCode === 14 ? 2 : 3).asked('Heartbeat').length).toBe(errorCode === 14 ? 3 : 1)
  })

  test('other errors are the answer', async () => {
    const { clock, brokers, requester } = await start()
    brokers.broker(2).on('Heartbeat', () => ({ errorCode: 25 }))
    expect((await clock.until(requester.request(GROUP, 'Heartbeat', HEARTBEAT))).body.errorCode).toBe(25)
  })

  test('a coordinator that is always elsewhere ends at the bound of the call, without a storm', async () => {
    const { world, brokers, requester } = await start({ defaultApiTimeoutMs: 10_000 })
    brokers.broker(2).on('Heartbeat', () => ({ errorCode: 16 }))
    const error = await world.failure(requester.request(GROUP, 'Heartbeat', HEARTBEAT))
    expect(error).toMatchObject({ name: 'Timeout', cause: { kafkaCode: 16 } })
    expect(brokers.broker(2).asked('Heartbeat').length).toBeLessThan(25)
  })

  test('no coordinator yet, or one without an address, is waited for', async () => {
    const { clock, brokers, requester } = await start()
    brokers.broker(2).on('Heartbeat', () => ({}))
    const answers = [
      { errorCode: 15 },
      { host: '', port: -1 },
      { host: 'x', port: 70_000 },
      { ...brokers.broker(2).address },
    ]
    for (const broker of brokers.brokers) {
      broker.on('FindCoordinator', () => ({ coordinators: [{ key: 'g', nodeId: 2, ...answers.shift() }] }))
    }
    await clock.until(requester.request(GROUP, 'Heartbeat', HEARTBEAT))
    expect(answers.length).toBe(0)
  })

  test('a group that may not be seen is told at once', async () => {
    const { world, clock, brokers, requester } = await start()
    for (const broker of brokers.brokers) {
      broker.on('FindCoordinator', () => ({ coordinators: [{ key: 'g', errorCode: 30 }] }))
    }
    const error = await world.failure(requester.request(GROUP, 'Heartbeat', HEARTBEAT))
    expect(error).toMatchObject({ name: 'Unauthorized', kafkaCode: 30 })
    expect(clock.now()).toBeLessThan(100)
  })
})

describe('losses', () => {
  test('a lost answer is asked for again; with resend false it is an error that says so', async () => {
    const { world, clock, brokers, requester } = await start()
    let cuts = 1
    const cutFirst = () => {
      for (const broker of brokers.brokers) {
        broker.on('DescribeCluster', ({ connection }) => {
          if (cuts-- <= 0) return { controllerId: 5 }
          connection.socket.destroy()
          return undefined
        })
      }
    }
    cutFirst()
    expect((await clock.until(requester.request('any', 'DescribeCluster', {}))).body.controllerId).toBe(5)
    cuts = 1
    const error = await world.failure(requester.request('any', 'DescribeCluster', {}, { resend: false }))
    expect(error).toMatchObject({ name: 'Disconnected', code: 'CONNECTION_LOST' })
    expect(String(error)).toContain('was sent')
  })

  test('a broker that restarts is waited for, and one that hangs ends at the bound of the call', async () => {
    const { world, clock, pipes, cluster, brokers, requester } = await start()
    await clock.until(cluster.refresh([]))
    const { address } = brokers.broker(2)
    pipes.setOutage(address, 'refused')
    pipes.cut(address)
    clock.after(8_000, () => pipes.setOutage(address, undefined))
    expect((await clock.until(requester.request({ broker: 2 }, 'DescribeCluster', {}))).body.controllerId).toBe(2)
    expect(clock.now()).toBeGreaterThan(8_000)
    pipes.setOutage(address, 'silent')
    const atMs = clock.now()
    const error = await world.failure(requester.request({ broker: 2 }, 'DescribeCluster', {}, { timeoutMs: 5_000 }))
    expect(error).toMatchObject({ name: 'Timeout' })
    expect(clock.now() - atMs).toBeCloseTo(5_000, 0)
  })

  test('no common version is told at once', async () => {
    const { world, clock, brokers, requester } = await start()
    for (const broker of brokers.brokers) broker.versions.delete('DescribeCluster')
    const error = await world.failure(requester.request('any', 'DescribeCluster', {}))
    expect(error).toMatchObject({ name: 'UnsupportedVersion' })
    expect(clock.now()).toBeLessThan(100)
  })

  test('a signal and close end a request that waits', async () => {
    const { clock, brokers, cluster, requester } = await start()
    for (const broker of brokers.brokers) broker.on('DescribeCluster', () => undefined)
    const abort = new AbortController()
    const closed = caught(requester.request(GROUP, 'Heartbeat', HEARTBEAT))
    await clock.advance(100)
    const aborted = caught(requester.request('any', 'DescribeCluster', {}, { signal: abort.signal }))
    await clock.advance(100)
    abort.abort()
    expect(await aborted).toMatchObject({ code: 'ABORTED' })
    cluster.close()
    expect(await closed).toMatchObject({ name: 'Closed' })
    await clock.advance(1)
    expect(clock.pendingCount).toBe(0)
  })
})
