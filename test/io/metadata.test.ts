// What the metadata cache believes, and what it does not.
import { describe, expect, test } from 'vitest'
import { MetadataCache } from '../../src/io/metadata.ts'
import type { ResponseOf } from '../../src/protocol/apis.ts'
import { decodeResponse, encodeResponse } from '../../src/protocol/frame.ts'

interface Given {
  leaders?: [leader: number, epoch: number, errorCode?: number][]
  errorCode?: number
  id?: string
  clusterId?: string
  brokers?: [id: number, host: string, port: number][]
}

const ID = 'abcdefghijklmnopqrstug'

/** A metadata answer about 'events', through the codec, so that every field is there. */
function answer(given: Given = {}): ResponseOf<'Metadata'> {
  const {
    leaders = [[1, 5]],
    errorCode = 0,
    id = ID,
    clusterId = 'c',
    brokers = [
      [1, 'a', 1],
      [2, 'b', 2],
    ],
  } = given
  const bytes = encodeResponse('Metadata', 13, 0, {
    clusterId,
    brokers: brokers.map(([nodeId, host, port]) => ({ nodeId, host, port })),
    topics: [
      {
        name: 'events',
        topicId: id,
        errorCode,
        partitions: leaders.map(([leaderId, leaderEpoch, code = 0], partitionIndex) => {
          return { partitionIndex, leaderId, leaderEpoch, errorCode: code }
        }),
      },
    ],
  })
  return decodeResponse('Metadata', 13, bytes.subarray(4))
}

function cacheWith(given: Given = {}): MetadataCache {
  const cache = new MetadataCache()
  cache.use('events', 0)
  cache.apply(answer(given), ['events'])
  return cache
}

const leaderOf = (cache: MetadataCache, partition = 0) => {
  const found = cache.partition('events', partition)
  return [found?.leaderId, found?.leaderEpoch]
}

describe('leader epochs', () => {
  test('an older epoch is ignored, a newer or equal one is taken', () => {
    const cache = cacheWith({ leaders: [[1, 5]] })
    expect(cache.apply(answer({ leaders: [[2, 4]] }), ['events']).size).toBe(0)
    expect(leaderOf(cache)).toEqual([1, 5])
    cache.apply(answer({ leaders: [[2, 5]] }), ['events'])
    expect(leaderOf(cache)).toEqual([2, 5])
    expect([...cache.apply(answer({ leaders: [[1, 6]] }), ['events'])]).toEqual(['events'])
    expect(leaderOf(cache)).toEqual([1, 6])
  })

  test('partitions keep their epochs one by one', () => {
    const cache = cacheWith({
      leaders: [
        [1, 5],
        [1, 5],
      ],
    })
    cache.apply(
      answer({
        leaders: [
          [2, 6],
          [2, 4],
        ],
      }),
      ['events'],
    )
    expect([leaderOf(cache, 0), leaderOf(cache, 1)]).toEqual([
      [2, 6],
      [1, 5],
    ])
  })

  test('a recreated topic starts again at its own epochs, and may have fewer partitions', () => {
    const cache = cacheWith({
      leaders: [
        [1, 5],
        [1, 5],
      ],
    })
    const other = 'bbbbbbbbbbbbbbbbbbbbbA'
    expect(cache.apply(answer({ leaders: [[2, 0]], id: other }), ['events']).has('events')).toBe(true)
    expect(leaderOf(cache)).toEqual([2, 0])
    expect(cache.partition('events', 1)).toBeUndefined()
    expect([cache.nameOf(ID), cache.nameOf(other)]).toEqual(['events', 'events'])
  })

  test('another cluster behind the same addresses counts from the start', () => {
    const cache = cacheWith({ leaders: [[1, 5]] })
    cache.apply(answer({ leaders: [[2, 1]], clusterId: 'other' }), ['events'])
    expect(leaderOf(cache)).toEqual([2, 1])
  })

  test('a broker that tells no epochs is believed', () => {
    const cache = cacheWith({ leaders: [[1, 5]] })
    cache.apply(answer({ leaders: [[2, -1]] }), ['events'])
    expect(leaderOf(cache)).toEqual([2, -1])
  })
})

describe('answers that are of no use', () => {
  test('a topic reported missing keeps what was known, with the error', () => {
    const cache = cacheWith()
    expect(cache.apply(answer({ errorCode: 3, leaders: [] }), ['events']).has('events')).toBe(true)
    expect(cache.peek('events')).toMatchObject({ errorCode: 3 })
    expect(leaderOf(cache)).toEqual([1, 5])
  })

  test('a topic left out of the answer counts as missing; one without partitions as being made', () => {
    const cache = cacheWith()
    cache.apply({ ...answer(), topics: [] }, ['events'])
    expect(cache.peek('events')?.errorCode).toBe(3)
    cache.apply(answer({ leaders: [] }), ['events'])
    expect(cache.peek('events')?.errorCode).toBe(5)
    cache.apply(answer(), ['events'])
    expect(cache.peek('events')?.errorCode).toBe(0)
  })

  test('a partition with an error has no leader, but a missing replica does not matter', () => {
    const cache = cacheWith({
      leaders: [
        [1, 5, 5],
        [1, 5, 9],
      ],
    })
    expect([leaderOf(cache, 0), leaderOf(cache, 1)]).toEqual([
      [-1, 5],
      [1, 5],
    ])
  })

  test('brokers that cannot be connected to are left out', () => {
    const cache = cacheWith({
      brokers: [
        [1, '', 9092],
        [2, 'b', 0],
        [3, 'c', 70_000],
        [4, 'd', 9092],
        [5, 'e', -1],
      ],
    })
    expect(cache.brokers.map(({ id }) => id)).toEqual([4])
  })
})

describe('hints (KIP-951)', () => {
  const endpoint = { id: 7, host: 'h', port: 7, rack: undefined }

  test('a newer leader with its address is taken, and the broker becomes known', () => {
    const cache = cacheWith({
      leaders: [
        [1, 5],
        [1, 5],
      ],
    })
    expect(cache.applyLeaderHint('events', 1, { leaderId: 7, leaderEpoch: 6 }, [endpoint])).toBe(true)
    expect([leaderOf(cache, 0), leaderOf(cache, 1)]).toEqual([
      [1, 5],
      [7, 6],
    ])
    expect(cache.broker(7)).toEqual(endpoint)
  })

  test('a known leader needs no address', () => {
    expect(cacheWith().applyLeaderHint('events', 0, { leaderId: 2, leaderEpoch: 6 }, [])).toBe(true)
  })

  test.each([
    ['an older epoch', { leaderId: 7, leaderEpoch: 4 }, [endpoint]],
    ['the same epoch', { leaderId: 7, leaderEpoch: 5 }, [endpoint]],
    ['no leader', { leaderId: -1, leaderEpoch: 6 }, [endpoint]],
    ['a broker nobody knows', { leaderId: 9, leaderEpoch: 6 }, [endpoint]],
    ['an address that is none', { leaderId: 7, leaderEpoch: 6 }, [{ ...endpoint, port: 0 }]],
  ])('%s is ignored', (_, hint, endpoints) => {
    const cache = cacheWith()
    expect(cache.applyLeaderHint('events', 0, hint, endpoints)).toBe(false)
    expect(leaderOf(cache)).toEqual([1, 5])
  })

  test('a topic or partition that is not known takes no hint', () => {
    const cache = cacheWith()
    expect(cache.applyLeaderHint('other', 0, { leaderId: 2, leaderEpoch: 9 }, [])).toBe(false)
    expect(cache.applyLeaderHint('events', 3, { leaderId: 2, leaderEpoch: 9 }, [])).toBe(false)
  })
})

test('topics nobody asked about are evicted, their ids stay readable', () => {
  const cache = cacheWith()
  cache.use('used', 1_000)
  cache.evict(500)
  expect(cache.topicNames).toEqual(['used'])
  expect(cache.nameOf(ID)).toBe('events')
  cache.apply(answer(), ['events'])
  expect(cache.peek('events')).toBeUndefined()
})
