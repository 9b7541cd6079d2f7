// What an assignor of a classic consumer group is: a plain object that shares partitions out. [pure: any thread]

import type { GroupAssignment, GroupMember, GroupPartition, GroupTopic } from '../control/grouping.ts'

/** How partitions are shared out. The leader of a group calls it; it must not wait for anything. */
export interface Assignor {
  /** As the members of the group know it. */
  readonly name: string
  /** `cooperative`: members keep what they have while others join (KIP-429); this needs sticky assignments. */
  readonly protocol: 'eager' | 'cooperative'
  /** Gives every partition of every topic to one member that is subscribed to it. */
  assign(members: readonly GroupMember[], topics: readonly GroupTopic[]): GroupAssignment
  /** What goes to the leader beside the subscription: of what this member had in which generation. */
  userData?(owned: readonly GroupPartition[], generation: number): Uint8Array | null
}

/** `topic/partition`, to look it up by. */
export const groupKey = ({ topic, partition }: GroupPartition): string => `${topic}/${partition}`

/** The order that Java's assignors give members: static ones by their names first, then the others by their ids. */
export function byMemberOrder(left: GroupMember, right: GroupMember): number {
  const [one, other] = [left.groupInstanceId, right.groupInstanceId]
  if (one !== undefined && other !== undefined) return compare(one, other)
  if (one !== undefined) return -1
  return other !== undefined ? 1 : compare(left.memberId, right.memberId)
}

/** Sorts text as Java does, by its 16-bit units. */
export const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
