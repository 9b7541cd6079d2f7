// Fetch sessions (KIP-227), against a model that keeps what the client believes.
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import {
  EVICTION_MS,
  type FetchContext,
  SESSIONS_MAX,
  SessionCache,
  type SessionRequest,
  type Told,
} from '../../src/broker/session-cache.ts'
import { ZERO_UUID } from '../../src/bytes/reader.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'

type Wanted = [topic: string, partition: number, fetchOffset?: number]

function request(sessionId: number, sessionEpoch: number, wanted: Wanted[] = [], forgotten: Wanted[] = []) {
  return {
    sessionId,
    sessionEpoch,
    topics: wanted.map(([topic, partition, fetchOffset = 0]) => ({
      topic,
      topicId: ZERO_UUID,
      partitions: [{ partition, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1, partitionMaxBytes: 1000 }],
    })),
    forgottenTopicsData: forgotten.map(([topic, partition]) => ({
      topic,
      topicId: ZERO_UUID,
      partitions: [partition],
    })),
  } satisfies SessionRequest
}

const quiet: Told = { errorCode: 0, highWatermark: 0, logStartOffset: 0, recordsBytes: 0, notable: false }
const cache = () => new SessionCache(seededRandom(1))

function open(sessions: SessionCache, asked: SessionRequest, now = 0): FetchContext {
  const context = sessions.open(asked, false, now)
  if (typeof context === 'number') throw new Error(`refused with ${context}`)
  return context
}

/** Opens a session over partitions 0 and 1 of `a` and gives its id. */
function session(sessions: SessionCache, now = 0): number {
  const asked = request(0, 0, [
    ['a', 0],
    ['a', 1],
  ])
  return open(sessions, asked, now).settle([quiet, quiet], now).sessionId
}

describe('a session', () => {
  test('tells only what changed', () => {
    const sessions = cache()
    const id = session(sessions)
    const context = open(sessions, request(id, 1))
    expect(context).toMatchObject({ kind: 'incremental' })
    expect(context.settle([quiet, { ...quiet, highWatermark: 5 }], 0)).toMatchObject({ selected: [1] })
    expect(open(sessions, request(id, 2)).settle([quiet, { ...quiet, highWatermark: 5 }], 0).selected).toEqual([])
    const moved = { ...quiet, highWatermark: 5, logStartOffset: 3 }
    expect(open(sessions, request(id, 3)).settle([quiet, moved], 0).selected).toEqual([1])
    expect(open(sessions, request(id, 4)).settle([{ ...quiet, notable: true }, moved], 0).selected).toEqual([0])
  })

  test('tells an error each time, and what follows it', () => {
    const sessions = cache()
    const id = session(sessions)
    const failed = { ...quiet, errorCode: 6 }
    expect(open(sessions, request(id, 1)).settle([failed, quiet], 0).selected).toEqual([0])
    expect(open(sessions, request(id, 2)).settle([failed, quiet], 0).selected).toEqual([0])
    expect(open(sessions, request(id, 3)).settle([quiet, quiet], 0).selected).toEqual([0])
    expect(open(sessions, request(id, 4)).settle([quiet, quiet], 0).selected).toEqual([])
  })

  test('puts who got records behind the others', () => {
    const sessions = cache()
    const id = session(sessions)
    open(sessions, request(id, 1)).settle([{ ...quiet, recordsBytes: 9 }, quiet], 0)
    expect(open(sessions, request(id, 2)).partitions.map(({ partition }) => partition)).toEqual([1, 0])
  })

  test('takes changes, additions and forgotten partitions', () => {
    const sessions = cache()
    const id = session(sessions)
    const changes: Wanted[] = [
      ['a', 1, 42],
      ['b', 7, 3],
    ]
    open(sessions, request(id, 1, changes, [['a', 0]]))
    expect(
      sessions.partitionsOf(id)?.map(({ topic, partition, fetchOffset }) => [topic, partition, fetchOffset]),
    ).toEqual(changes)
  })

  test('ends when nothing is left in it', () => {
    const sessions = cache()
    const id = session(sessions)
    const context = open(
      sessions,
      request(
        id,
        1,
        [],
        [
          ['a', 0],
          ['a', 1],
        ],
      ),
    )
    expect(context.settle([], 0).sessionId).toBe(0)
    expect(sessions.size).toBe(0)
  })

  test('refuses wrong ids, wrong epochs and the other kind of topic names', () => {
    const sessions = cache()
    const id = session(sessions)
    expect(sessions.open(request(id + 1, 1), false, 0)).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    expect(sessions.open(request(id, 2), false, 0)).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    expect(sessions.open(request(id, 1), true, 0)).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    // None of that harmed it.
    expect(open(sessions, request(id, 1)).kind).toBe('incremental')
    expect(sessions.open(request(id, 1), false, 0)).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  })

  test('is closed by a full fetch that names it, with or without a successor', () => {
    const sessions = cache()
    const first = session(sessions)
    const second = open(sessions, request(first, 0, [['a', 0]])).settle([quiet], 0).sessionId
    expect(second).not.toBe(first)
    expect(sessions.size).toBe(1)
    expect(open(sessions, request(second, -1, [['a', 0]])).settle([quiet], 0).sessionId).toBe(0)
    expect(sessions.size).toBe(0)
  })

  test('does not let a parked fetch answer after a later one', () => {
    const sessions = cache()
    const id = session(sessions)
    const parked = open(sessions, request(id, 1))
    open(sessions, request(id, 2))
    expect(parked.settle([quiet, quiet], 0).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  })
})

test('a full cache gives no session until the oldest has been idle for long', () => {
  const sessions = cache()
  const first = session(sessions, 0)
  for (let i = 1; i < SESSIONS_MAX; i++) session(sessions, 1000)
  expect(session(sessions, 2000)).toBe(0)
  expect(session(sessions, EVICTION_MS)).toBeGreaterThan(0)
  expect(sessions.partitionsOf(first)).toBeUndefined()
  expect(sessions.size).toBe(SESSIONS_MAX)
})

test('after random requests the session holds what the client believes, and tells every change once', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const sessions = new SessionCache(random)
    // The model: what the client wants, and the high watermark it was told last.
    const believed = new Map<string, { offset: number; told: number }>()
    const actual = new Map<string, number>()
    let id = 0
    let epoch = 0
    for (let step = 0; step < 300; step++) {
      const changes: Wanted[] = []
      const forgotten: Wanted[] = []
      for (let i = below(4); i > 0; i--) changes.push([`t${below(3)}`, below(5), below(1000)])
      const full = epoch === 0
      if (full) believed.clear()
      else if (random.next() < 0.4 && believed.size > 1) {
        const [topic, partition] = [...believed.keys()][below(believed.size)]!.split('/')
        forgotten.push([topic!, Number(partition)])
      }
      for (const [topic, partition, offset] of changes) {
        const known = believed.get(`${topic}/${partition}`)
        believed.set(`${topic}/${partition}`, { offset: offset!, told: known?.told ?? -1 })
      }
      for (const [topic, partition] of forgotten) believed.delete(`${topic}/${partition}`)
      if (believed.size === 0) continue
      const where = `seed ${seed}, step ${step}`
      const context = open(sessions, request(id, epoch, changes, forgotten))
      for (const key of believed.keys()) if (random.next() < 0.3) actual.set(key, (actual.get(key) ?? 0) + 1)
      const told = context.partitions.map(({ topic, partition }) => ({
        ...quiet,
        highWatermark: actual.get(`${topic}/${partition}`) ?? 0,
        recordsBytes: random.next() < 0.2 ? 100 : 0,
      }))
      const keys = context.partitions.map(({ topic, partition }) => `${topic}/${partition}`)
      const answer = context.settle(told, 0)
      expect(answer.errorCode, where).toBe(0)
      // Exactly the changed ones are told, and then the client knows them.
      const expected = keys.filter((key, i) => {
        return full || told[i]!.recordsBytes > 0 || believed.get(key)!.told !== told[i]!.highWatermark
      })
      expect(answer.selected.map((i) => keys[i]).sort(), where).toEqual([...new Set(expected)].sort())
      for (const i of answer.selected) believed.get(keys[i]!)!.told = told[i]!.highWatermark
      id = answer.sessionId
      const held = sessions
        .partitionsOf(id)!
        .map(({ topic, partition, fetchOffset }) => [`${topic}/${partition}`, fetchOffset])
      expect(held.sort(), where).toEqual([...believed].map(([key, { offset }]) => [key, offset]).sort())
      epoch = random.next() < 0.02 ? 0 : epoch + 1
    }
  }
})
