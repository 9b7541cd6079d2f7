// What a topic to be made, grown or deleted may look like: checked before anything is sent. [main thread]
import { InvalidOption } from '../base/errors.ts'
import { ZERO_UUID } from '../bytes/reader.ts'
import type { RequestOf } from '../protocol/apis.ts'

/** The brokers of each new partition, by their ids, the preferred leader first. */
export type ReplicaAssignments = readonly (readonly number[])[]

/** A topic to be made. What is left out is as the broker is set. */
export interface NewTopic {
  topic: string
  partitions?: number | undefined
  replicationFactor?: number | undefined
  /** Settings by Kafka's names: `{ 'retention.ms': 3_600_000 }`. */
  configs?: Readonly<Record<string, string | number | boolean>> | undefined
  /** In place of `partitions` and `replicationFactor`. */
  assignments?: ReplicaAssignments | undefined
}

/** A topic to be grown. */
export interface NewPartitions {
  topic: string
  /** How many it has afterwards. */
  partitions: number
  /** Where the new ones are, one entry for each; default: the brokers choose. */
  assignments?: ReplicaAssignments | undefined
}

/** A topic by its name, or by its id. */
export type TopicReference = string | { readonly id: string }

/** A topic of CreateTopics, complete. */
export type CreatableTopic = RequestOf<'CreateTopics'>['topics'][number]
/** A topic of CreatePartitions, complete. */
export type GrownTopic = RequestOf<'CreatePartitions'>['topics'][number]

const NAME_MAX = 249
const PARTITIONS_MAX = 0x7fffffff
const REPLICAS_MAX = 0x7fff
/** As Kafka's tools print an id: 16 bytes in base64url. */
const ID = /^[\w-]{22}$/

/** A topic of CreateTopics. */
export function toCreatableTopic(given: NewTopic): CreatableTopic {
  const { topic, partitions, replicationFactor, configs = {}, assignments } = given
  checkSettings(given, ['topic', 'partitions', 'replicationFactor', 'configs', 'assignments'])
  checkCount(topic, 'partitions', partitions, PARTITIONS_MAX)
  checkCount(topic, 'replicationFactor', replicationFactor, REPLICAS_MAX)
  checkAssignments(topic, assignments)
  if (assignments !== undefined && (partitions ?? replicationFactor) !== undefined) {
    throw invalid(topic, 'assignments take the place of partitions and replicationFactor: give the ones or the others')
  }
  return {
    name: topic,
    numPartitions: partitions ?? -1,
    replicationFactor: replicationFactor ?? -1,
    assignments: (assignments ?? []).map((ids, partitionIndex) => ({ partitionIndex, brokerIds: [...ids] })),
    configs: configEntries(topic, configs),
  }
}

/** A topic of CreatePartitions. */
export function toGrownTopic(given: NewPartitions): GrownTopic {
  const { topic, partitions, assignments } = given
  checkSettings(given, ['topic', 'partitions', 'assignments'])
  if (partitions === undefined) throw invalid(topic, 'partitions is missing: how many there are to be')
  checkCount(topic, 'partitions', partitions, PARTITIONS_MAX)
  checkAssignments(topic, assignments)
  return { name: topic, count: partitions, assignments: assignments?.map((ids) => ({ brokerIds: [...ids] })) ?? null }
}

/** Topics of DeleteTopics. */
export function checkDeletion(topics: readonly TopicReference[]): { name: string | null; topicId: string }[] {
  if (!Array.isArray(topics)) throw new InvalidOption('INVALID_OPTION', 'deleteTopics takes a list of topics.')
  const wanted = topics as readonly TopicReference[]
  checkNames(
    'deleteTopics',
    wanted.filter((one) => typeof one === 'string').map((topic) => ({ topic })),
  )
  return wanted.map((one) => {
    if (typeof one === 'string') return { name: one, topicId: ZERO_UUID }
    if (typeof one?.id === 'string' && ID.test(one.id)) return { name: null, topicId: one.id }
    throw new InvalidOption('INVALID_OPTION', `deleteTopics takes names or { id }, not ${JSON.stringify(one)}.`)
  })
}

/** Throws when something is not a list of topics with names that Kafka takes, each once. */
export function checkNames<T extends { topic: string }>(method: string, topics: readonly T[]): readonly T[] {
  if (!Array.isArray(topics)) throw new InvalidOption('INVALID_OPTION', `${method} takes a list of topics.`)
  const seen = new Set<string>()
  for (const one of topics as readonly T[]) {
    const topic = one?.topic
    if (typeof topic !== 'string') {
      throw new InvalidOption('INVALID_OPTION', `${method}: ${JSON.stringify(one)} names no topic.`)
    }
    if (!/^[\w.-]+$/.test(topic) || topic.length > NAME_MAX || topic === '.' || topic === '..') {
      const rules = `letters, digits, '.', '_' and '-', ${NAME_MAX} at most, and not '.' or '..'`
      throw invalid(topic, `a name is made of ${rules}`)
    }
    if (seen.has(topic)) throw invalid(topic, `it is there twice in one ${method}`)
    seen.add(topic)
  }
  return topics
}

function checkSettings(given: object & { topic: string }, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown !== undefined) throw invalid(given.topic, `there is no '${unknown}' here, only ${known.join(', ')}`)
}

function checkCount(topic: string, name: string, value: unknown, max: number): void {
  if (value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max)) return
  throw invalid(topic, `${name} is a whole number from 1 to ${max}, not ${String(value)}`)
}

function checkAssignments(topic: string, assignments: ReplicaAssignments | undefined): void {
  if (assignments === undefined) return
  const isList = (ids: unknown) =>
    Array.isArray(ids) && ids.length > 0 && ids.every((id) => Number.isInteger(id) && id >= 0) && unique(ids)
  if (Array.isArray(assignments) && assignments.length > 0 && assignments.every(isList)) return
  throw invalid(topic, 'assignments are a list of broker ids for each partition, each broker once: [[1, 2], [2, 3]]')
}

const unique = (ids: readonly number[]) => new Set(ids).size === ids.length

function configEntries(topic: string, configs: NonNullable<NewTopic['configs']>): { name: string; value: string }[] {
  return Object.entries(configs).map(([name, value]) => {
    if (['string', 'number', 'boolean'].includes(typeof value)) return { name, value: String(value) }
    throw invalid(topic, `the setting ${name} is a text, a number, true or false, not ${JSON.stringify(value)}`)
  })
}

function invalid(topic: string, why: string): InvalidOption {
  return new InvalidOption('INVALID_OPTION', `Topic '${topic}': ${why}.`, { topic })
}
