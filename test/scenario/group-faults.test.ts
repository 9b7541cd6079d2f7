// Every error of a coordinator at every request of a group: the member consumes again and commits all of it, or ends
// with one typed error (invariant G3). On the embedded broker, which can be told to fail. [test process]
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { type ConsumerOptions, Kafka, MillraceError } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { type GroupFault, groupFaults, injectGroupFault } from '../support/group-faults.ts'

// Most of a cell is waiting.
vi.setConfig({ maxConcurrency: 30 })

type Cell = GroupFault & { protocol: 'classic' | 'consumer' }

const cells: Cell[] = groupFaults.flatMap((fault) => fault.protocols.map((protocol) => ({ ...fault, protocol })))

/** What is asked before there is anything to consume. */
const BEFORE_JOINING = ['JoinGroup', 'SyncGroup', 'OffsetFetch']
/** "Until healed": for so long. */
const HEALED_MS = 400
/** Two session timeouts. */
const PATIENCE = { timeout: 12_000, interval: 20 }

describe('errors of coordinators', () => {
  let broker: Broker
  let kafka: Kafka
  let groups = 0
  beforeAll(async () => {
    broker = await Broker.start({
      groups: { minSessionTimeoutMs: 500, heartbeatIntervalMs: 50, sessionTimeoutMs: 2000 },
    })
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', retryBackoffMs: 20, retryBackoffMaxMs: 100 })
  })
  afterAll(async () => {
    await kafka.close()
    await broker.close()
  })

  test.concurrent.each(cells)(
    '$code at $api, $times, $protocol',
    async (cell) => {
      const topic = `t${groups++}`
      broker.createTopic(topic, { partitions: 1 })
      await broker.seed(topic, ['a', 'b', 'c'])
      const member = new Member(kafka, topic, cell.protocol)
      if (!BEFORE_JOINING.includes(cell.api)) await member.processed(3)
      const fault = injectGroupFault(broker, topic, cell)
      const begun = Date.now()
      if (!BEFORE_JOINING.includes(cell.api)) await broker.seed(topic, ['d', 'e', 'f'])
      const closing = cell.api === 'LeaveGroup' ? member.processed(6).then(() => member.consumer.close()) : undefined
      await vi.waitFor(() => expect(fault.hits).toBeGreaterThan(0), PATIENCE)
      if (cell.times === 'until healed') await vi.waitFor(() => expect(Date.now() - begun).toBeGreaterThan(HEALED_MS))
      fault.heal()
      if (closing !== undefined) return expect(await closing).toBeUndefined()
      if (cell.outcome === 'fatal') {
        const error = await member.failure()
        expect(error).toBeInstanceOf(MillraceError)
        return expect(error).toMatchObject({ kafkaCode: ErrorCode[cell.code] })
      }
      if (BEFORE_JOINING.includes(cell.api)) await broker.seed(topic, ['d', 'e', 'f'])
      const healed = member.processed(6).then(() => member.committed(6))
      if (cell.outcome === 'either') {
        const error = await Promise.race([healed, member.failure()])
        if (error !== undefined) return expect(error).toMatchObject({ kafkaCode: ErrorCode[cell.code] })
      } else await healed
      expect(member.error).toBeUndefined()
      await member.consumer.close()
    },
    30_000,
  )
})

class Member {
  readonly consumer
  error: unknown
  readonly #seen = new Set<number>()
  readonly #run: Promise<unknown>

  constructor(kafka: Kafka, topic: string, groupProtocol: 'classic' | 'consumer') {
    const quick: ConsumerOptions = { heartbeatIntervalMs: 50, heartbeatFloorMs: 20, autoCommitIntervalMs: 50 }
    const session = { sessionTimeoutMs: 2_000, maxPollIntervalMs: 5_000 }
    const group = { groupId: topic, topics: topic, groupProtocol }
    this.consumer = kafka.consumer({ ...group, ...quick, ...session, autoOffsetReset: 'earliest' })
    this.#run = this.consumer.run({ eachRecord: ({ offset }) => void this.#seen.add(offset) }).catch((error) => {
      this.error = error
      return error
    })
  }

  processed(count: number): Promise<unknown> {
    return vi.waitFor(() => expect(this.#seen.size, String(this.error)).toBe(count), PATIENCE)
  }

  /** Resolves when the group has this offset. */
  async committed(offset: number): Promise<undefined> {
    await vi.waitFor(async () => expect((await this.consumer.committed())[0]?.offset).toBe(offset), PATIENCE)
    return undefined
  }

  /** Resolves to the error that its run ends with. */
  failure(): Promise<unknown> {
    return this.#run
  }
}
