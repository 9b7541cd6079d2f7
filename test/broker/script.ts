// A script of requests that the embedded broker and a real Kafka are asked in turn, with answers to compare.
import { expect } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import type { ApiName, RequestInput, ResponseOf } from '../../src/protocol/apis.ts'
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  CONTROL_BIT,
  CRC_AT,
  LEADER_EPOCH_AT,
  MAGIC_AT,
  PRODUCER_ID_AT,
} from '../../src/record/batch.ts'
import { RawClient } from './raw-client.ts'

/** What differs from broker to broker without meaning anything. */
const incidental = new Set([
  'throttleTimeMs',
  'clusterId',
  'host',
  'port',
  'nodeId',
  'leaderId',
  'errorMessage',
  'batchIndexErrorMessage',
  'documentation',
])
/** An answer without what is incidental. Ids that a broker made up are only told apart from none. */
function normal(value: unknown, name = ''): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes: ${withoutProducers(value).toString('base64')}`
  if (typeof value === 'bigint') return value < 0n ? 'no producer' : 'a producer'
  if (name === 'topicId') return /^A{20,}/.test(String(value)) ? value : 'a topic id'
  if (name === 'sessionId') return value === 0 ? 0 : 'a session'
  if (name === 'configs') return undefined
  if (Array.isArray(value)) return inOrder(value).map((item) => normal(item))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => !incidental.has(key))
  return Object.fromEntries(kept.map(([key, item]) => [key, normal(item, key)]))
}

/** Kafka answers ListOffsets in an order of its own. */
function inOrder(items: readonly { partitionIndex?: number }[]): readonly unknown[] {
  return [...items].sort((a, b) => (a.partitionIndex ?? 0) - (b.partitionIndex ?? 0))
}

/** Batches without what differs: leader epochs, producer ids, the CRC over these, the times of markers. */
function withoutProducers(batches: Uint8Array): Buffer {
  const bytes = Buffer.from(batches)
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; at += 12 + bytes.readInt32BE(at + BATCH_LENGTH_AT)) {
    bytes.fill(0, at + LEADER_EPOCH_AT, at + MAGIC_AT)
    // The time of a marker is the broker's own.
    if ((bytes[at + ATTRIBUTES_AT + 1]! & CONTROL_BIT) !== 0) bytes.fill(0, at + BASE_TIMESTAMP_AT, at + PRODUCER_ID_AT)
    if (bytes.readBigInt64BE(at + PRODUCER_ID_AT) < 0n) continue
    bytes.fill(0, at + CRC_AT, at + CRC_AT + 4)
    bytes.fill(0, at + PRODUCER_ID_AT, at + PRODUCER_ID_AT + 8)
  }
  return bytes
}

/** One question and what came back. */
export interface Step {
  what: string
  answer: unknown
}

/** What a part of a script works with. */
export interface ScriptContext {
  /** Asks, and notes the answer; while it only says "later" it is asked again. */
  ask<A extends ApiName>(
    what: string,
    api: A,
    version: number,
    body: RequestInput<A>,
    isLater?: (answer: ResponseOf<A>) => boolean,
  ): Promise<ResponseOf<A>>
  client: RawClient
  /** A topic of this run. */
  t: string
  prefix: string
}

/** Waits until all partitions of a topic have leaders that know it of themselves; gives the topic's id. */
export async function ledTopic(client: RawClient, topic: string, partitionCount: number): Promise<string> {
  for (;;) {
    const { topics } = await client.call('Metadata', 12, { topics: [{ name: topic }], allowAutoTopicCreation: false })
    const partitions = Array.from({ length: partitionCount }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1,
    }))
    const ends = await client.call('ListOffsets', 9, { replicaId: -1, topics: [{ name: topic, partitions }] })
    const { errorCode, topicId, partitions: known } = topics[0]!
    const led = ends.topics[0]!.partitions.every((partition) => partition.errorCode === 0)
    if (errorCode === 0 && known.length === partitionCount && led) return topicId
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Plays a script on a real Kafka and on the embedded broker; answers differ nowhere. Gives how many there were. */
export async function expectSameAnswers(
  realAddress: string,
  prefix: string,
  parts: readonly ((context: ScriptContext) => Promise<void>)[],
): Promise<number> {
  const real = await playScript(realAddress, prefix, parts)
  await using broker = await Broker.start()
  const embedded = await playScript(broker.address, prefix, parts)
  expect(broker.errors).toEqual([])
  expect(embedded.map(({ what }) => what)).toEqual(real.map(({ what }) => what))
  for (const [i, step] of embedded.entries()) expect.soft(step.answer, step.what).toEqual(real[i]!.answer)
  return embedded.length
}

/** Plays parts of a script against one broker; names begin with the prefix, which is cut off again. */
async function playScript(
  address: string,
  prefix: string,
  parts: readonly ((context: ScriptContext) => Promise<void>)[],
): Promise<Step[]> {
  const client = await RawClient.connect(address)
  const steps: Step[] = []
  const context: ScriptContext = {
    client,
    t: `${prefix}t`,
    prefix,
    async ask(what, api, version, body, isLater = () => false) {
      let answer = await client.call(api, version, body)
      for (let left = 200; isLater(answer); left--) {
        if (left === 0) throw new Error(`${what}: the broker said "later" for 10 s`)
        await new Promise((resolve) => setTimeout(resolve, 50))
        answer = await client.call(api, version, body)
      }
      const text = JSON.stringify(normal(answer)).replaceAll(prefix, '')
      steps.push({ what, answer: JSON.parse(text) })
      return answer
    },
  }
  for (const part of parts) await part(context)
  await client.close()
  return steps
}
