// What a consumer refuses, and the words for it. [main thread]
import { ConsumerClosed, InvalidOption, MillraceError, RebalanceInProgress } from '../base/errors.ts'
import type { OffsetToCommit } from './committer.ts'
import {
  type AssignedPartition,
  type ConsumerPartition,
  partitionKey,
  type TopicPartition,
} from './consumer-partition.ts'

/** Throws when an assignment is not a list of partitions, each once. */
export function checkAssignment(partitions: readonly AssignedPartition[]): void {
  const keys = new Set<string>()
  for (const one of partitions) {
    const { topic, partition, offset = 0 } = one
    const right = typeof topic === 'string' && topic !== '' && isCount(partition) && isCount(offset)
    const shown = JSON.stringify(one)
    if (!right) {
      throw new InvalidOption('INVALID_OPTION', `assign: ${shown} is not { topic, partition, offset? }.`)
    }
    if (keys.has(partitionKey(one))) throw new InvalidOption('INVALID_OPTION', `assign: ${shown} is there twice.`)
    keys.add(partitionKey(one))
  }
}

/** Throws when an offset cannot be one that a partition was processed up to. */
export function checkCommit(partition: ConsumerPartition | undefined, given: OffsetToCommit): void {
  if (partition === undefined) throw notAssigned(given)
  checkOffset('commit', given.offset)
  partition.settle()
  const read = partition.tracker.position
  if (given.offset <= read) return
  const { topic, offset } = given
  const text = `commit: ${offset} of ${topic}[${given.partition}] is past what was read (${read}): seek there first.`
  throw new InvalidOption('COMMIT_AHEAD', text, { topic, partition: given.partition, offset })
}

/** Throws when something is not an offset. */
export function checkOffset(what: string, offset: number): void {
  if (isCount(offset)) return
  throw new InvalidOption('INVALID_OPTION', `${what}: an offset is a whole number from 0 on, not ${offset}.`)
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
