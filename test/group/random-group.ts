// Groups of all sorts, from a seed: members, topics, racks, and what members had before. [test processes]
import type { Random } from '../../src/base/random.ts'
import type { GroupMember, GroupTopic } from '../../src/control/grouping.ts'
import type { Assignor } from '../../src/group/assignor.ts'

/** How a group is to be. */
export interface GroupKind {
  /** Everybody is subscribed to everything. */
  uniform: boolean
  racks: boolean
}

/** A group that starts from nothing. */
export function randomGroup(
  random: Random,
  { uniform, racks }: GroupKind,
): { members: GroupMember[]; topics: GroupTopic[] } {
  const upTo = (most: number) => Math.floor(random.next() * (most + 1))
  const someRacks = ['a', 'b', 'c'].slice(0, 1 + upTo(2))
  const pick = () => someRacks[upTo(someRacks.length - 1)]!
  const topics = Array.from({ length: 1 + upTo(4) }, (_, i): GroupTopic => {
    const partitions = upTo(9)
    const places = Array.from({ length: partitions }, () => [...new Set(Array.from({ length: 1 + upTo(2) }, pick))])
    return { topic: `t${i}`, partitions, racks: racks ? places : undefined }
  })
  const members = Array.from({ length: 1 + upTo(6) }, (_, i): GroupMember => {
    // At least one: Java's sticky assignor gives partitions to a member that is subscribed to nothing.
    const chosen = topics.map(({ topic }) => topic).filter((_, at) => uniform || at === 0 || random.next() < 0.6)
    return newMember(`m${upTo(999)}-${i}`, chosen, {
      groupInstanceId: random.next() < 0.2 ? `static-${upTo(99)}-${i}` : undefined,
      rackId: racks && random.next() < 0.8 ? pick() : undefined,
    })
  })
  return { members, topics: topics.filter(({ topic }) => members.some((member) => member.topics.includes(topic))) }
}

/** A member that had nothing so far. */
export function newMember(memberId: string, topics: string[], more: Partial<GroupMember> = {}): GroupMember {
  const nothing = { owned: [], generation: -1, rackId: undefined, groupInstanceId: undefined, userData: null }
  return { memberId, topics, ...nothing, ...more }
}

/** The same members after they were given something in a generation. */
export function having(
  assignor: Assignor,
  members: GroupMember[],
  assignment: ReadonlyMap<string, GroupMember['owned']>,
  generation: number,
): GroupMember[] {
  return members.map((member) => {
    const owned = assignment.get(member.memberId) ?? []
    return { ...member, owned, generation, userData: assignor.userData?.(owned, generation) ?? null }
  })
}
