// What a consumer refuses, and the words for it. [main thread]
import { inspect } from 'node:util'
import { ConsumerClosed, InvalidOption, MillraceError, RebalanceInProgress, Timeout } from '../base/errors.ts'
import type { OffsetToCommit } from './committer.ts'
import {
  type AssignedPartition,
  type ConsumerPartition,
  partitionKey,
  type TopicPartition,
} from './consumer-partition.ts'

/** Characters of what was given, in a message. */
const SHOWN_MAX = 200

/** Throws when an assignment is not a list of partitions, each once. */
export function checkAssignment(partitions: readonly AssignedPartition[]): void {
  const shape = '{ topic, partition, offset? }'
  checkPartitions('assign', partitions, shape)
  const keys = new Set<string>()
  for (const one of partitions) {
    if (!isCount(one.offset ?? 0)) throw notPartition('assign', one, shape)
    const key = partitionKey(one)
    if (keys.has(key)) throw new InvalidOption('INVALID_OPTION', `assign: ${shown(one)} is there twice.`)
    keys.add(key)
  }
}

/** Throws when something is not a list of partitions by name, perhaps with more. */
export function checkPartitions(what: string, names: readonly TopicPartition[], shape = '{ topic, partition }'): void {
  if (!Array.isArray(names)) {
    throw new InvalidOption('INVALID_OPTION', `${what} takes a list, [${shape}, …], not ${shown(names)}.`)
  }
  for (const one of names) checkPartition(what, one, shape)
}

/** Throws when something is not a partition by name, perhaps with more. */
export function checkPartition(what: string, name: TopicPartition, shape = '{ topic, partition }'): void {
  const { topic, partition } = (name ?? {}) as Partial<TopicPartition>
  if (typeof topic !== 'string' || topic === '' || !isCount(partition)) throw notPartition(what, name, shape)
}

function notPartition(what: string, given: unknown, shape: string): InvalidOption {
  return new InvalidOption('INVALID_OPTION', `${what}: ${shown(given)} is not ${shape}.`)
}

/** A record may be given, of any size. */
function shown(given: unknown): string {
  const text = inspect(given, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
}

/** Throws when an offset cannot be one that a partition was processed up to. */
export function checkCommit(partition: ConsumerPartition | undefined, given: OffsetToCommit): void {
  if (partition === undefined) throw notAssigned(given)
  const { topic, offset, metadata } = given
  checkOffset('commit', offset)
  if (typeof (metadata ?? '') !== 'string') {
    const text = `commit: metadata of ${topic}[${given.partition}] is text, not ${shown(metadata)}.`
    throw new InvalidOption('INVALID_OPTION', text, { topic, partition: given.partition, offset })
  }
  partition.settle()
  const read = partition.tracker.position
  if (offset <= read) return
  const text = `commit: ${offset} of ${topic}[${given.partition}] is past what was read (${read}): seek there first.`
  throw new InvalidOption('COMMIT_AHEAD', text, { topic, partition: given.partition, offset })
}

/** Throws when something is not an offset. */
export function checkOffset(what: string, offset: number): void {
  if (isCount(offset)) return
  throw new InvalidOption('INVALID_OPTION', `${what}: an offset is a whole number from 0 on, not ${inspect(offset)}.`)
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The consumer was closed. */
export const consumerClosed = () => new ConsumerClosed('CONSUMER_CLOSED', 'This consumer was closed; make a new one.')

/** There is nobody to commit for. */
export function noGroup(): InvalidOption {
  return new InvalidOption('NO_GROUP', 'Offsets are committed for a group: give the consumer a groupId.')
}

/** Partitions are assigned by hand. */
export function alreadyAssigned(): InvalidOption {
  const text = 'subscribe: partitions were assigned by hand; call unsubscribe() first, or use another consumer.'
  return new InvalidOption('ALREADY_ASSIGNED', text)
}

/** Partitions come from the group. */
export function alreadySubscribed(): InvalidOption {
  const text = 'assign: this consumer is subscribed, and its group assigns; call unsubscribe() first.'
  return new InvalidOption('ALREADY_SUBSCRIBED', text)
}

/** Nothing was assigned yet. */
export function nothingAssigned(): InvalidOption {
  const text = 'Nothing is assigned to this consumer: call subscribe(topics) or assign([{ topic, partition }]) first.'
  return new InvalidOption('NOTHING_ASSIGNED', text)
}

/** The partition is somebody else's. */
export function notAssigned({ topic, partition }: TopicPartition): InvalidOption {
  const text = `${topic}[${partition}] is not assigned to this consumer.`
  return new InvalidOption('NOT_ASSIGNED', text, { topic, partition })
}

/** The group gave the partition, and where it starts was not found out in time. */
export function startUnknown({ topic, partition }: TopicPartition, limitMs: number): Timeout {
  const text = `No broker said within ${limitMs} ms where ${topic}[${partition}] starts: try again.`
  return new Timeout('START_UNKNOWN', text, { topic, partition, retriable: true })
}

/** What a worker would commit is of a partition that went, or of a position before a seek. */
export function staleBatch(): RebalanceInProgress {
  const text = 'Nothing was committed: the partition was taken away, or sought, since the batch was handed out.'
  return new RebalanceInProgress('STALE_BATCH', text)
}

/** Handlers run: nobody else may take records. */
export function running(): InvalidOption {
  return new InvalidOption('RUNNING', 'This consumer runs handlers: end the run before reading otherwise.')
}

/** Records of a poll that waits would be given to another. */
export function polling(): InvalidOption {
  return new InvalidOption('POLLING', 'A poll of this consumer is still waiting: await it before the next one.')
}

/** All partitions ended with errors. */
export function nothingLeft(partitions: readonly TopicPartition[]): MillraceError {
  const names = partitions.map(({ topic, partition }) => `${topic}[${partition}]`).join(', ')
  return new MillraceError('NOTHING_LEFT', `No partition is left to be read: ${names} ended with errors.`)
}
