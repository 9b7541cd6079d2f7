// The assignor `range`: of each topic a stretch of partitions to each member, as Java's does it. [pure: any thread]
import type { GroupAssignment, GroupMember, GroupTopic } from '../control/grouping.ts'
import { type Assignor, byMemberOrder, compare } from './assignor.ts'
import { Racks } from './racks.ts'

/**
 * Partition 0 of every topic goes to the same member, so that topics with as many partitions can be joined. With racks
 * (KIP-881) members get what is near them, as far as that leaves the counts as they are.
 */
export const range: Assignor = {
  name: 'range',
  protocol: 'eager',
  assign(members, topics) {
    const assignment: GroupAssignment = new Map(members.map(({ memberId }) => [memberId, []]))
    const shares = topics.map((topic) => new TopicShares(topic, members, assignment))
    const near = shares.some(({ racks }) => racks.matter)
    if (near) assignNear(shares)
    for (const share of shares) share.fill(() => true)
    if (near) {
      for (const given of assignment.values()) {
        given.sort((a, b) => compare(a.topic, b.topic) || a.partition - b.partition)
      }
    }
    return assignment
  },
}

/** Topics with the same members and as many partitions are shared out alike, or they could not be joined. */
function assignNear(shares: TopicShares[]): void {
  const groups = new Map<string, TopicShares[]>()
  for (const share of shares) {
    const counted = share.counted ? share.topic.partitions : 0
    const name = JSON.stringify([counted, share.members.map(({ memberId }) => memberId)])
    groups.set(name, [...(groups.get(name) ?? []), share])
  }
  for (const group of groups.values()) {
    const [first] = group
    if (group.length > 1) assignTogether(group)
    else if (first!.racks.matter) first!.fill((member, partition) => first!.near(member, partition))
  }
}

function assignTogether(group: TopicShares[]): void {
  const { topic, members, counted } = group[0]!
  const remaining = new Set(members)
  for (let partition = 0; counted && partition < topic.partitions; partition++) {
    for (const member of remaining) {
      if (!group.every((share) => share.near(member, partition) && share.room(member) > 0)) continue
      for (const share of group) share.give(member, [partition])
      if (group.every((share) => share.room(member) === 0)) remaining.delete(member)
      break
    }
  }
}

/** How many partitions of one topic each member is due. */
class TopicShares {
  readonly topic: GroupTopic
  readonly members: GroupMember[]
  readonly racks: Racks
  /** Some member says where it is: only then racks of partitions are looked at. */
  readonly counted: boolean
  readonly #assignment: GroupAssignment
  readonly #left: Set<number>
  readonly #given = new Map<GroupMember, number>()
  readonly #each: number
  #extra: number

  constructor(topic: GroupTopic, members: readonly GroupMember[], assignment: GroupAssignment) {
    this.topic = topic
    this.members = members.filter(({ topics }) => topics.includes(topic.topic)).sort(byMemberOrder)
    this.racks = new Racks(this.members, [topic])
    this.counted = this.members.some(({ rackId }) => rackId !== undefined)
    this.#assignment = assignment
    this.#left = new Set(Array.from({ length: topic.partitions }, (_, i) => i))
    const count = this.members.length
    this.#each = count === 0 ? 0 : Math.floor(topic.partitions / count)
    this.#extra = count === 0 ? 0 : topic.partitions % count
  }

  near(member: GroupMember, partition: number): boolean {
    return this.racks.match(member, this.topic.topic, partition)
  }

  /** How many more it may have. */
  room(member: GroupMember): number {
    return Math.max(0, this.#each + (this.#extra > 0 ? 1 : 0) - (this.#given.get(member) ?? 0))
  }

  give(member: GroupMember, partitions: readonly number[]): void {
    const count = (this.#given.get(member) ?? 0) + partitions.length
    this.#given.set(member, count)
    if (count > this.#each) this.#extra--
    for (const partition of partitions) {
      this.#left.delete(partition)
      this.#assignment.get(member.memberId)!.push({ topic: this.topic.topic, partition })
    }
  }

  /** Gives each member in turn what is left and suits it. */
  fill(suits: (member: GroupMember, partition: number) => boolean): void {
    for (const member of this.members) {
      if (this.#left.size === 0) return
      const chosen = [...this.#left].filter((partition) => suits(member, partition)).slice(0, this.room(member))
      if (chosen.length > 0) this.give(member, chosen)
    }
  }
}
