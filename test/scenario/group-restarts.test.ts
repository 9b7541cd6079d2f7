// A static member that is started again before the group took note of its end. [test process]
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Fault } from '../../src/broker/faults.ts'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { PATIENCE, QUICK } from './quick-groups.ts'

const SESSION_MS = 2_000
const STATIC_LEAVE = -2
const UNRELEASED = 111

const slow: Fault<'ConsumerGroupHeartbeat'> = { delayMs: 1_300 }
const lost: Fault<'ConsumerGroupHeartbeat'> = { drop: true }

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

  test.each([
    ['comes late', slow],
    ['is lost', lost],
  ])(
    '%s waits for the session of its predecessor, and reads on',
    async (_, goodbye) => {
      const identity = { groupId: 'g', groupInstanceId: 'pod-1', groupProtocol: 'consumer' } as const
      const member = { ...identity, topics: 't', ...QUICK, sessionTimeoutMs: SESSION_MS }
      const first = kafka.consumer(member)
      expect((await first.recv()).value?.toString()).toBe('a')
      await first.commit([{ topic: 't', partition: 0, offset: 1 }])
      let refused = 0
      broker.on('ConsumerGroupHeartbeat', ({ memberEpoch }) => {
        if (memberEpoch === STATIC_LEAVE) return goodbye
        const edit: Fault<'ConsumerGroupHeartbeat'>['edit'] = ({ errorCode }) => {
          if (errorCode === UNRELEASED) refused++
          return undefined
        }
        return { edit }
      })
      await first.close()
      const errors: unknown[] = []
      const second = kafka.consumer(member)
      second.on('error', (error) => errors.push(error))
      expect((await second.recv()).value?.toString()).toBe('b')
      expect(refused).toBeGreaterThan(0)
      expect(errors).toEqual([])
      // It is the member now: what the first one says late does not end it.
      await broker.seed('t', ['c'])
      await vi.waitFor(async () => expect((await second.recv()).value?.toString()).toBe('c'), PATIENCE)
      await second.close({ leaveGroup: true })
      // Nothing waits for an answer that never comes, which is given up after 30 s.
    },
    20_000,
  )
})
