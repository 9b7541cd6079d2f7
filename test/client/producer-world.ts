// A producer on a virtual clock, whose I/O thread a test plays. [test]

import { type MillraceError, ThreadDied, TopicNotFound, type WireError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { resolveOptions } from '../../src/client/options.ts'
import { Producer, type ProducerOptions } from '../../src/client/producer.ts'
import type { Call } from '../../src/control/commands.ts'
import type { CompressJob } from '../../src/control/compressing.ts'
import type { BatchReport, PartReport, SealedBatch } from '../../src/control/producing.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { ProducerEvents } from '../../src/engine/producers.ts'
import { writeBatchHeader } from '../../src/record/batch.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { decodeBatch } from '../record/decode-batch.ts'

/** What the I/O thread is told. */
export interface World {
  clock: VirtualClock
  producer: Producer
  /** Batches that came, in order; a test takes them out when it answers. */
  posted: SealedBatch[]
  /** For workers. */
  jobs: CompressJob[]
  calls: Call[]
  topics: Record<string, number>
  closed: number
  /** The calls of these fail so, when it is there. */
  failures: Partial<Record<Call['op'], MillraceError | Promise<MillraceError>>>
  /** So fail the first attempts to start the engine. */
  startFailures: MillraceError[]
  /** Stores what came so far, from offset `base` on, and frees it. */
  store(batches?: SealedBatch[], base?: number): void
  fail(batches: SealedBatch[], error: Partial<WireError>): void
  /** It was too large, and went in parts. */
  endInParts(batch: SealedBatch, parts: readonly PartReport[]): void
  /** The values that lie in a batch now. */
  values(batch: SealedBatch): Promise<(string | null)[]>
  die(): void
  failProducer(error: MillraceError): void
  partitionsChanged(topic: string, partitions: number): void
  /** Whether the process is held up. */
  readonly holds: number
}

/** A producer for topics `events` (4 partitions) and `other` (1). */
export function world(options: ProducerOptions = {}, kafka: object = {}): World {
  const clock = new VirtualClock()
  let events!: ProducerEvents
  let memory!: SharedArrayBuffer
  let holds = 0
  const state = {
    clock,
    posted: [] as SealedBatch[],
    jobs: [] as CompressJob[],
    calls: [] as Call[],
    topics: { events: 4, other: 1 } as Record<string, number>,
    failures: {} as World['failures'],
    startFailures: [] as MillraceError[],
    closed: 0,
  }
  const report = (batch: SealedBatch, more: Partial<BatchReport>): BatchReport => ({
    ...{ id: batch.id, count: batch.count, baseOffset: -1, logAppendTime: -1, error: undefined, attempts: 1 },
    ...{ firstSentAtMs: clock.now(), requestMs: 1, sizeBytes: 100, ...more },
  })
  const tell = (batches: SealedBatch[], reports: BatchReport[]) => {
    for (const batch of batches) state.posted.splice(state.posted.indexOf(batch), 1)
    events.produced(
      reports,
      batches.map(({ id }) => id),
    )
  }
  const call = async (asked: Call) => {
    state.calls.push(asked)
    const failure = state.failures[asked.op]
    if (failure !== undefined) throw await failure
    if (asked.op === 'closeProducer') {
      const left = [...state.posted]
      const error = { class: 'Closed', code: 'CANCELLED', message: 'cancelled', stored: 'not stored' } as const
      tell(
        left,
        left.map((batch) => report(batch, { error })),
      )
    }
    if (asked.op !== 'topics') return undefined
    const [topic] = asked.topics
    const partitions = state.topics[topic!]
    if (partitions === undefined) throw new TopicNotFound('UNKNOWN_TOPIC', `no ${topic}`, { topic })
    return [{ topic, partitions }]
  }
  const engine = {
    clock,
    random: seededRandom(1),
    call,
    async holding<T>(pending: Promise<T>): Promise<T> {
      holds++
      return pending.finally(() => holds--)
    },
    producers: {
      open(_: unknown, shared: SharedArrayBuffer, told: ProducerEvents) {
        memory = shared
        events = told
        const produce = (batches: SealedBatch[]) => state.posted.push(...batches)
        const compress = (jobs: CompressJob[]) => state.jobs.push(...jobs)
        return { id: 0, produce, compress, forget: () => state.closed++ }
      },
    },
  } as unknown as Engine
  const { key, value, onDelivery, interceptors, ...settings } = options
  const producer = new Producer({
    given: { key, value, onDelivery, interceptors },
    options: resolveOptions('producer', settings),
    kafka: resolveOptions('kafka', { brokers: ['x:1'], ...kafka }),
    engine: async () => {
      const failure = state.startFailures.shift()
      if (failure !== undefined) throw failure
      return engine
    },
    closed: () => {},
    failed: () => {},
  }) as Producer
  return Object.assign(state, {
    producer,
    store: (batches = [...state.posted], base = 0) =>
      tell(
        batches,
        batches.map((batch) => report(batch, { baseOffset: base })),
      ),
    fail: (batches: SealedBatch[], error: Partial<WireError>) => {
      const wire = { class: 'Timeout', code: 'LATE', message: 'late', stored: 'may be stored', ...error } as WireError
      tell(
        batches,
        batches.map((batch) => report(batch, { error: wire })),
      )
    },
    endInParts: (batch: SealedBatch, parts: readonly PartReport[]) => {
      const own = parts.find(({ error }) => error !== undefined) ?? parts[0]!
      tell([batch], [report(batch, { ...own, count: batch.count, parts: [...parts] })])
    },
    values: (batch: SealedBatch) => valuesOf(new Uint8Array(memory), batch),
    die: () => events.died(new ThreadDied('THREAD_DIED', 'it died', { fatal: true })),
    failProducer: (error: MillraceError) => events.failed(error),
    partitionsChanged: (topic: string, partitions: number) => events.partitionsChanged([{ topic, partitions }]),
    get holds() {
      return holds
    },
  }) as World
}

/** Reads the records as a broker would, had the I/O thread written the header. */
async function valuesOf(memory: Uint8Array, batch: SealedBatch): Promise<(string | null)[]> {
  const bytes = Buffer.concat(batch.pieces.map(({ start, sizeBytes }) => memory.subarray(start, start + sizeBytes)))
  const { count, baseTimestamp, maxTimestamp, codec: attributes } = batch
  const fields = { count, baseTimestamp, maxTimestamp, attributes, lastOffsetDelta: count - 1, sizeBytes: bytes.length }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  writeBatchHeader(view, { ...fields, producerId: -1n, producerEpoch: -1, baseSequence: -1 })
  const { records: read } = await decodeBatch(bytes, 0, { checkCrcs: false })
  return read.map(({ value }) => value?.toString() ?? null)
}
