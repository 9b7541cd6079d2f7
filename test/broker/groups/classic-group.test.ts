// Classic groups over time: sessions, rebalances, static members, coordinators that move. [test process]
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { type ClassicActor, GroupWorld } from './group-world.ts'

/** A stable group of so many. */
async function stable(world: GroupWorld, actors: ClassicActor[]): Promise<void> {
  for (const actor of actors) actor.join()
  await world.clock.advance(0)
  for (const actor of actors) actor.sync()
  expect(group(world).state).toBe('Stable')
}

function group(world: GroupWorld) {
  return world.groups.classic('g', false)!
}

function members(world: GroupWorld, count: number): ClassicActor[] {
  return Array.from({ length: count }, () => world.member())
}

describe('sessions', () => {
  test('a member that is silent is out after its session, and the others are called to a rebalance', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    await stable(world, [a, b])
    await world.clock.advance(9_999)
    expect(a.beat()).toBe(ErrorCode.NONE)
    await world.clock.advance(1)
    expect(group(world).size).toBe(1)
    expect(a.beat()).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    expect(b.beat()).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  test('a commit is a sign of life', async () => {
    const world = new GroupWorld()
    const [a] = members(world, 1) as [ClassicActor]
    await stable(world, [a])
    await world.clock.advance(9_000)
    const { generationId, memberId } = a.claim
    const claim = { memberId, groupInstanceId: null, generationId, transactional: false, version: 8 }
    expect(world.groups.judgeCommit('g', claim)('t', 0)).toBe(ErrorCode.NONE)
    await world.clock.advance(9_000)
    expect(a.beat()).toBe(ErrorCode.NONE)
  })

  test('whoever waits for an answer is not silent', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    await stable(world, [a, b])
    b.join({ protocols: [{ name: 'range', metadata: Buffer.from('other') }] })
    await world.clock.advance(9_000)
    a.beat()
    await world.clock.advance(9_000)
    expect(b.joins).toHaveLength(1)
    a.join()
    expect(b.joins).toHaveLength(2)
    expect(b.joins[1]).toMatchObject({ errorCode: 0, generationId: 2 })
  })

  test('a new member whose client has gone does not hold up the group for ever', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    const patient = { rebalanceTimeoutMs: 3_600_000, sessionTimeoutMs: 3_600_000 }
    a.join(patient)
    await world.clock.advance(0)
    b.join(patient)
    await world.clock.advance(299_999)
    expect(b.joins).toHaveLength(0)
    await world.clock.advance(1)
    expect(b.joins).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_MEMBER_ID }])
    expect(group(world).size).toBe(1)
  })
})

describe('rebalances', () => {
  test('the first one waits for more members, as long as new ones come', async () => {
    const world = new GroupWorld({ initialRebalanceDelayMs: 3000 })
    const actors = members(world, 3)
    actors[0]!.join()
    await world.clock.advance(2000)
    actors[1]!.join()
    await world.clock.advance(2000)
    actors[2]!.join()
    await world.clock.advance(4999)
    expect(group(world).state).toBe('PreparingRebalance')
    await world.clock.advance(1)
    expect(actors.map(({ joins }) => joins[0]?.generationId)).toEqual([1, 1, 1])
  })

  test('and never longer than the rebalance timeout', async () => {
    const world = new GroupWorld({ initialRebalanceDelayMs: 3000 })
    for (let i = 0; i < 20; i++) {
      world.member().join()
      await world.clock.advance(1000)
    }
    expect(group(world).state).toBe('CompletingRebalance')
  })

  test('whoever does not come in time is out; static members stay', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    const still = world.member({ groupInstanceId: 'i', sessionTimeoutMs: 60_000 })
    await stable(world, [a, b, still])
    a.join()
    for (let i = 0; i < 4; i++) {
      await world.clock.advance(4_999)
      expect(b.beat()).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
    }
    await world.clock.advance(4)
    expect(a.joins[1]).toMatchObject({ generationId: 2, errorCode: 0 })
    expect(a.joins[1]!.members?.map(({ memberId }) => memberId)).toEqual([a.id, still.id])
    expect(b.beat()).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  test('another leads when the leader has gone', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    await stable(world, [a, b])
    expect(group(world).leave([{ memberId: a.id, groupInstanceId: null }])).toEqual([ErrorCode.NONE])
    b.join()
    expect(b.joins[1]).toMatchObject({ leader: b.id, generationId: 2 })
  })

  test('whoever never asks for its assignment is out when the time for a rebalance is over', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    a.join()
    b.join()
    await world.clock.advance(0)
    a.sync([{ memberId: a.id, assignment: Buffer.from('all') }])
    expect(a.syncs).toMatchObject([{ errorCode: 0 }])
    for (let i = 0; i < 4; i++) {
      await world.clock.advance(4999)
      expect([a.beat(), b.beat()]).toEqual([0, 0])
    }
    await world.clock.advance(4)
    expect(b.beat()).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    expect(a.beat()).toBe(ErrorCode.REBALANCE_IN_PROGRESS)
  })

  test('who waits for an assignment is called to the next rebalance', async () => {
    const world = new GroupWorld()
    const [a, b, c] = members(world, 3) as [ClassicActor, ClassicActor, ClassicActor]
    a.join()
    b.join()
    await world.clock.advance(0)
    b.sync()
    expect(b.syncs).toEqual([])
    c.join()
    expect(b.syncs).toMatchObject([{ errorCode: ErrorCode.REBALANCE_IN_PROGRESS }])
  })

  test('an id that nobody uses is taken back after a session, and holds nobody up for longer', async () => {
    const world = new GroupWorld()
    const [a] = members(world, 1) as [ClassicActor]
    await stable(world, [a])
    const b = world.member({ needsMemberId: true })
    b.join()
    expect(b.joins).toMatchObject([{ errorCode: ErrorCode.MEMBER_ID_REQUIRED }])
    a.join()
    await world.clock.advance(9_999)
    expect(a.joins).toHaveLength(1)
    await world.clock.advance(1)
    expect(a.joins).toHaveLength(2)
    b.join()
    expect(b.joins[1]).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
  })

  test('a group that is full takes nobody new', async () => {
    const world = new GroupWorld({ maxSize: 2 })
    const [a, b, c] = members(world, 3) as [ClassicActor, ClassicActor, ClassicActor]
    await stable(world, [a, b])
    c.join()
    expect(c.joins).toMatchObject([{ errorCode: ErrorCode.GROUP_MAX_SIZE_REACHED }])
    expect(a.beat()).toBe(ErrorCode.NONE)
  })
})

describe('static members', () => {
  test('four that restart one by one within their sessions cause no rebalance', async () => {
    const world = new GroupWorld()
    const actors = ['a', 'b', 'c', 'd'].map((groupInstanceId) => world.member({ groupInstanceId }))
    await stable(world, actors)
    for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) {
      await world.clock.advance(5_000)
      actors[i] = world.member({ groupInstanceId: id })
      actors[i].join()
      actors[i].sync()
      for (const actor of actors) expect(actor.beat()).toBe(ErrorCode.NONE)
    }
    expect(group(world).epoch).toBe(1)
  })

  test('one that does not come back is out after its session', async () => {
    const world = new GroupWorld()
    const actor = world.member({ groupInstanceId: 'a' })
    await stable(world, [actor])
    await world.clock.advance(10_000)
    expect(group(world)).toMatchObject({ size: 0, state: 'Empty' })
  })

  test('one that waits is fenced by the next one under its name', async () => {
    const world = new GroupWorld({ initialRebalanceDelayMs: 1000 })
    const [one, two] = [0, 1].map(() => world.member({ groupInstanceId: 'a' })) as [ClassicActor, ClassicActor]
    one.join()
    two.join()
    expect(one.joins).toMatchObject([{ errorCode: ErrorCode.FENCED_INSTANCE_ID }])
    await world.clock.advance(1000)
    expect(two.joins).toMatchObject([{ errorCode: 0, generationId: 1 }])
  })
})

describe('a coordinator that moves', () => {
  test('whoever waits is sent on; a stable group stays as it was', async () => {
    const world = new GroupWorld()
    const [a, b] = members(world, 2) as [ClassicActor, ClassicActor]
    await stable(world, [a])
    world.groups.move('g', 2, 30_000)
    // While it is loading no session ends.
    await world.clock.advance(30_000)
    expect(group(world)).toMatchObject({ state: 'Stable', epoch: 1 })
    expect(a.beat()).toBe(ErrorCode.NONE)
    b.join()
    world.groups.move('g', 1, 0)
    expect(b.joins).toMatchObject([{ errorCode: ErrorCode.NOT_COORDINATOR }])
    expect(group(world).size).toBe(1)
    a.join()
    expect(a.joins[1]).toMatchObject({ errorCode: 0, generationId: 2 })
  })
})

/** Members that come, go, forget to beat and repeat themselves; what happens is written down. */
async function storm(seed: number): Promise<string> {
  const world = new GroupWorld({ seed, initialRebalanceDelayMs: 100 })
  const random = seededRandom(seed)
  const actors = members(world, 8)
  const trace: unknown[] = []
  for (let step = 0; step < 2000; step++) {
    const actor = actors[Math.floor(random.next() * actors.length)]!
    const dice = random.next()
    const known = world.groups.classic('g', false) !== undefined
    if (dice < 0.3 || !known) actor.join(random.next() < 0.2 ? { memberId: '' } : {})
    else if (dice < 0.6) actor.sync()
    else if (dice < 0.9) trace.push(actor.beat())
    else trace.push(group(world).leave([{ memberId: actor.id, groupInstanceId: null }]))
    await world.clock.advance(random.next() * 2000)
    if (known) trace.push([group(world).state, group(world).epoch, group(world).size])
  }
  // Left alone, all sessions end.
  await world.clock.advance(1_000_000)
  expect(group(world), `seed ${seed}`).toMatchObject({ state: 'Empty', size: 0 })
  world.groups.close()
  expect(world.clock.pendingCount, `seed ${seed}`).toBe(0)
  return JSON.stringify([trace, actors.map(({ joins, syncs }) => [joins, syncs])])
}

test('a storm is the same twice, ends in an empty group, and leaves no timer behind', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const first = await storm(seed)
    expect(await storm(seed), `seed ${seed}`).toBe(first)
    expect(first.length).toBeGreaterThan(10_000)
  }
})
