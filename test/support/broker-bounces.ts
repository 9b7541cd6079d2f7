// A group of static members while brokers go down and come back, and then while its members are restarted: who counts
// rebalances hears of none. [test processes]
import type { Random } from '../../src/base/random.ts'
import { type Consumer, type ConsumerOptions, Kafka } from '../../src/index.ts'
import { groupEpoch } from './group-epoch.ts'

/** What is bounced, and how often. */
export interface BouncePlan {
  brokers: readonly string[]
  /** It is empty and has `MEMBERS` partitions. */
  topic: string
  /** Of the consumers: their protocol. */
  consumer: ConsumerOptions
  bounces: number
  random: Random
  /** Ends one broker and starts it again; resolves when it serves. */
  bounce(broker: number): Promise<void>
}

/** What came of it. */
export interface BounceReport {
  bounces: number
  /** Calls of the members' listeners, once each had its partition. */
  rebalances: string[]
  /** As the coordinator counts: before the bounces, after them, after the restarts. */
  epochs: number[]
  records: number
  lost: number
  twice: number
  errors: string[]
}

/** How many members, and partitions. */
export const MEMBERS = 4
/** Records between two bounces. */
const ROUND = 40
/** For whatever is waited for. */
const PATIENCE_MS = 120_000

/** Bounces brokers, then restarts the members. Rejects when something does not come in time. */
export async function bounceBrokers(plan: BouncePlan): Promise<BounceReport> {
  const { brokers, topic, consumer, bounces, random } = plan
  await using kafka = new Kafka({ brokers: [...brokers], threads: 'inline', retryBackoffMaxMs: 200 })
  const log: MemberLog = { seen: new Map(), rebalances: [], errors: [] }
  const { seen, rebalances, errors } = log
  const join = (i: number) => new Member(kafka, topic, { ...consumer, groupInstanceId: `member-${i}` }, log)
  const members = Array.from({ length: MEMBERS }, (_, i) => join(i))
  await until('every member has a partition', () => members.every(({ owned }) => owned.length === 1))
  for (const member of members) member.atRest = true
  const epoch = () => groupEpoch(brokers, topic, consumer.groupProtocol ?? 'classic')
  const epochs = [await epoch()]
  const producer = kafka.producer()
  let records = 0
  const round = async () => {
    const values = Array.from({ length: ROUND }, () => {
      const value = records++
      return { topic, partition: value % MEMBERS, value: String(value) }
    })
    await producer.sendBatch(values)
  }
  for (let i = 0; i < bounces; i++) {
    // Some of it is under way when the broker goes down.
    await Promise.all([round(), plan.bounce(Math.floor(random.next() * brokers.length))])
    await until('all is processed', () => seen.size === records)
  }
  epochs.push(await epoch())
  for (let i = 0; i < MEMBERS; i++) {
    const before = members[i]!
    const [partition] = before.owned
    await before.leave()
    const after = join(i)
    members[i] = after
    await until('the restarted member has its partition', () => after.owned.length > 0)
    after.atRest = true
    if (after.owned[0] !== partition) rebalances.push(`member-${i} had ${partition} and has ${after.owned}`)
    await round()
    await until('all is processed', () => seen.size === records)
  }
  epochs.push(await epoch())
  await Promise.all(members.map((member) => member.leave()))
  const twice = [...seen.values()].filter((times) => times > 1).length
  return { bounces, rebalances, epochs, records, lost: records - seen.size, twice, errors }
}

interface MemberLog {
  /** How often each record was processed. */
  seen: Map<string, number>
  rebalances: string[]
  errors: string[]
}

/** One static member, which counts what it processes. */
class Member {
  /** What its listener hears from now on is of a rebalance. */
  atRest = false
  /** The partitions that its listener knows of. */
  owned: readonly number[] = []
  readonly #consumer: Consumer
  readonly #run: Promise<void>

  constructor(kafka: Kafka, topic: string, options: ConsumerOptions, log: MemberLog) {
    const { seen, rebalances, errors } = log
    const note = (what: string) => (partitions: { partition: number }[]) => {
      const numbers = partitions.map(({ partition }) => partition)
      this.owned =
        what === 'assigned' ? [...this.owned, ...numbers] : this.owned.filter((one) => !numbers.includes(one))
      if (this.atRest) rebalances.push(`${options.groupInstanceId}: ${what} ${numbers}`)
    }
    this.#consumer = kafka.consumer({
      ...{ groupId: topic, topics: topic, autoOffsetReset: 'earliest', autoCommitIntervalMs: 200 },
      ...{ heartbeatIntervalMs: 300, heartbeatFloorMs: 100 },
      rebalanceListener: { onAssigned: note('assigned'), onRevoked: note('revoked'), onLost: note('lost') },
      ...options,
    })
    this.#consumer.on('error', (error) => errors.push(String(error)))
    const eachRecord = ({ value }: { value: unknown }) => {
      const key = String(value)
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
    this.#run = this.#consumer.run({ eachRecord }).catch((error) => void errors.push(String(error)))
  }

  async leave(): Promise<void> {
    // That it gives its partition back is no rebalance.
    this.atRest = false
    await this.#consumer.close()
    await this.#run
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not in ${PATIENCE_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
