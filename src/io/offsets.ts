// Offsets that leaders know: the start, the end, the first at a time, and where a leader epoch ended. [I/O thread]
import { MillraceError } from '../base/errors.ts'
import type { RequestInput } from '../protocol/apis.ts'
import { LATEST, TIMESTAMP_SINCE } from '../protocol/offset-timestamps.ts'
import type { CallBounds, Cluster } from './cluster.ts'
import type { Addressed, PartitionApi, PartitionItem } from './partition-question.ts'
import { PartitionRequests } from './partition-requests.ts'

/** A consumer, not a replica. */
const CONSUMER = -1

/** What is visible: committed records only, or all. */
export type Isolation = 'read_committed' | 'read_uncommitted'

/** The offset that is asked for: of a special timestamp, or the first at or after one in ms. */
export interface OffsetQuery extends PartitionItem {
  timestamp: number
}

/** What a leader says; undefined: there is no such record, or it does not tell. */
export interface FoundOffset {
  offset: number | undefined
  timestamp: number | undefined
  leaderEpoch: number | undefined
}

/** The answer to one query: an offset, or the error that this partition came to. */
export interface OffsetAnswer extends PartitionItem, FoundOffset {
  error: MillraceError | undefined
}

/** Where an epoch ended (KIP-320). */
export interface EpochQuery extends PartitionItem {
  /** The epoch of the last record that was read. */
  leaderEpoch: number
  /** The epoch of the leader as known; it is taken from the metadata if left out. */
  currentLeaderEpoch?: number | undefined
}

/** The largest epoch up to the one asked about, and the offset after its last record; undefined: it is not known. */
export interface EpochEnd {
  leaderEpoch: number | undefined
  endOffset: number | undefined
}

type IsolatedQuery = OffsetQuery & { isolationLevel: Isolation }

/** Looks offsets up, for all readers together. */
export class OffsetLookup {
  readonly #offsets: PartitionRequests<'ListOffsets', IsolatedQuery, FoundOffset>
  readonly #epochs: PartitionRequests<'OffsetForLeaderEpoch', EpochQuery, EpochEnd>

  constructor(cluster: Cluster) {
    this.#offsets = new PartitionRequests(cluster, listOffsetsApi(cluster.host.options.requestTimeoutMs))
    this.#epochs = new PartitionRequests(cluster, epochApi)
  }

  /**
   * Resolves to an answer for each query, in their order; a partition's error is in its answer. Rejects only when
   * aborted or closed. The bounds default to `defaultApiTimeoutMs`. With `orEnd` a time that no record is as young as
   * means the end of the log.
   */
  async listOffsets(
    queries: readonly OffsetQuery[],
    { orEnd = false, ...how }: CallBounds & { isolationLevel: Isolation; orEnd?: boolean | undefined },
  ): Promise<OffsetAnswer[]> {
    const timed = queries.filter(({ timestamp }) => orEnd && timestamp >= 0)
    if (timed.length === 0) return this.#list(queries, how)
    // The ends first: asked after the times, they may have passed a record that came meanwhile.
    const ends = await this.#list(
      timed.map((query) => ({ ...query, timestamp: LATEST })),
      how,
    )
    const endOf = new Map(timed.map((query, i) => [query, ends[i]]))
    const answers = await this.#list(queries, how)
    return answers.map((answer, i) => {
      const found = answer.offset !== undefined || answer.error !== undefined
      return found ? answer : (endOf.get(queries[i]!) ?? answer)
    })
  }

  async #list(
    queries: readonly OffsetQuery[],
    { isolationLevel, ...bounds }: CallBounds & { isolationLevel: Isolation },
  ): Promise<OffsetAnswer[]> {
    const items = queries.map(({ topic, partition, timestamp }) => ({ topic, partition, timestamp, isolationLevel }))
    const outcomes = await this.#offsets.askAll(items, bounds)
    return outcomes.map((outcome, i) => {
      const { topic, partition } = queries[i]!
      if (outcome instanceof MillraceError) return { topic, partition, ...NOTHING, error: outcome }
      return { topic, partition, ...outcome, error: undefined }
    })
  }

  /** Resolves to where an epoch ended; rejects with the partition's error. Queries of one moment share requests. */
  async endOffsetForEpoch(query: EpochQuery, bounds: CallBounds = {}): Promise<EpochEnd> {
    const [outcome] = await this.#epochs.askAll([query], bounds)
    if (outcome instanceof MillraceError) throw outcome
    return outcome!
  }
}

const NOTHING: FoundOffset = { offset: undefined, timestamp: undefined, leaderEpoch: undefined }

function listOffsetsApi(timeoutMs: number): PartitionApi<'ListOffsets', IsolatedQuery, FoundOffset> {
  return {
    api: 'ListOffsets',
    kindOf: ({ isolationLevel }) => isolationLevel,
    // The isolation level came with v2; without it the end of the log would be beyond an open transaction.
    minVersion: ({ timestamp, isolationLevel }) =>
      TIMESTAMP_SINCE.get(timestamp) ?? (isolationLevel === 'read_committed' ? 2 : 1),
    body: (asked) => ({
      replicaId: CONSUMER,
      isolationLevel: asked[0]?.item.isolationLevel === 'read_committed' ? 1 : 0,
      timeoutMs,
      topics: byTopic(asked).map(([name, group]) => ({
        name,
        partitions: group.map(({ item: { partition, timestamp }, leaderEpoch }) => {
          return { partitionIndex: partition, currentLeaderEpoch: leaderEpoch, timestamp }
        }),
      })),
    }),
    *read({ topics }) {
      for (const { name: topic, partitions } of topics) {
        for (const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } of partitions) {
          const result = { offset: known(offset), timestamp: known(timestamp), leaderEpoch: known(leaderEpoch) }
          yield { topic, partition, errorCode, result }
        }
      }
    },
  }
}

const epochApi: PartitionApi<'OffsetForLeaderEpoch', EpochQuery, EpochEnd> = {
  api: 'OffsetForLeaderEpoch',
  kindOf: () => '',
  minVersion: () => 2,
  body: (asked): RequestInput<'OffsetForLeaderEpoch'> => ({
    replicaId: CONSUMER,
    topics: byTopic(asked).map(([topic, group]) => ({
      topic,
      partitions: group.map(({ item, leaderEpoch: current }) => {
        const { partition, leaderEpoch, currentLeaderEpoch = current } = item
        // The metadata may have moved on since the caller looked.
        return { partition, leaderEpoch, currentLeaderEpoch: Math.max(currentLeaderEpoch, current) }
      }),
    })),
  }),
  *read({ topics }) {
    for (const { topic, partitions } of topics) {
      for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
        yield { topic, partition, errorCode, result: { leaderEpoch: known(leaderEpoch), endOffset: known(endOffset) } }
      }
    }
  },
}

function byTopic<Item extends PartitionItem>(asked: readonly Addressed<Item>[]): [string, Addressed<Item>[]][] {
  const groups = new Map<string, Addressed<Item>[]>()
  for (const one of asked) {
    const group = groups.get(one.item.topic)
    if (group === undefined) groups.set(one.item.topic, [one])
    else group.push(one)
  }
  return [...groups]
}

/** Kafka's -1 for "none" becomes undefined. */
function known(value: number): number | undefined {
  return value < 0 ? undefined : value
}
