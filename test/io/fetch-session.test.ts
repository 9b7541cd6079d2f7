// The client's half of fetch sessions against the broker's: what one asks for is what the other would fetch. [test]
import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { SessionCache } from '../../src/broker/session-cache.ts'
import type { ReaderSettings } from '../../src/control/commands.ts'
import { fetchBody } from '../../src/io/fetch-body.ts'
import { type FetchItem, FetchSession } from '../../src/io/fetch-session.ts'
import { apis } from '../../src/protocol/apis.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { decodeRequest, encodeRequest } from '../../src/protocol/frame.ts'

const settings: ReaderSettings = {
  fetchMinBytes: 1,
  fetchMaxBytes: 1_000,
  maxPartitionFetchBytes: 100,
  fetchMaxWaitMs: 5,
  checkCrcs: true,
  isolationLevel: 'read_committed',
  autoOffsetReset: 'none',
  clientRack: '',
}

const idOf = (topic: number) => Buffer.alloc(16, topic + 1).toString('base64url')

function itemOf(topic: number, partition: number, random: Random, byId: boolean): FetchItem {
  const below = (limit: number) => Math.floor(random.next() * limit)
  return {
    topic: `topic-${topic}`,
    topicId: byId ? idOf(topic) : undefined,
    partition,
    position: below(3),
    leaderEpoch: below(2),
    maxBytes: 100 + below(2),
  }
}

/** A partition as both sides can be compared. */
const shown = (topic: string, partition: number, position: number, leaderEpoch: number, maxBytes: number) =>
  `${topic}/${partition} from ${position}, epoch ${leaderEpoch}, at most ${maxBytes}`

/** The Fetch request as the broker reads it. */
function asRead(session: FetchSession, wanted: FetchItem[], version: number) {
  const asked = session.request(wanted, version >= 7)
  const body = fetchBody(asked, settings, 1_000, 5)
  const frame = encodeRequest('Fetch', version, { correlationId: 1, clientId: 'x' }, body)
  const read = decodeRequest(frame.subarray(4))
  expect(read.api).toBe('Fetch')
  return { asked, body: read.body as Parameters<SessionCache['open']>[0] }
}

describe.each([
  [12, false],
  [7, false],
  [apis.Fetch.request.versions[1], true],
] as const)('a session in Fetch v%i', (version, byId) => {
  it.each([1, 2, 3, 4])('means the same to both sides after any changes and losses: seed %i', (seed) => {
    const random = seededRandom(seed)
    const cache = new SessionCache(seededRandom(seed))
    const session = new FetchSession()
    let [incremental, named] = [0, 0]
    for (let turn = 0; turn < 400; turn++) {
      const wanted: FetchItem[] = []
      for (let topic = 0; topic < 3; topic++) {
        for (let partition = 0; partition < 4; partition++) {
          if (random.next() < 0.7) wanted.push(itemOf(topic, partition, random, byId))
        }
      }
      if (wanted.length === 0) continue
      // What may happen in between: the broker forgets everything, or the answer never arrives.
      if (random.next() < 0.04) cache.clear()
      const { asked, body } = asRead(session, wanted, version)
      const context = cache.open(body, byId, 0)
      if (typeof context === 'number') {
        expect([ErrorCode.FETCH_SESSION_ID_NOT_FOUND, ErrorCode.INVALID_FETCH_SESSION_EPOCH]).toContain(context)
        if (context === ErrorCode.INVALID_FETCH_SESSION_EPOCH) session.reset()
        else session.forget()
        continue
      }
      const fetched = context.partitions.map(({ topic, topicId, partition, ...rest }) => {
        const name = byId ? `topic-${Buffer.from(topicId, 'base64url')[0]! - 1}` : topic
        return shown(
          name,
          partition,
          rest.fetchOffset,
          version >= 9 ? rest.currentLeaderEpoch : 0,
          rest.partitionMaxBytes,
        )
      })
      const meant = wanted.map(({ topic, partition, position, leaderEpoch, maxBytes }) => {
        return shown(topic, partition, position, version >= 9 ? leaderEpoch : 0, maxBytes)
      })
      expect(fetched.sort(), `seed ${seed}, turn ${turn}`).toEqual(meant.sort())
      if (asked.sessionEpoch > 0) {
        incremental++
        named += asked.items.length
      }
      const told = context.partitions.map(() => {
        return { errorCode: 0, highWatermark: 0, logStartOffset: 0, recordsBytes: 0, notable: false }
      })
      const { sessionId, errorCode } = context.settle(told, 0)
      expect(errorCode).toBe(0)
      if (random.next() < 0.05) session.forget()
      else session.answered(sessionId)
    }
    expect(incremental).toBeGreaterThan(200)
    expect(cache.size).toBeLessThan(60)
    expect(named).toBeGreaterThan(0)
  })
})

describe('a session', () => {
  const item = (partition: number, position = 0): FetchItem => {
    return { topic: 't', topicId: undefined, partition, position, leaderEpoch: 0, maxBytes: 1 }
  }

  it('names only what changed', () => {
    const session = new FetchSession()
    expect(session.request([item(0), item(1)], true)).toMatchObject({ sessionId: 0, sessionEpoch: 0 })
    session.answered(9)
    expect(session.request([item(0), item(1)], true)).toMatchObject({ sessionId: 9, sessionEpoch: 1, items: [] })
    session.answered(9)
    const third = session.request([item(1, 5), item(2)], true)
    expect(third).toMatchObject({ sessionEpoch: 2, items: [item(1, 5), item(2)], forgotten: [item(0)] })
  })

  it('counts its epochs from 1', () => {
    const session = new FetchSession()
    session.request([item(0)], true)
    session.answered(9)
    let epoch = 1
    for (let i = 0; i < 3; i++) {
      expect(session.request([item(0)], true).sessionEpoch).toBe(epoch++)
      session.answered(9)
    }
  })

  it('closes the one that it gives up, unless the broker does not know it', () => {
    const session = new FetchSession()
    session.request([item(0)], true)
    session.answered(9)
    session.reset()
    expect(session.request([item(0)], true)).toMatchObject({ sessionId: 9, sessionEpoch: 0, items: [item(0)] })
    session.answered(10)
    session.forget()
    expect(session.request([item(0)], true)).toMatchObject({ sessionId: 0, sessionEpoch: 0 })
  })

  it('is asked for again each time where the broker has no room for one', () => {
    const session = new FetchSession()
    for (let i = 0; i < 3; i++) {
      expect(session.request([item(0)], true)).toMatchObject({ sessionId: 0, sessionEpoch: 0, items: [item(0)] })
      session.answered(0)
    }
  })

  it('is none below Fetch v7', () => {
    expect(new FetchSession().request([item(0)], false)).toEqual({
      ...{ sessionId: 0, sessionEpoch: -1, items: [item(0)], forgotten: [] },
    })
  })
})
