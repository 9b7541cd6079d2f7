// What to read: the first argument of `kafka.iterate` in its three forms, made one. [main thread]
import { InvalidOption } from '../base/errors.ts'

/** Where a partition is read from: an offset, a negative number for the last N records, or a point in time. */
export type From = 'earliest' | 'latest' | number | Date

/** One topic of an iteration. */
export interface TopicSpec {
  /** Default `earliest`. */
  from?: From
  /** Only these partitions; as an object, each with a start of its own. Default: all, those made later excepted. */
  partitions?: readonly number[] | { readonly [partition: number]: From }
}

/** A topic, a list, or topics with settings. */
export type TopicsArgument = string | readonly string[] | { readonly [topic: string]: TopicSpec }

/** One topic, complete. */
export interface TopicPlan {
  topic: string
  from: From
  /** Undefined: every partition. */
  partitions: Map<number, From> | undefined
}

const shape = "iterate takes 'topic', ['a', 'b'] or { topic: { from, partitions } }"

/** Checks the argument; a mistake is an InvalidOption that names the topic and the forms there are. */
export function planTopics(topics: TopicsArgument): TopicPlan[] {
  if (typeof topics === 'string') return [planTopic(topics, {})]
  if (topics === null || typeof topics !== 'object') throw invalid(`${shape}, not ${String(topics)}`)
  const plans = Array.isArray(topics)
    ? [...new Set(topics as readonly string[])].map((topic) => planTopic(topic, {}))
    : Object.entries(topics as { [topic: string]: TopicSpec }).map(([topic, spec]) => planTopic(topic, spec))
  if (plans.length === 0) throw invalid(`${shape}; no topic was given`)
  return plans
}

function planTopic(topic: string, spec: TopicSpec): TopicPlan {
  if (typeof topic !== 'string' || topic === '') throw invalid(`a topic is a text that is not empty; ${shape}`)
  if (spec === null || typeof spec !== 'object') {
    throw invalid(`the settings of '${topic}' are { from, partitions }, not ${String(spec)}`)
  }
  const unknown = Object.keys(spec).find((name) => name !== 'from' && name !== 'partitions')
  if (unknown !== undefined)
    throw invalid(`'${unknown}' is no setting of topic '${topic}': there are from and partitions`)
  const from = checkFrom(topic, spec.from ?? 'earliest')
  return { topic, from, partitions: planPartitions(topic, from, spec.partitions) }
}

function planPartitions(topic: string, from: From, given: TopicSpec['partitions']): Map<number, From> | undefined {
  if (given === undefined) return undefined
  if (given === null || typeof given !== 'object') {
    throw invalid(`partitions of '${topic}' are [0, 1] or { 0: from, 1: from }`)
  }
  const entries: [number, From][] = Array.isArray(given)
    ? (given as readonly number[]).map((partition) => [partition, from])
    : Object.entries(given).map(([partition, start]) => [Number(partition), checkFrom(topic, start as From)])
  for (const [partition] of entries) {
    if (!Number.isInteger(partition) || partition < 0) throw invalid(`'${topic}' has no partition ${partition}`)
  }
  return new Map(entries)
}

function checkFrom(topic: string, from: From): From {
  const right =
    from === 'earliest' ||
    from === 'latest' ||
    (typeof from === 'number' && Number.isSafeInteger(from)) ||
    (from instanceof Date && !Number.isNaN(from.getTime()))
  if (right) return Object.is(from, -0) ? 0 : from
  throw invalid(
    `from of '${topic}' is 'earliest', 'latest', an offset, -N for the last N records, or a Date, not ${String(from)}`,
  )
}

const invalid = (message: string) => new InvalidOption('INVALID_OPTION', message)
