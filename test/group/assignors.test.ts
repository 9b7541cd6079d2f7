// Our assignors beside Java's: the same for range and roundrobin, as balanced and as sticky for the others.
// [test process]
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { GroupAssignment, GroupMember, GroupTopic } from '../../src/control/grouping.ts'
import { groupKey } from '../../src/group/assignor.ts'
import { assignorNamed, assignors, rebalanceProtocol } from '../../src/group/assignors.ts'
import { javaDescribe } from '../support/kafka-describe.ts'
import { assignByJava, type GroupCase } from './java-assignments.ts'
import { having, newMember, randomGroup } from './random-group.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? 848)

javaDescribe('assignors beside Java', () => {
  test(`range and roundrobin give what Java gives, racks or none (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const cases = Array.from({ length: 400 }, (_, i): GroupCase => {
      const assignor = i % 2 === 0 ? assignors.range : assignors.roundRobin
      return { assignor, ...randomGroup(random, { uniform: i % 3 === 0, racks: i % 4 < 2 && i % 5 > 0 }) }
    })
    const theirs = await assignByJava(cases)
    for (const [i, one] of cases.entries()) {
      expect(shown(one.assignor.assign(one.members, one.topics)), JSON.stringify(one)).toEqual(shown(theirs[i]!))
    }
  }, 60_000)

  test(`sticky and cooperative-sticky balance and keep as Java's do, round after round (seed ${seed})`, async () => {
    const random = seededRandom(seed + 1)
    const cases = Array.from({ length: 400 }, (_, i) => secondRound(random, i))
    const theirs = await assignByJava(cases)
    let better = 0
    for (const [i, { assignor, members, topics, uniform }] of cases.entries()) {
      const ours = assignor.assign(members, topics)
      expectValid(ours, members, topics, assignor.protocol === 'cooperative')
      // What moves is withheld for a round by both: who keeps what tells enough there.
      const [kept, keptByJava] = [keptOf(ours, members), keptOf(theirs[i]!, members)]
      const what = JSON.stringify({ members, topics, ours: shown(ours), theirs: shown(theirs[i]!) })
      if (uniform) expect(kept, what).toBeGreaterThanOrEqual(keptByJava)
      if (assignor.protocol === 'cooperative') continue
      expect(unbalance(ours), what).toBeLessThanOrEqual(unbalance(theirs[i]!))
      if (unbalance(ours) < unbalance(theirs[i]!)) better++
    }
    expect(better).toBeLessThan(cases.length)
  }, 60_000)
})

test('a cooperative group comes to rest: nothing is given twice, and a balanced group is left alone', () => {
  const random = seededRandom(seed + 2)
  for (let run = 0; run < 200; run++) {
    const racks = run % 2 === 0
    const { members: first, topics } = randomGroup(random, { uniform: run % 3 > 0, racks })
    let members = first
    for (let generation = 1; generation <= 6; generation++) {
      const assignment = assignors.cooperativeSticky.assign(members, topics)
      expectValid(assignment, members, topics, generation < 5)
      // A member reads on what it keeps: nobody else may be given that in the same round.
      const before = new Map(members.flatMap((one) => one.owned.map((at) => [groupKey(at), one.memberId] as const)))
      for (const [memberId, given] of assignment) {
        for (const at of given) expect(before.get(groupKey(at)) ?? memberId).toBe(memberId)
      }
      if (generation === 6) expect(keptOf(assignment, members)).toBe(members.flatMap(({ owned }) => owned).length)
      members = having(assignors.cooperativeSticky, members, assignment, generation)
      if (generation === 2) members = [...members.slice(1), newMember('late', [...topics.map(({ topic }) => topic)])]
    }
  }
})

test('of two members that claim a partition the later generation has it', () => {
  const topics = [{ topic: 't', partitions: 2 }]
  const both = [0, 1].map((partition) => ({ topic: 't', partition }))
  const members = [
    newMember('a', ['t'], { owned: both, generation: 4 }),
    newMember('b', ['t'], { owned: [both[1]!], generation: 5 }),
  ]
  expect(shown(assignors.cooperativeSticky.assign(members, topics))).toEqual({ a: ['t/0'], b: ['t/1'] })
})

test('members that cannot give directly balance by way of others', () => {
  const topics = [
    { topic: 'x', partitions: 3 },
    { topic: 'y', partitions: 3 },
  ]
  const owned = (topic: string, ...partitions: number[]) => partitions.map((partition) => ({ topic, partition }))
  const members = [
    newMember('a', ['x'], { owned: owned('x', 0, 1, 2), generation: 1 }),
    newMember('b', ['x', 'y'], { owned: owned('y', 0, 1), generation: 1 }),
    newMember('c', ['y'], { owned: owned('y', 2), generation: 1 }),
  ]
  const given = assignors.sticky.assign(having(assignors.sticky, members, ownedBy(members), 1), topics)
  expect([...given.values()].map(({ length }) => length)).toEqual([2, 2, 2])
})

test('members get what is near them, when every rack can have its share', () => {
  const racks = ['a', 'b', 'c']
  const topics = [{ topic: 't', partitions: 9, racks: Array.from({ length: 9 }, (_, i) => [racks[i % 3]!]) }]
  const members = racks.map((rackId) => newMember(`in ${rackId}`, ['t'], { rackId }))
  for (const assignor of [assignors.range, assignors.sticky, assignors.cooperativeSticky]) {
    for (const [memberId, given] of assignor.assign(members, topics)) {
      expect(given.map(({ partition }) => `in ${racks[partition % 3]}`)).toEqual([memberId, memberId, memberId])
    }
  }
})

test('a list of assignors is cooperative only when all are; names are those of Kafka', () => {
  expect(rebalanceProtocol([assignors.cooperativeSticky])).toBe('cooperative')
  expect(rebalanceProtocol([assignors.cooperativeSticky, assignors.range])).toBe('eager')
  expect(assignorNamed('roundrobin')).toBe(assignors.roundRobin)
  expect(assignorNamed('round-robin')).toBeUndefined()
})

/** A group whose members had something, and of which one left, one came, or a topic grew. */
function secondRound(random: Random, i: number): GroupCase & { uniform: boolean } {
  const assignor = i % 2 === 0 ? assignors.sticky : assignors.cooperativeSticky
  const uniform = i % 3 > 0
  const { members, topics } = randomGroup(random, { uniform, racks: false })
  const before = having(assignor, members, assignors.sticky.assign(members, topics), 7)
  const all = topics.map(({ topic }) => topic)
  if (i % 5 === 0) before.push(newMember(`new-${i}`, all))
  if (i % 5 === 1 && before.length > 1) before.splice(Math.floor(random.next() * before.length), 1)
  const grown = topics.map((one, at) => ({ ...one, partitions: one.partitions + (i % 5 === 2 && at === 0 ? 3 : 0) }))
  const read = grown.filter(({ topic }) => before.some((member) => member.topics.includes(topic)))
  return { assignor, members: before, topics: read, uniform }
}

function ownedBy(members: GroupMember[]) {
  return new Map(members.map(({ memberId, owned }) => [memberId, owned]))
}

function shown(assignment: GroupAssignment): Record<string, string[]> {
  return Object.fromEntries(
    [...assignment].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, all]) => [id, all.map(groupKey).sort()]),
  )
}

function keptOf(assignment: GroupAssignment, members: GroupMember[]): number {
  const kept = members.map(({ memberId, owned }) => {
    const now = new Set(assignment.get(memberId)!.map(groupKey))
    return owned.filter((at) => now.has(groupKey(at))).length
  })
  return kept.reduce((a, b) => a + b, 0)
}

/** Java's measure: the sum of the differences between all pairs. */
function unbalance(assignment: GroupAssignment): number {
  const loads = [...assignment.values()].map(({ length }) => length)
  return loads.reduce(
    (sum, one, i) => sum + loads.slice(i + 1).reduce((inner, other) => inner + Math.abs(one - other), 0),
    0,
  )
}

function expectValid(
  assignment: GroupAssignment,
  members: GroupMember[],
  topics: GroupTopic[],
  mayLack: boolean,
): void {
  const given = [...assignment].flatMap(([memberId, all]) => all.map((at) => ({ memberId, at })))
  expect(new Set(given.map(({ at }) => groupKey(at))).size).toBe(given.length)
  for (const { memberId, at } of given) {
    expect(members.find((one) => one.memberId === memberId)!.topics).toContain(at.topic)
  }
  const due = topics.reduce((sum, { partitions }) => sum + partitions, 0)
  if (mayLack) expect(given.length).toBeLessThanOrEqual(due)
  else expect(given.length).toBe(due)
}
