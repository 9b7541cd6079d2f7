// The walk over a Fetch response as it lands, against the table codec of the same message. [test]
import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../src/base/errors.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { FetchReader } from '../../src/io/fetch-reader.ts'
import { type FetchVisitor, FetchWalk, type PartitionHead, type PartitionTail } from '../../src/io/fetch-walk.ts'
import type { Landing } from '../../src/io/landing.ts'
import type { ResponseInput, ResponseOf } from '../../src/protocol/apis.ts'
import { decodeResponse, encodeResponse } from '../../src/protocol/frame.ts'
import type { Memory } from '../../src/ring/memory.ts'
import { fragmentedMemory, land } from './random-landing.ts'

const VERSIONS = Array.from({ length: 15 }, (_, i) => i + 4)

/** Writes down what the walk says; takes records in random steps, as a feed that waits for bytes does. */
class Recorder implements FetchVisitor {
  readonly said: unknown[] = []
  readonly #random: Random
  readonly #landing: () => Landing
  #records: Buffer[] = []

  constructor(random: Random, landing: () => Landing) {
    this.#random = random
    this.#landing = landing
  }

  top(...args: number[]) {
    this.said.push(['top', ...args])
  }

  partition(topic: string, head: PartitionHead): boolean {
    this.#records = []
    this.said.push(['partition', topic, head])
    return true
  }

  records(reader: FetchReader, end: number) {
    while (reader.at < end) {
      const count = Math.min(end - reader.at, 1 + Math.floor(this.#random.next() * 5_000))
      reader.require(count)
      const bytes = Buffer.alloc(count)
      this.#landing().copy(reader.at, bytes)
      this.#records.push(bytes)
      reader.at += count
    }
  }

  partitionEnd(tail: PartitionTail) {
    this.said.push(['end', Buffer.concat(this.#records).toString('base64'), tail])
  }

  endpoints(list: { id: number; host: string; port: number }[]) {
    this.said.push(['endpoints', list])
  }
}

/** What the walk should say, from the decoded message. */
function expected(version: number, response: ResponseOf<'Fetch'>): unknown[] {
  const said: unknown[] = [['top', response.throttleTimeMs, response.errorCode, response.sessionId]]
  for (const topic of response.responses) {
    for (const partition of topic.partitions) {
      const { divergingEpoch, currentLeader } = partition
      const diverging = divergingEpoch.epoch !== -1 || Number(divergingEpoch.endOffset) !== -1
      const led = currentLeader.leaderId !== -1 || currentLeader.leaderEpoch !== -1
      const head: PartitionHead = {
        partition: partition.partitionIndex,
        errorCode: partition.errorCode,
        highWatermark: Number(partition.highWatermark),
        lastStableOffset: Number(partition.lastStableOffset),
        logStartOffset: Number(partition.logStartOffset),
        aborted: (partition.abortedTransactions ?? []).map(({ producerId, firstOffset }) => {
          return { producerId, firstOffset: Number(firstOffset) }
        }),
        preferredReadReplica: partition.preferredReadReplica,
      }
      said.push(['partition', version >= 13 ? topic.topicId : topic.topic, head])
      const tail: PartitionTail = {
        divergingEpoch: diverging
          ? { epoch: divergingEpoch.epoch, endOffset: Number(divergingEpoch.endOffset) }
          : undefined,
        leader: led ? { id: currentLeader.leaderId, epoch: currentLeader.leaderEpoch } : undefined,
      }
      said.push(['end', Buffer.from(partition.records ?? []).toString('base64'), tail])
    }
  }
  const { nodeEndpoints } = response
  if (nodeEndpoints.length > 0) {
    said.push(['endpoints', nodeEndpoints.map(({ nodeId, host, port }) => ({ id: nodeId, host, port }))])
  }
  return said
}

function randomResponse(version: number, random: Random): ResponseInput<'Fetch'> {
  const below = (limit: number) => Math.floor(random.next() * limit)
  const maybe = <T>(value: () => T, otherwise: T, share = 0.5) => (random.next() < share ? value() : otherwise)
  const bytes = (length: number) => Uint8Array.from({ length }, () => below(256))
  const far = () => below(2 ** 31) * 2 ** below(22)
  const partition = (index: number) => ({
    partitionIndex: index,
    errorCode: maybe(() => below(120) - 1, 0, 0.2),
    highWatermark: far(),
    lastStableOffset: far(),
    ...(version >= 5 ? { logStartOffset: far() } : {}),
    abortedTransactions: maybe(
      () => Array.from({ length: below(4) }, () => ({ producerId: BigInt(far()), firstOffset: far() })),
      null,
    ),
    ...(version >= 11 ? { preferredReadReplica: below(5) - 1 } : {}),
    records: maybe<Uint8Array | null>(() => bytes(maybe(() => below(60_000), below(200), 0.2)), null, 0.8),
    ...(version >= 12 && random.next() < 0.3 ? { divergingEpoch: { epoch: below(9), endOffset: far() } } : {}),
    ...(version >= 12 && random.next() < 0.3 ? { currentLeader: { leaderId: below(9), leaderEpoch: below(99) } } : {}),
  })
  const topic = () => ({
    ...(version >= 13
      ? { topicId: Buffer.from(bytes(16)).toString('base64url') }
      : { topic: maybe(() => 'tøpic-'.repeat(below(30)), `t${below(9)}`) || 'x' }),
    partitions: Array.from({ length: below(4) }, (_, i) => partition(i)),
  })
  const endpoint = (nodeId: number) => ({
    nodeId,
    host: `höst-${nodeId}`,
    port: below(65_536),
    rack: maybe(() => 'r', null),
  })
  return {
    throttleTimeMs: below(1_000),
    ...(version >= 7 ? { errorCode: maybe(() => below(100), 0, 0.1), sessionId: below(2 ** 31) } : {}),
    responses: Array.from({ length: below(4) }, topic),
    ...(version >= 16 ? { nodeEndpoints: Array.from({ length: below(3) }, (_, i) => endpoint(i)) } : {}),
  } as ResponseInput<'Fetch'>
}

/** Header tags stand between the correlation id and the body. */
const bodyOf = (frame: Uint8Array) => frame.subarray(8)

function walk(memory: Memory, version: number, body: Uint8Array, random: Random) {
  let visited: Landing | undefined
  const recorder = new Recorder(random, () => visited!)
  let walking: FetchWalk | undefined
  let error: unknown
  const landing = land(memory, body, random, (landing) => {
    visited = landing
    if (error !== undefined) return
    try {
      walking ??= new FetchWalk(landing, version, recorder)
      walking.advance()
    } catch (thrown) {
      error = thrown
    }
  })
  landing.release()
  return { said: recorder.said, done: walking?.done ?? false, error }
}

describe.each(VERSIONS)('Fetch v%i', (version) => {
  it('says what the codec decodes, wherever the bytes lie and however they come', () => {
    for (let seed = version * 1_000; seed < version * 1_000 + 40; seed++) {
      const random = seededRandom(seed)
      const memory = fragmentedMemory(random)
      const before = memory.fetch.heldSegments
      const frame = encodeResponse('Fetch', version, 1, randomResponse(version, random))
      const { said, done, error } = walk(memory, version, bodyOf(frame), random)
      expect(error, `seed ${seed}`).toBeUndefined()
      expect(done, `seed ${seed}`).toBe(true)
      expect(said, `seed ${seed}`).toEqual(expected(version, decodeResponse('Fetch', version, frame.subarray(4))))
      expect(memory.fetch.heldSegments).toBe(before)
    }
  })

  it('refuses what is cut off, and nothing else than by ProtocolViolation', () => {
    const random = seededRandom(version)
    const frame = encodeResponse('Fetch', version, 1, randomResponse(version, random))
    const body = bodyOf(frame)
    const memory = fragmentedMemory(random)
    for (let round = 0; round < 60; round++) {
      const cut = body.subarray(0, Math.floor(random.next() * body.length))
      const { done, error } = walk(memory, version, cut, random)
      expect(done, `seed ${version}, cut at ${cut.length} of ${body.length}`).toBe(false)
      if (cut.length > 0) expect(error, `seed ${version}, cut at ${cut.length}`).toBeInstanceOf(ProtocolViolation)
    }
  })

  it('takes mutated bytes or refuses them by ProtocolViolation; it never fails otherwise and never hangs', () => {
    let refused = 0
    for (let seed = version * 10_000; seed < version * 10_000 + 150; seed++) {
      const random = seededRandom(seed)
      const memory = fragmentedMemory(random, 1_048_576)
      const body = Buffer.from(bodyOf(encodeResponse('Fetch', version, 1, small(version, random))))
      for (let flips = 1 + random.next() * 4; flips > 0; flips--) {
        // Most of what is worth breaking stands before the records.
        const at = Math.floor(random.next() ** 2 * body.length)
        body[at] = random.next() < 0.5 ? 0xff : Math.floor(random.next() * 256)
      }
      const { done, error } = walk(memory, version, body, random)
      if (error !== undefined) {
        refused++
        expect(error, `seed ${seed}`).toBeInstanceOf(ProtocolViolation)
        expect((error as Error).message, `seed ${seed}`).toContain(`Fetch response v${version}`)
      } else expect(done, `seed ${seed}`).toBe(true)
    }
    expect(refused).toBeGreaterThan(10)
  })
})

/** One without large record sets. */
function small(version: number, random: Random): ResponseInput<'Fetch'> {
  const response = randomResponse(version, random)
  for (const { partitions } of response.responses ?? []) {
    for (const partition of partitions ?? []) {
      Object.assign(partition, { records: partition.records?.subarray(0, 100) ?? null })
    }
  }
  return response
}
