// A static member that is started again before the group took note of its end. [test process]
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { QUICK } from './quick-groups.ts'

/** The first goodbye is given up after 1 s: a slow machine is to restart before this. */
const SESSION_MS = 4_000
const STATIC_LEAVE = -2
const UNRELEASED = 111

describe('KIP-848, a restart whose goodbye', () => {
  let broker: Broker
  let kafka: Kafka
  beforeEach(async () => {
    broker = await Broker.start({ groups: { heartbeatIntervalMs: 50, sessionTimeoutMs: SESSION_MS } })
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline' })
    broker.createTopic('t', { partitions: 1 })
    await broker.seed('t', ['a', 'b'])
  })
  afterEach(async () => {
    await kafka.close()
    await broker.close()
  })

  test.each(['comes late', 'is lost'])(
    '%s waits for its predecessor to be gone, and reads on',
    async (goodbye) => {
      const identity = { groupId: 'g', groupInstanceId: 'pod-1', groupProtocol: 'consumer' } as const
      const member = { ...identity, topics: 't', ...QUICK, sessionTimeoutMs: SESSION_MS }
      const first = kafka.consumer(member)
      expect((await first.recv()).value?.toString()).toBe('a')
      await first.commit([{ topic: 't', partition: 0, offset: 1 }])
      let wasRefused!: () => void
      const refused = new Promise<void>((resolve) => {
        wasRefused = resolve
      })
      broker.on('ConsumerGroupHeartbeat', async ({ memberEpoch }) => {
        if (memberEpoch === STATIC_LEAVE && goodbye === 'is lost') return { drop: true }
        if (memberEpoch === STATIC_LEAVE) return void (await refused)
        return { edit: ({ errorCode }) => void (errorCode === UNRELEASED && wasRefused()) }
      })
      await first.close()
      const second = kafka.consumer(member)
      const errors: unknown[] = []
      second.on('error', (error) => errors.push(error))
      expect((await second.recv()).value?.toString()).toBe('b')
      await refused
      expect(errors).toEqual([])
      // It is the member now: what was said late of the first one does not end it.
      await broker.seed('t', ['c'])
      expect((await second.recv()).value?.toString()).toBe('c')
      await second.close({ leaveGroup: true })
    },
    // Less than the 30 s after which an answer that never comes is given up: nothing waits behind it.
    20_000,
  )
})
