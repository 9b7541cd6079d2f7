// The assignors of the broker (KIP-848): uniform and range, both as sticky as balance allows. [broker]
import { type PartitionKey, partitionKey, topicIdOf } from './topic-partition-key.ts'

/** A member, as an assignor sees it. */
export interface Assignee {
  id: string
  /** Ids of topics that exist. */
  topics: ReadonlySet<string>
  /** What it was to have so far. */
  target: ReadonlySet<PartitionKey>
}

/** Decides who is to have what; `partitionCount` knows every topic that a member names. */
export type ServerAssignor = (
  members: readonly Assignee[],
  partitionCount: (topicId: string) => number,
) => Map<string, Set<PartitionKey>>

/** By name; the first is the default, as in Kafka. */
export const serverAssignors: Readonly<Record<'uniform' | 'range', ServerAssignor>> = { uniform, range }

/** What a group uses whose members name no assignor. */
export const defaultAssignor = 'uniform'

/** Whether the broker has an assignor of this name. */
export function isServerAssignor(name: string): name is keyof typeof serverAssignors {
  return Object.hasOwn(serverAssignors, name)
}

function byId(members: readonly Assignee[]): Assignee[] {
  return [...members].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Every topic on its own: neighbouring partitions to each member, and to the first ones those that are left over. */
function range(members: readonly Assignee[], partitionCount: (topicId: string) => number) {
  const assigned = new Map(members.map(({ id }) => [id, new Set<PartitionKey>()]))
  for (const topicId of new Set(members.flatMap(({ topics }) => [...topics]))) {
    const readers = byId(members).filter(({ topics }) => topics.has(topicId))
    const all = Array.from({ length: partitionCount(topicId) }, (_, index) => partitionKey(topicId, index))
    const quota = Math.floor(all.length / readers.length)
    let extra = all.length % readers.length
    const free = new Set(all)
    const wanting: { id: string; missing: number }[] = []
    for (const { id, target } of readers) {
      const had = all.filter((key) => target.has(key))
      const kept = had.slice(0, quota)
      if (had.length > quota && extra > 0) {
        extra--
        kept.push(had[quota]!)
      } else {
        wanting.push({ id, missing: quota - kept.length })
      }
      for (const key of kept) {
        free.delete(key)
        assigned.get(id)!.add(key)
      }
    }
    const rest = [...free]
    for (const { id, missing } of wanting) {
      const count = extra-- > 0 ? missing + 1 : missing
      for (const key of rest.splice(0, count)) assigned.get(id)!.add(key)
    }
  }
  return assigned
}

/**
 * The same number for each, where subscriptions allow it. What is free goes to whoever has least; then topic by topic
 * partitions move from the reader that has most to the one that has least, while these are two or more apart. Among
 * equals it is, as in Kafka, the turn of who had least (or most) before the topic was begun.
 */
function uniform(members: readonly Assignee[], partitionCount: (topicId: string) => number) {
  const sorted = byId(members)
  const assigned = new Map(sorted.map(({ id }) => [id, new Set<PartitionKey>()]))
  const topics = byShare(sorted, partitionCount)
  const owner = new Map<PartitionKey, string>()
  const give = (key: PartitionKey, id: string) => {
    assigned.get(owner.get(key) ?? '')?.delete(key)
    owner.set(key, id)
    assigned.get(id)!.add(key)
  }
  const sizeOf = (id: string) => assigned.get(id)!.size
  const bySize = (ids: readonly string[]) => [...ids].sort((a, b) => sizeOf(a) - sizeOf(b))
  const poorest = (ids: readonly string[]) => ids.reduce((best, id) => (sizeOf(id) < sizeOf(best) ? id : best))
  const richest = (ids: readonly string[]) => ids.reduce((best, id) => (sizeOf(id) < sizeOf(best) ? best : id))
  const exists = new Set(topics.flatMap(({ keys }) => keys))
  for (const { id, topics: own, target } of sorted) {
    for (const key of target) if (exists.has(key) && own.has(topicIdOf(key)) && !owner.has(key)) give(key, id)
  }
  for (const { keys, readers } of topics) {
    const turns = bySize(readers)
    for (const key of keys) if (!owner.has(key)) give(key, poorest(turns))
  }
  /** Evens out the readers of one topic; true when something has moved. */
  const level = ({ keys, readers }: SharedTopic): boolean => {
    const turns = bySize(readers)
    const stock = new Map(readers.map((id) => [id, [] as PartitionKey[]]))
    for (const key of keys) stock.get(owner.get(key)!)!.push(key)
    for (let moved = false; ; moved = true) {
      const from = richest(turns.filter((id) => stock.get(id)!.length > 0))
      const to = poorest(turns)
      if (sizeOf(from) - sizeOf(to) < 2) return moved
      const key = stock.get(from)!.pop()!
      stock.get(to)!.push(key)
      give(key, to)
    }
  }
  // Each move makes the squares of the counts smaller, so this comes to an end.
  while (topics.filter(level).length > 0);
  return assigned
}

/** A topic that is to be given out. */
interface SharedTopic {
  keys: PartitionKey[]
  /** Ids of members. */
  readers: string[]
}

/** The topics, those first that have most for each reader: the others can make up for them. */
function byShare(members: readonly Assignee[], partitionCount: (topicId: string) => number): SharedTopic[] {
  const topics = [...new Set(members.flatMap(({ topics }) => [...topics]))].map((topicId) => ({
    keys: Array.from({ length: partitionCount(topicId) }, (_, index) => partitionKey(topicId, index)),
    readers: members.filter(({ topics }) => topics.has(topicId)).map(({ id }) => id),
  }))
  const shareOf = ({ keys, readers }: SharedTopic) => keys.length / readers.length
  return topics.sort((a, b) => shareOf(b) - shareOf(a) || a.readers.length - b.readers.length)
}
