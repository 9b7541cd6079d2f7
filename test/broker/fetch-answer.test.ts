// The hand-written Fetch answer is, byte for byte, what the table codec writes.
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { encodeFetchAnswer, type FetchAnswer, type PartitionAnswer } from '../../src/broker/fetch-answer.ts'
import { apis } from '../../src/protocol/apis.ts'
import { decodeResponse, encodeResponse } from '../../src/protocol/frame.ts'

const [first, last] = apis.Fetch.response.versions
const versions = Array.from({ length: last - first + 1 }, (_, i) => first + i)

function randomAnswer(random: Random, version: number): FetchAnswer {
  const below = (limit: number) => Math.floor(random.next() * limit)
  const some = <T>(max: number, make: () => T) => Array.from({ length: below(max + 1) }, make)
  const maybe = <T>(value: T) => (version >= 12 && random.next() < 0.3 ? value : undefined)
  const id = () => Buffer.from(Uint8Array.from({ length: 16 }, () => 1 + below(255))).toString('base64url')
  const partition = (): PartitionAnswer => {
    const pieces = some(3, () => Uint8Array.from({ length: 1 + below(200) }, () => below(256)))
    return {
      partitionIndex: below(1000),
      errorCode: below(120) - 1,
      highWatermark: below(2 ** 40) - 1,
      lastStableOffset: below(2 ** 40) - 1,
      logStartOffset: below(2 ** 40) - 1,
      preferredReadReplica: version >= 11 ? below(9) - 1 : -1,
      divergingEpoch: maybe({ epoch: below(9), endOffset: below(2 ** 40) }),
      currentLeader: maybe({ leaderId: below(9), leaderEpoch: below(9) }),
      abortedTransactions:
        random.next() < 0.3
          ? null
          : some(3, () => ({ producerId: BigInt(below(2 ** 40)), firstOffset: below(2 ** 40) })),
      records: { pieces, sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0) },
    }
  }
  return {
    errorCode: version >= 7 ? below(110) : 0,
    sessionId: version >= 7 ? below(2 ** 31) : 0,
    responses: some(4, () => ({ topic: `topic-${below(1000)}`, topicId: id(), partitions: some(6, partition) })),
    nodeEndpoints: some(version >= 16 ? 3 : 0, () => ({
      nodeId: below(9),
      host: `host-${below(99)}`,
      port: below(65536),
    })),
  }
}

test.each(versions)('v%i is the same from both', (version) => {
  const seed = 4000 + version
  const random = seededRandom(seed)
  for (let i = 0; i < 100; i++) {
    const answer = randomAnswer(random, version)
    const written = Buffer.concat(encodeFetchAnswer(answer, version, i))
    const plain = {
      ...answer,
      responses: answer.responses.map(({ partitions, ...topic }) => ({
        ...topic,
        partitions: partitions.map(({ records, divergingEpoch, currentLeader, ...rest }) => ({
          ...rest,
          ...(divergingEpoch && { divergingEpoch }),
          ...(currentLeader && { currentLeader }),
          records: Buffer.concat(records.pieces),
        })),
      })),
    }
    expect(written.equals(encodeResponse('Fetch', version, i, plain)), `seed ${seed}, answer ${i}`).toBe(true)
    const decoded = decodeResponse('Fetch', version, written.subarray(4))
    expect(decoded.responses).toHaveLength(answer.responses.length)
  }
})

test('the pieces of the log are sent as they are, not copied', () => {
  const piece = Uint8Array.of(1, 2, 3)
  const answer = randomAnswer(seededRandom(1), 16)
  answer.responses = [
    {
      topic: '',
      topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      partitions: [
        {
          partitionIndex: 0,
          errorCode: 0,
          highWatermark: 0,
          lastStableOffset: 0,
          logStartOffset: 0,
          preferredReadReplica: -1,
          divergingEpoch: undefined,
          currentLeader: undefined,
          abortedTransactions: null,
          records: { pieces: [piece], sizeBytes: 3 },
        },
      ],
    },
  ]
  expect(encodeFetchAnswer(answer, 16, 1)).toContain(piece)
})
