// The assignor `roundrobin`: all partitions in order, one to each member in turn, as Java's does it. [pure: any thread]
import type { GroupAssignment } from '../control/grouping.ts'
import { type Assignor, byMemberOrder, compare } from './assignor.ts'

/** Balances over all topics together; members that subscribe to different topics are passed over where need be. */
export const roundRobin: Assignor = {
  name: 'roundrobin',
  protocol: 'eager',
  assign(members, topics) {
    const assignment: GroupAssignment = new Map(members.map(({ memberId }) => [memberId, []]))
    const ring = [...members].sort(byMemberOrder)
    const wanted = new Map(ring.map((member) => [member, new Set(member.topics)]))
    let turn = 0
    for (const { topic, partitions } of [...topics].sort((a, b) => compare(a.topic, b.topic))) {
      if (!ring.some((member) => wanted.get(member)!.has(topic))) continue
      for (let partition = 0; partition < partitions; partition++) {
        while (!wanted.get(ring[turn % ring.length]!)!.has(topic)) turn++
        assignment.get(ring[turn % ring.length]!.memberId)!.push({ topic, partition })
        turn++
      }
    }
    return assignment
  },
}
