// KIP-848 groups over time: sessions, hand-overs, topics that come and go, and what no storm may break. [test process]
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import type { HeartbeatAnswer } from '../../../src/broker/groups/consumer-group.ts'
import type { ConsumerHeartbeat } from '../../../src/broker/groups/consumer-member.ts'
import type { GroupOptions } from '../../../src/broker/groups/group-options.ts'
import { byTopic, keysOf } from '../../../src/broker/groups/topic-partition-key.ts'
import { TopicPattern } from '../../../src/broker/groups/topic-pattern.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { GroupWorld, heartbeatOf } from './group-world.ts'

/** A member that does as it is told, when the test says so. */
class Actor {
  readonly #world: GroupWorld
  readonly #own: Partial<ConsumerHeartbeat>
  readonly id: string
  epoch = 0
  has = new Set<string>()

  constructor(world: GroupWorld, id: string, own: Partial<ConsumerHeartbeat> = {}) {
    this.#world = world
    this.id = id
    this.#own = own
  }

  join(topics: readonly string[], more: Partial<ConsumerHeartbeat> = {}): HeartbeatAnswer {
    this.has.clear()
    const joining = { rebalanceTimeoutMs: 20_000, subscribedTopicNames: [...topics], topicPartitions: [] }
    return this.#send({ memberEpoch: 0, ...joining, ...more })
  }

  /** `tells`: what it has after the last answer. */
  beat(tells = false): HeartbeatAnswer {
    const topicPartitions = tells ? byTopic(this.has) : null
    return this.#send({ memberEpoch: this.epoch, topicPartitions })
  }

  leave(memberEpoch = -1): HeartbeatAnswer {
    const left = this.#group.leave(heartbeatOf({ memberId: this.id, ...this.#own, memberEpoch }))
    this.has.clear()
    return left
  }

  get #group() {
    return this.#world.groups.consumer('g', true)!
  }

  #send(given: Partial<ConsumerHeartbeat>): HeartbeatAnswer {
    const answer = this.#group.heartbeat(heartbeatOf({ memberId: this.id, ...this.#own, ...given }))
    const { errorCode = 0, memberEpoch, assignment } = answer
    if (errorCode !== 0) {
      this.has.clear()
      this.epoch = 0
      return answer
    }
    this.epoch = memberEpoch!
    const partitions = assignment?.topicPartitions?.map((one) => ({
      topicId: one.topicId!,
      partitions: [...one.partitions!],
    }))
    if (partitions !== undefined) this.has = keysOf(partitions)
    return answer
  }
}

function worldOf(options: GroupOptions & { seed?: number } = {}): GroupWorld {
  const world = new GroupWorld(options)
  world.topic('t', 4)
  return world
}

function group(world: GroupWorld) {
  return world.groups.consumer('g', false)!
}

/** Everyone beats until nothing moves. */
function settle(...actors: Actor[]): void {
  for (let i = 0; i < 6; i++) for (const actor of actors) actor.beat(true)
}

describe('sessions', () => {
  test('a member that is silent is out, and its partitions go to the others', async () => {
    const world = worldOf()
    const [a, b] = [new Actor(world, 'a'), new Actor(world, 'b')]
    a.join(['t'])
    b.join(['t'])
    settle(a, b)
    expect([a.has.size, b.has.size]).toEqual([2, 2])
    await world.clock.advance(44_999)
    a.beat()
    await world.clock.advance(1)
    a.beat()
    expect(a.has.size).toBe(4)
    expect(b.beat().errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
  })

  test('the broker tells how often to beat', () => {
    const world = worldOf({ heartbeatIntervalMs: 1234 })
    expect(new Actor(world, 'a').join(['t']).heartbeatIntervalMs).toBe(1234)
  })

  test('who does not give back within its rebalance timeout is out', async () => {
    const world = worldOf()
    const [a, b] = [new Actor(world, 'a'), new Actor(world, 'b')]
    a.join(['t'])
    b.join(['t'])
    a.beat()
    for (let waited = 0; waited < 20_000; waited += 5_000) {
      expect([a.beat().errorCode ?? 0, b.beat().errorCode ?? 0]).toEqual([0, 0])
      expect(b.has.size).toBe(0)
      await world.clock.advance(5_000)
    }
    expect(a.beat().errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID)
    b.beat()
    expect(b.has.size).toBe(4)
  })

  test('a static member that is away keeps its partitions until its session is over', async () => {
    const world = worldOf()
    const [a, b] = [new Actor(world, 'a', { instanceId: 'i' }), new Actor(world, 'b')]
    a.join(['t'])
    b.join(['t'])
    settle(a, b)
    a.leave(-2)
    const { epoch } = group(world)
    await world.clock.advance(30_000)
    b.beat(true)
    expect([b.has.size, group(world).epoch]).toEqual([2, epoch])
    const again = new Actor(world, 'c', { instanceId: 'i' })
    again.join(['t'])
    expect([again.has.size, again.epoch]).toEqual([2, epoch])
    again.leave(-2)
    await world.clock.advance(30_000)
    b.beat()
    await world.clock.advance(15_000)
    settle(b)
    expect(b.has.size).toBe(4)
  })
})

describe('topics', () => {
  test('new partitions and new topics are given out at the next heartbeats', () => {
    const world = worldOf()
    const a = new Actor(world, 'a')
    a.join(['t', 'later'])
    expect(a.has.size).toBe(4)
    world.topics.get('t')!.addPartition([1])
    a.beat()
    expect(a.has.size).toBe(5)
    world.topic('later', 3)
    a.beat()
    expect(a.has.size).toBe(8)
  })

  test('a deleted topic is taken back', () => {
    const world = worldOf()
    world.topic('u', 2)
    const a = new Actor(world, 'a')
    a.join(['t', 'u'])
    world.topics.delete('t')
    settle(a)
    expect(a.has.size).toBe(2)
    expect(group(world).state).toBe('Stable')
  })

  test('an expression takes in topics that are made later', () => {
    const world = worldOf()
    const a = new Actor(world, 'a')
    const pattern = TopicPattern.parse('t.*') as TopicPattern
    a.join([], { subscribedTopicRegex: 't.*', pattern })
    expect(a.has.size).toBe(4)
    world.topic('two', 2)
    world.topic('other', 2)
    a.beat()
    expect(a.has.size).toBe(6)
    expect([group(world).subscribes('two'), group(world).subscribes('other')]).toEqual([true, false])
  })
})

// Kafka gives by chance here (test/broker/groups/random-script.ts): a client's test must not depend on it.
test('a newcomer without topics gets nothing and takes nothing, whatever the members are called', () => {
  for (const [reader, newcomer] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const world = worldOf()
    const [a, b, gone] = [new Actor(world, reader), new Actor(world, newcomer), new Actor(world, 'c')]
    a.join(['t'])
    gone.join(['t'])
    gone.leave()
    const { epoch } = group(world)
    b.join([])
    settle(a, b)
    expect([a.has.size, b.has.size]).toEqual([4, 0])
    expect([group(world).epoch, group(world).assignmentEpoch]).toEqual([epoch, epoch])
  }
})

test('the assignor that most members ask for assigns', () => {
  const world = worldOf()
  const actors = ['range', 'uniform', 'range'].map((serverAssignor, i) => new Actor(world, `m${i}`, { serverAssignor }))
  expect(actors[0]!.join(['t']).errorCode ?? 0).toBe(0)
  expect(group(world).assignor).toBe('range')
  actors[1]!.join(['t'])
  actors[2]!.join(['t'])
  expect(group(world).assignor).toBe('range')
  actors[0]!.leave()
  actors[2]!.leave()
  expect(group(world).assignor).toBe('uniform')
})

/** Members join, beat, forget to give back, change topics, leave and die; never do two have one partition. */
async function storm(seed: number): Promise<string> {
  const world = worldOf({ seed })
  world.topic('u', 7)
  const random = seededRandom(seed)
  const actors = Array.from({ length: 6 }, (_, i) => new Actor(world, `m${i}`))
  const pick = () => [['t'], ['u'], ['t', 'u']][Math.floor(random.next() * 3)]!
  const trace: unknown[] = []
  let epoch = 0
  for (let step = 0; step < 1000; step++) {
    const actor = actors[Math.floor(random.next() * actors.length)]!
    const dice = random.next()
    if (actor.epoch === 0 || dice < 0.02) actor.join(pick())
    else if (dice < 0.04) actor.leave()
    else trace.push(actor.beat(dice < 0.7).memberEpoch)
    const members = [...group(world).members.values()]
    const held = members.flatMap(({ assigned, revoking }) => [...assigned.keys(), ...revoking.keys()])
    expect(new Set(held).size, `seed ${seed}, step ${step}`).toBe(held.length)
    // What a living member believes to have is its own.
    const owner = new Map(
      members.flatMap(({ id, assigned, revoking }) => [...assigned.keys(), ...revoking.keys()].map((key) => [key, id])),
    )
    for (const { id, has, epoch: known } of actors) {
      if (known === 0 || !group(world).members.has(id)) continue
      for (const key of has) expect(owner.get(key), `seed ${seed}, step ${step}`).toBe(id)
    }
    expect(group(world).epoch).toBeGreaterThanOrEqual(epoch)
    epoch = group(world).epoch
    await world.clock.advance(random.next() * 3000)
  }
  for (const actor of actors) actor.join(['t', 'u'])
  settle(...actors)
  expect(actors.map(({ has }) => has.size).sort(), `seed ${seed}`).toEqual([1, 2, 2, 2, 2, 2])
  expect(group(world).state).toBe('Stable')
  world.groups.close()
  expect(world.clock.pendingCount).toBe(0)
  return JSON.stringify(trace)
}

test('in a storm no two members have one partition, and all is shared evenly at its end', async () => {
  for (const seed of [1, 2, 3, 4]) expect(await storm(seed), `seed ${seed}`).toBe(await storm(seed))
})
