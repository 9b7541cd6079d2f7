// Topics as an administrator sees them: made, grown, listed, described, deleted. [main thread]
import { ZERO_UUID } from '../bytes/reader.ts'
import type { VersionWish } from '../control/commands.ts'
import type { Engine } from '../engine/engine.ts'
import type { RequestInput, ResponseOf } from '../protocol/apis.ts'
import { AdminCall, type AdminCallOptions } from './admin-call.ts'
import {
  configValues,
  describeConfigs,
  describePartitions,
  type ListedTopic,
  type TopicDescription,
} from './admin-describe.ts'
import {
  type CreatableTopic,
  checkDeletion,
  checkNames,
  type NewPartitions,
  type NewTopic,
  type TopicReference,
  toCreatableTopic,
  toGrownTopic,
} from './admin-topic.ts'

/** What a change of topics may be told. */
export interface AdminChangeOptions extends AdminCallOptions {
  /** The brokers only say whether they would do it. */
  validateOnly?: boolean | undefined
}

/** A topic that was made. */
export interface CreatedTopic {
  name: string
  /** Undefined with `validateOnly`, and from brokers before Kafka 2.8. */
  id: string | undefined
  partitions: number
  replicationFactor: number
  /** All settings in force; those that may not be seen are left out. */
  configs: Record<string, string | null>
}

/** -1: as the broker is set. Brokers know that since this version of CreateTopics (KIP-464). */
const BROKER_DEFAULTS_SINCE = 4
/** Since this version topics are deleted by id as well (KIP-516). */
const DELETE_BY_ID_SINCE = 6

/** `kafka.admin`. What fails for one topic rejects with its error, what fails for several with `TopicsFailed`. */
export class Admin {
  readonly #engine: () => Promise<Engine>
  readonly #timeoutMs: number

  constructor(engine: () => Promise<Engine>, timeoutMs: number) {
    this.#engine = engine
    this.#timeoutMs = timeoutMs
  }

  /**
   * Makes topics, and resolves when they can be written to.
   *
   * ```ts
   * await kafka.admin.createTopics([{ topic: 'events', partitions: 8, configs: { 'cleanup.policy': 'compact' } }])
   * ```
   */
  async createTopics(topics: readonly NewTopic[], options: AdminChangeOptions = {}): Promise<CreatedTopic[]> {
    const wanted = checkNames('createTopics', topics).map(toCreatableTopic)
    const { validateOnly = false } = options
    return this.#call(options, async (call) => {
      const ask = async (left: typeof wanted) => {
        const body = { topics: left, timeoutMs: call.leftMs, validateOnly }
        const minVersion = left.some(leavesToBroker) ? BROKER_DEFAULTS_SINCE : 0
        return (await call.request('controller', 'CreateTopics', body, { minVersion })).topics
      }
      const answers = await call.settle('CreateTopics', wanted, ask, sameName)
      if (!validateOnly) await call.shown(answers.map(({ name, numPartitions: partitions }) => ({ name, partitions })))
      return answers.map((answer) => toCreatedTopic(answer, validateOnly))
    })
  }

  /** Gives topics more partitions, `partitions` in all, and resolves when they can be written to. */
  async createPartitions(topics: readonly NewPartitions[], options: AdminChangeOptions = {}): Promise<void> {
    const wanted = checkNames('createPartitions', topics).map(toGrownTopic)
    const { validateOnly = false } = options
    await this.#call(options, async (call) => {
      const ask = async (left: typeof wanted) => {
        const body = { topics: left, timeoutMs: call.leftMs, validateOnly }
        return (await call.request('controller', 'CreatePartitions', body)).results
      }
      await call.settle('CreatePartitions', wanted, ask, sameName)
      if (!validateOnly) await call.shown(wanted.map(({ name, count }) => ({ name, partitions: count })))
    })
  }

  /** Deletes topics, named or by id (`{ id }`), and resolves when brokers show them no more. */
  async deleteTopics(topics: readonly TopicReference[], options: AdminCallOptions = {}): Promise<void> {
    const wanted = checkDeletion(topics)
    await this.#call(options, async (call) => {
      const send = (body: RequestInput<'DeleteTopics'>, range: VersionWish) =>
        call.request('controller', 'DeleteTopics', { ...body, timeoutMs: call.leftMs }, range)
      const ask = async (left: typeof wanted) => {
        const names = left.flatMap(({ name }) => name ?? [])
        const byEither = () => send({ topics: left }, { minVersion: DELETE_BY_ID_SINCE })
        const byName = () => send({ topicNames: names }, { maxVersion: DELETE_BY_ID_SINCE - 1 })
        const found = names.length < left.length ? byEither() : call.newestOf(byEither, byName)
        return (await found).responses
      }
      const answers = await call.settle('DeleteTopics', wanted, ask, sameTopic)
      await call.gone(answers.flatMap(({ name }) => name ?? []))
    })
  }

  /** All topics that may be seen, by name; with `{ internal: false }` without Kafka's own. */
  async listTopics(options: AdminCallOptions & { internal?: boolean } = {}): Promise<ListedTopic[]> {
    return this.#call(options, async (call) => {
      const { topics } = await call.metadata(null)
      return topics
        .filter(({ isInternal }) => options.internal !== false || !isInternal)
        .map(({ name, topicId, partitions, isInternal }) => {
          return { name: name!, id: topicId, partitions: partitions.length, internal: isInternal }
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    })
  }

  /** Partitions, leaders and replicas of topics, in the order given; with `{ configs: true }` also their settings. */
  async describeTopics(
    topics: readonly string[],
    options: AdminCallOptions & { configs?: boolean } = {},
  ): Promise<TopicDescription[]> {
    const names = checkNames(
      'describeTopics',
      topics.map((topic) => ({ topic })),
    ).map(({ topic }) => topic)
    return this.#call(options, async (call) => {
      const found = await describePartitions(call, names)
      if (options.configs !== true) return found
      const configs = await describeConfigs(call, names)
      return found.map((one) => ({ ...one, configs: configs.get(one.name)! }))
    })
  }

  async #call<T>(options: AdminCallOptions, run: (call: AdminCall) => Promise<T>): Promise<T> {
    options.signal?.throwIfAborted()
    const engine = await this.#engine()
    return engine.holding(run(new AdminCall(engine, options.timeoutMs ?? this.#timeoutMs, options.signal)))
  }
}

type CreateAnswer = ResponseOf<'CreateTopics'>['topics'][number]

function leavesToBroker({ numPartitions, replicationFactor, assignments }: CreatableTopic): boolean {
  return assignments.length === 0 && (numPartitions === -1 || replicationFactor === -1)
}

function sameName(answer: { name: string }, wanted: { name: string }): boolean {
  return answer.name === wanted.name
}

function sameTopic(answer: { name: string | null; topicId: string }, wanted: { name: string | null; topicId: string }) {
  return wanted.name === null ? answer.topicId === wanted.topicId : answer.name === wanted.name
}

function toCreatedTopic(answer: CreateAnswer, validateOnly: boolean): CreatedTopic {
  const { name, topicId, numPartitions: partitions, replicationFactor, configs } = answer
  // Brokers that only looked make an id up.
  const id = validateOnly || topicId === ZERO_UUID ? undefined : topicId
  return { name, id, partitions, replicationFactor, configs: configValues(configs ?? []) }
}
