// The assignors `sticky` and `cooperative-sticky` (KIP-54, KIP-429): balanced, and as much as possible stays where it
// is. [pure: any thread]
import { ProtocolViolation } from '../base/errors.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { GroupAssignment, GroupMember, GroupPartition } from '../control/grouping.ts'
import { type Assignor, groupKey } from './assignor.ts'
import { balance, type Claim } from './balance.ts'
import { readPartitions, writePartitions } from './subscription.ts'

/** Everybody gives everything up first, so what members had travels as user data. */
export const sticky: Assignor = {
  name: 'sticky',
  protocol: 'eager',
  assign: (members, topics) => balance(members, topics, stickyClaim),
  userData(owned, generation) {
    if (generation < 0) return null
    const writer = new Writer()
    writePartitions(writer, owned)
    writer.int32(generation)
    return writer.finish()
  },
}

/** Members keep reading what they keep; what moves is free for one round first, so that no two ever have it. */
export const cooperativeSticky: Assignor = {
  name: 'cooperative-sticky',
  protocol: 'cooperative',
  assign(members, topics) {
    const assignment = balance(members, topics, cooperativeClaim)
    withholdMoving(members, assignment)
    return assignment
  },
  userData(_owned, generation) {
    const writer = new Writer()
    writer.int32(generation)
    return writer.finish()
  },
}

const NOTHING: Claim = { owned: [], generation: -1 }

function stickyClaim({ userData }: GroupMember): Claim {
  if (userData === null) return NOTHING
  return orNothing(() => {
    const reader = new Reader(userData)
    const owned = readPartitions(reader)
    // Version 0 had no generation.
    return { owned, generation: reader.remaining >= 4 ? reader.int32() : -1 }
  })
}

/** The generation stands in the subscription since KIP-792, before that in the user data. */
function cooperativeClaim({ owned, generation, userData }: GroupMember): Claim {
  if (generation >= 0 || userData === null) return { owned, generation }
  return orNothing(() => ({ owned, generation: new Reader(userData).int32() }))
}

/** What a member says of itself in bytes that make no sense is not worth the group's rebalance. */
function orNothing(read: () => Claim): Claim {
  try {
    return read()
  } catch (error) {
    if (error instanceof ProtocolViolation) return NOTHING
    throw error
  }
}

/** A partition that goes from one member to another is given in the next round, when the first has let go of it. */
function withholdMoving(members: readonly GroupMember[], assignment: GroupAssignment): void {
  const owners = new Map<string, string[]>()
  for (const { memberId, owned } of members) {
    for (const one of owned) {
      const key = groupKey(one)
      owners.set(key, [...(owners.get(key) ?? []), memberId])
    }
  }
  const free = (memberId: string) => (one: GroupPartition) => {
    const claimed = owners.get(groupKey(one))
    return claimed === undefined || claimed.includes(memberId)
  }
  for (const [memberId, given] of assignment) assignment.set(memberId, given.filter(free(memberId)))
}
