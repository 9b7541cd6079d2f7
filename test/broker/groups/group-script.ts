// A script of group requests, and its answers in a form in which two brokers can be compared. [test process]
import type { ApiName, RequestInput, ResponseOf } from '../../../src/protocol/apis.ts'
import { RawClient } from '../raw-client.ts'

/** An answer of the script. */
export interface Step {
  what: string
  answer: unknown
}

/** What differs from broker to broker without meaning anything. */
const incidental = new Set(['throttleTimeMs', 'errorMessage', 'heartbeatIntervalMs', 'host', 'port', 'nodeId'])

/** Plays requests to one broker and writes down what it answers. */
export class GroupScript {
  readonly steps: Step[] = []
  /** Names of topics and groups begin with it; it is cut off again. */
  readonly prefix: string
  readonly #address: string
  readonly #clients: RawClient[] = []
  readonly #branches: GroupScript[] = []
  /** Ids that the broker made, by the order in which they were seen. */
  readonly #ids = new Map<string, string>()

  constructor(address: string, prefix: string) {
    this.#address = address
    this.prefix = prefix
  }

  /** Steps that are played beside others. */
  branch(): GroupScript {
    const branch = new GroupScript(this.#address, this.prefix)
    this.#branches.push(branch)
    return branch
  }

  /** A connection of its own: whoever waits for an answer holds up only itself. */
  async client(): Promise<RawClient> {
    const client = await RawClient.connect(this.#address)
    this.#clients.push(client)
    return client
  }

  /** Sends a request and notes its answer. */
  async ask<A extends ApiName>(
    what: string,
    client: RawClient,
    api: A,
    version: number,
    body: RequestInput<A>,
  ): Promise<ResponseOf<A>> {
    const answer = await client.call(api, version, body)
    this.note(what, answer)
    return answer
  }

  /** Notes an answer that came in another way. */
  note(what: string, answer: unknown): void {
    this.steps.push({ what, answer: this.#normal(answer) })
  }

  /** A topic that the coordinator knows. */
  async topic(name: string, partitions: number): Promise<void> {
    const client = await this.client()
    const topics = [{ name: this.prefix + name, numPartitions: partitions, replicationFactor: 1 }]
    await client.call('CreateTopics', 5, { timeoutMs: 5000, topics })
    // A real coordinator learns of it a moment after the rest of the broker: until then it has nothing to assign.
    const probe = { groupId: `${this.prefix}probe of ${name}`, memberId: 'A'.repeat(22) }
    const joining = { rebalanceTimeoutMs: 1000, subscribedTopicNames: [this.prefix + name], topicPartitions: [] }
    await this.coordinated(probe.groupId)
    for (;;) {
      const { assignment } = await client.call('ConsumerGroupHeartbeat', 1, { ...probe, ...joining })
      if (assignment?.topicPartitions.length === 1) break
      await sleep(50)
    }
    await client.call('ConsumerGroupHeartbeat', 1, { ...probe, memberEpoch: -1 })
  }

  /** A group's coordinator is there only a moment after its first question. */
  async coordinated(groupId: string): Promise<void> {
    const client = await this.client()
    for (;;) {
      const found = await client.call('FindCoordinator', 4, { coordinatorKeys: [groupId] })
      const { groups } = await client.call('OffsetFetch', 8, { groups: [{ groupId, topics: null }] })
      if (found.coordinators[0]?.errorCode === 0 && groups[0]?.errorCode === 0) return
      await sleep(50)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients, ...this.#branches].map((one) => one.close()))
  }

  #normal(value: unknown, name = ''): unknown {
    if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString()}`
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#normal(item))
      // The order of members, groups, topics and partitions is nobody's promise.
      return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    }
    if (typeof value === 'string') return this.#text(value, name)
    if (typeof value !== 'object' || value === null) return value
    const kept = Object.entries(value).filter(([key]) => !incidental.has(key))
    return Object.fromEntries(kept.map(([key, item]) => [key, this.#normal(item, key)]))
  }

  #text(value: string, name: string): string {
    const isId = name === 'topicId' || ((name === 'memberId' || name === 'leader') && /[\w-]{22}$/.test(value))
    if (!isId) return value.replaceAll(this.prefix, '')
    const known = this.#ids.get(value) ?? `${name === 'topicId' ? 'topic' : 'member'} ${this.#ids.size}`
    this.#ids.set(value, known)
    return known
  }
}

/** Waits in real time: there is a real broker at the other end. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
