// Groups of static members while brokers go down and come back, and then while the members are restarted: whoever
// counts rebalances hears of none. [test processes]
import type { Random } from '../../src/base/random.ts'
import { type Consumer, type ConsumerOptions, Kafka, type Producer } from '../../src/index.ts'
import { groupEpoch } from './group-epoch.ts'

/** What is bounced, and how often. */
export interface BouncePlan {
  brokers: readonly string[]
  /** It is empty and has `MEMBERS` partitions. */
  topic: string
  /** The protocol of each group, by the group's name. */
  groups: Record<string, ConsumerOptions>
  bounces: number
  random: Random
  /** Ends one broker and starts it again; resolves when it serves. */
  bounce(broker: number): Promise<void>
  /** All is processed, after so many bounces. */
  progress?(bounces: number): void
}

/** What came of one group. */
export interface BounceReport {
  /** Calls of the members' listeners, once each had its partition. */
  rebalances: string[]
  /** As the coordinator counts: before the bounces, after them, after the restarts. */
  epochs: number[]
  lost: number
  twice: number
  errors: string[]
}

/** How many members a group has, and the topic partitions. */
export const MEMBERS = 4
/** Records between two bounces. */
const ROUND = 40
/** For whatever is waited for. */
const PATIENCE_MS = 120_000

/** Bounces brokers, then restarts the members. Rejects when something does not come in time. */
export async function bounceBrokers(plan: BouncePlan): Promise<Record<string, BounceReport>> {
  const { brokers, topic, bounces, random } = plan
  await using kafka = new Kafka({ brokers: [...brokers], threads: 'inline', retryBackoffMaxMs: 200 })
  const groups = Object.entries(plan.groups).map(([name, options]) => new Group(kafka, name, topic, options))
  const producer: Producer = kafka.producer()
  let records = 0
  const round = async () => {
    const values = Array.from({ length: ROUND }, () => {
      const value = records++
      return { topic, partition: value % MEMBERS, value: String(value) }
    })
    await producer.sendBatch(values)
  }
  const all = <T>(what: (group: Group) => Promise<T>) => Promise.all(groups.map(what))
  const countEpochs = () => all(async (group) => void group.epochs.push(await group.epoch(brokers)))
  await all((group) => group.shared())
  await countEpochs()
  for (let i = 1; i <= bounces; i++) {
    // Some of it is under way when the broker goes down.
    await Promise.all([round(), plan.bounce(Math.floor(random.next() * brokers.length))])
    await all((group) => group.processed(records))
    plan.progress?.(i)
  }
  await countEpochs()
  for (let i = 0; i < MEMBERS; i++) {
    await all((group) => group.restart(i))
    await round()
    await all((group) => group.processed(records))
  }
  await countEpochs()
  await all((group) => group.close())
  return Object.fromEntries(groups.map((group) => [group.name, group.report(records)]))
}

/** The members of a group, and what they say. */
class Group {
  readonly name: string
  readonly rebalances: string[] = []
  readonly errors: string[] = []
  readonly epochs: number[] = []
  /** How often each record was processed. */
  readonly seen = new Map<string, number>()
  readonly #join: (i: number) => Member
  readonly #protocol: 'classic' | 'consumer'
  readonly #members: Member[]

  constructor(kafka: Kafka, name: string, topic: string, options: ConsumerOptions) {
    this.name = name
    this.#protocol = options.groupProtocol ?? 'classic'
    const group = { ...options, groupId: name, topics: topic }
    this.#join = (i) => new Member(kafka, this, { ...group, groupInstanceId: `member-${i}` })
    this.#members = Array.from({ length: MEMBERS }, (_, i) => this.#join(i))
  }

  /** Resolves when every member has its partition; from then on what listeners hear is of a rebalance. */
  async shared(): Promise<void> {
    await until('every member has a partition', () => this.#members.every(({ owned }) => owned.length === 1))
    for (const member of this.#members) member.atRest = true
  }

  processed(records: number): Promise<void> {
    return until('all is processed', () => this.seen.size === records)
  }

  epoch(brokers: readonly string[]): Promise<number> {
    return groupEpoch(brokers, this.name, this.#protocol)
  }

  async restart(i: number): Promise<void> {
    const before = this.#members[i]!
    const [partition] = before.owned
    await before.leave()
    const after = this.#join(i)
    this.#members[i] = after
    await until('the restarted member has a partition', () => after.owned.length > 0)
    after.atRest = true
    if (after.owned[0] !== partition) this.rebalances.push(`member-${i} had ${partition}, and has ${after.owned}`)
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.leave()))
  }

  report(records: number): BounceReport {
    const { rebalances, epochs, seen, errors } = this
    const twice = [...seen.values()].filter((times) => times > 1).length
    return { rebalances, epochs, lost: records - seen.size, twice, errors }
  }
}

/** One static member. */
class Member {
  /** What its listener hears from now on is of a rebalance. */
  atRest = false
  /** The partitions that its listener knows of. */
  owned: readonly number[] = []
  readonly #consumer: Consumer
  readonly #run: Promise<void>

  constructor(kafka: Kafka, { seen, rebalances, errors }: Group, options: ConsumerOptions) {
    const note = (what: string) => (partitions: { partition: number }[]) => {
      const numbers = partitions.map(({ partition }) => partition)
      const kept = this.owned.filter((one) => !numbers.includes(one))
      this.owned = what === 'assigned' ? [...kept, ...numbers] : kept
      if (this.atRest) rebalances.push(`${options.groupInstanceId}: ${what} ${numbers}`)
    }
    this.#consumer = kafka.consumer({
      ...{ autoOffsetReset: 'earliest', autoCommitIntervalMs: 200, heartbeatIntervalMs: 300, heartbeatFloorMs: 100 },
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
