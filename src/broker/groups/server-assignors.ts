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
 * The same number for each, where subscriptions allow it. What is free goes to whoever has least; then partitions move
 * from whoever has two more than another who could have them.
 */
function uniform(members: readonly Assignee[], partitionCount: (topicId: string) => number) {
  const sorted = byId(members)
  const assigned = new Map(sorted.map(({ id }) => [id, new Set<PartitionKey>()]))
  const readers = new Map<string, string[]>()
  for (const { id, topics } of sorted) {
    for (const topicId of topics) readers.set(topicId, [...(readers.get(topicId) ?? []), id])
  }
  const owner = new Map<PartitionKey, string>()
  const give = (key: PartitionKey, id: string) => {
    assigned.get(owner.get(key) ?? '')?.delete(key)
    owner.set(key, id)
    assigned.get(id)!.add(key)
  }
  const poorestReader = (topicId: string) =>
    readers.get(topicId)!.reduce((best, id) => (assigned.get(id)!.size < assigned.get(best)!.size ? id : best))
  // Topics with few readers first: whoever reads others as well is given those later.
  const topics = [...readers.keys()].sort((a, b) => readers.get(a)!.length - readers.get(b)!.length)
  const all = topics.flatMap((topicId) =>
    Array.from({ length: partitionCount(topicId) }, (_, index) => partitionKey(topicId, index)),
  )
  const exists = new Set(all)
  for (const { id, topics: own, target } of sorted) {
    for (const key of target) if (exists.has(key) && own.has(topicIdOf(key)) && !owner.has(key)) give(key, id)
  }
  for (const key of all) if (!owner.has(key)) give(key, poorestReader(topicIdOf(key)))
  const backwards = [...all].reverse()
  // Each move makes the squares of the counts smaller, so this comes to an end.
  for (let moved = true; moved; ) {
    moved = false
    for (const key of backwards) {
      const from = owner.get(key)!
      const to = poorestReader(topicIdOf(key))
      if (assigned.get(from)!.size - assigned.get(to)!.size < 2) continue
      give(key, to)
      moved = true
    }
  }
  return assigned
}
