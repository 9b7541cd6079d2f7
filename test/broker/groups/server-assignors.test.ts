// The broker's assignors over random groups: everything is given once, evenly, and moves no more than it must.
// [test process]
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../src/base/random.ts'
import { type Assignee, serverAssignors } from '../../../src/broker/groups/server-assignors.ts'
import { topicIdOf } from '../../../src/broker/groups/topic-partition-key.ts'
import { seed } from '../../support/seed.ts'

const topics = new Map([
  ['a', 6],
  ['b', 3],
  ['c', 10],
])
const countOf = (topicId: string) => topics.get(topicId)!

function randomGroup(random: Random, alike: boolean): Assignee[] {
  const subset = () => new Set([...topics.keys()].filter(() => random.next() < 0.6))
  const shared = new Set(topics.keys())
  const count = 1 + Math.floor(random.next() * 8)
  return Array.from({ length: count }, (_, i) => ({
    id: `member ${i}`,
    topics: alike ? shared : subset(),
    target: new Set<string>(),
  }))
}

const cases = Object.keys(serverAssignors).flatMap((name) =>
  [true, false].map((alike) => [name as keyof typeof serverAssignors, alike ? 'alike' : 'unlike', alike] as const),
)

test.each(cases)('%s gives each partition to one of its readers, members %s', (name, _how, alike) => {
  const random = seededRandom(seed)
  for (let i = 0; i < 300; i++) {
    const members = randomGroup(random, alike)
    const read = new Set(members.flatMap((member) => [...member.topics]))
    const assigned = serverAssignors[name](members, countOf)
    const keys = [...assigned.values()].flatMap((one) => [...one])
    expect(new Set(keys).size, `seed ${seed}`).toBe(keys.length)
    expect(keys.length, `seed ${seed}`).toBe([...read].reduce((sum, topicId) => sum + countOf(topicId), 0))
    for (const { id, topics: own } of members) {
      for (const key of assigned.get(id)!) expect(own.has(topicIdOf(key)), `seed ${seed}`).toBe(true)
    }
    // Once more with what they have: nothing moves.
    const again = serverAssignors[name](
      members.map((member) => ({ ...member, target: assigned.get(member.id)! })),
      countOf,
    )
    for (const [id, had] of assigned) expect([...again.get(id)!].sort(), `seed ${seed}`).toEqual([...had].sort())
  }
})

test('uniform differs by one at most, and moves only what a newcomer gets', () => {
  const random = seededRandom(seed)
  for (let i = 0; i < 300; i++) {
    const members = randomGroup(random, true)
    const assigned = serverAssignors.uniform(members, countOf)
    const sizes = [...assigned.values()].map(({ size }) => size)
    expect(Math.max(...sizes) - Math.min(...sizes), `seed ${seed}`).toBeLessThanOrEqual(1)
    const newcomer = { id: 'a newcomer', topics: members[0]!.topics, target: new Set<string>() }
    const grown = [...members.map((member) => ({ ...member, target: assigned.get(member.id)! })), newcomer]
    const next = serverAssignors.uniform(grown, countOf)
    const moved = members.flatMap(({ id }) => [...assigned.get(id)!].filter((key) => !next.get(id)!.has(key)))
    expect(moved.sort(), `seed ${seed}`).toEqual([...next.get(newcomer.id)!].sort())
  }
})

const keysOf = (topicId: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${topicId}/${from + i}`)
const sizesOf = (assigned: ReadonlyMap<string, ReadonlySet<string>>) => [...assigned.values()].map(({ size }) => size)

test('uniform evens out topic by topic: who gets something for one can give of another', () => {
  const members = [
    { id: 'x', topics: new Set(['a']), target: new Set(keysOf('a', 0, 6)) },
    { id: 'y', topics: new Set(['a', 'd']), target: new Set(keysOf('d', 0, 6)) },
    { id: 'z', topics: new Set(['a', 'd']), target: new Set<string>() },
  ]
  expect(sizesOf(serverAssignors.uniform(members, () => 6))).toEqual([4, 4, 4])
})

test('uniform gives what is left over to whoever had less before', () => {
  const members = [
    { id: 'x', topics: new Set(['b']), target: new Set(keysOf('b', 0, 1)) },
    { id: 'y', topics: new Set(['b']), target: new Set<string>() },
  ]
  expect(sizesOf(serverAssignors.uniform(members, countOf))).toEqual([1, 2])
})

test('range gives neighbours, and the first members the ones that are left over', () => {
  const members = ['x', 'y', 'z', 'w'].map((id) => ({ id, topics: new Set(['a']), target: new Set<string>() }))
  const assigned = serverAssignors.range(members, countOf)
  expect(['w', 'x', 'y', 'z'].map((id) => [...assigned.get(id)!])).toEqual([
    ['a/0', 'a/1'],
    ['a/2', 'a/3'],
    ['a/4'],
    ['a/5'],
  ])
})
