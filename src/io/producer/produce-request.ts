// One Produce request: batches of many partitions, and what the broker said of each. [I/O thread]
import { ProtocolViolation } from '../../base/errors.ts'
import type { RequestInput, ResponseOf } from '../../protocol/apis.ts'
import { encodeRequestPieces } from '../../protocol/frame.ts'
import type { EncodedRequest } from '../exchange.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'

/** From here on topics go by their ids (KIP-516). */
const TOPIC_ID_VERSION = 13

/** What the broker said of one partition. */
export type ProduceResult = ResponseOf<'Produce'>['responses'][number]['partitionResponses'][number]

/** What a request is made of. */
export interface ProduceParts {
  /** At most one of a partition. */
  batches: readonly OutgoingBatch[]
  acks: -1 | 0 | 1
  transactionalId: string | null
  timeoutMs: number
  clientId: string
  /** The id of a topic; undefined where brokers have none. */
  topicId(topic: string): string | undefined
}

/** Encodes it around the batches, which stay where they are. */
export function encodeProduce(version: number, parts: ProduceParts): EncodedRequest {
  const { acks, transactionalId, timeoutMs, clientId } = parts
  const topics = new Map<string, { index: number; records: OutgoingBatch }[]>()
  for (const batch of parts.batches) {
    const { topic, partition } = batch.sealed
    const partitionData = topics.get(topic) ?? []
    partitionData.push({ index: partition, records: batch })
    topics.set(topic, partitionData)
  }
  const body: RequestInput<'Produce'> = {
    transactionalId,
    acks,
    timeoutMs,
    topicData: [...topics].map(([name, partitionData]) => ({ name, topicId: parts.topicId(name), partitionData })),
  }
  // The connection fills in the correlation id.
  return { version, pieces: encodeRequestPieces('Produce', version, { correlationId: 0, clientId }, body) }
}

/** The last version in which all these topics can be named. */
export function versionMax({ batches, topicId }: Pick<ProduceParts, 'batches' | 'topicId'>): number {
  const named = batches.every(({ sealed }) => topicId(sealed.topic) !== undefined)
  return named ? Number.POSITIVE_INFINITY : TOPIC_ID_VERSION - 1
}

/** Finds the result of each batch in the answer; throws when the broker left one out. */
export function resultsOf(
  { batches, topicId }: Pick<ProduceParts, 'batches' | 'topicId'>,
  version: number,
  answer: ResponseOf<'Produce'>,
  broker: string,
): Map<OutgoingBatch, ProduceResult> {
  const found = new Map<string, ProduceResult>()
  for (const topic of answer.responses) {
    const name = version >= TOPIC_ID_VERSION ? topic.topicId : topic.name
    for (const result of topic.partitionResponses) found.set(`${name}/${result.index}`, result)
  }
  const results = new Map<OutgoingBatch, ProduceResult>()
  for (const batch of batches) {
    const { topic, partition } = batch.sealed
    const result = found.get(`${version >= TOPIC_ID_VERSION ? topicId(topic) : topic}/${partition}`)
    if (result === undefined) {
      const text = `${broker} did not say what became of the batch for ${topic}-${partition}.`
      throw new ProtocolViolation('BAD_RESPONSE', text, { broker, topic, partition })
    }
    results.set(batch, result)
  }
  return results
}
