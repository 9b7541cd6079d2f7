// Plays main for a producer of the I/O thread: makes batches in shared memory, hears reports, frees. [test processes]
import type { Clock } from '../../src/base/clock.ts'
import type { ToMain } from '../../src/control/commands.ts'
import type { BatchReport, ProducerCall, ProducerSettings, SealedBatch } from '../../src/control/producing.ts'
import type { ChannelHost } from '../../src/io/channel.ts'
import { type CallBounds, Cluster } from '../../src/io/cluster.ts'
import { Producers } from '../../src/io/producer/producers.ts'
import { Requester } from '../../src/io/requester.ts'
import { BATCH_HEADER_BYTES, readBatchHeader } from '../../src/record/batch.ts'
import { codecNames } from '../../src/record/compression/codec.ts'
import { encodeBatch } from '../../src/record/encode.ts'

/** What freed memory is filled with: whoever sends it afterwards sends garbage. */
const FREED = 0xdb

/** What a test says about a batch. */
export interface BatchSpec extends Partial<Omit<SealedBatch, 'topic' | 'partition'>> {
  topic?: string
  partition?: number
  values?: readonly string[]
  /** The records are cut in pieces of this size; default: one piece. */
  pieceBytes?: number
  timeoutMs?: number
}

/** A batch that was sent. */
export interface Sent {
  id: number
  report: Promise<BatchReport>
  /** Resolves when its memory is free again. */
  freed: Promise<void>
}

interface Waiting {
  resolve(report: BatchReport): void
  free(): void
  sealed: SealedBatch
  reported: boolean
}

/** The settings of the public option table. */
export const producerDefaults: ProducerSettings = {
  acks: -1,
  idempotent: true,
  transactionalId: undefined,
  transactionTimeoutMs: 60_000,
  maxInFlight: 5,
  connectionsPerBroker: 1,
  requestTimeoutMs: 30_000,
  retries: Number.POSITIVE_INFINITY,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  maxRequestBytes: 1_048_576,
}

/** One producer, its memory, and a cluster of its own. */
export class ProducerRig {
  readonly cluster: Cluster
  readonly memory: SharedArrayBuffer
  /** Everything that was told to main. */
  readonly told: ToMain[] = []
  readonly #producers: Producers
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  readonly #ordinals = new Map<string, number>()
  #free: { start: number; sizeBytes: number }[]
  #nextId = 1
  /** What main must never see: a second report, a second freeing. */
  readonly faults: string[] = []

  constructor(host: ChannelHost, settings: Partial<ProducerSettings> = {}, memoryBytes = 4_194_304) {
    this.cluster = new Cluster(host)
    this.#clock = host.clock
    this.memory = new SharedArrayBuffer(memoryBytes)
    this.#free = [{ start: 0, sizeBytes: memoryBytes }]
    const requester = new Requester(this.cluster)
    this.#producers = new Producers({ cluster: this.cluster, requester, post: (message) => this.#message(message) })
    const all = { ...producerDefaults, ...settings }
    this.#producers.command({ type: 'openProducer', producer: 1, settings: all, memory: this.memory, workers: [] })
  }

  /** Batches whose memory is not free. */
  get heldCount(): number {
    return this.#waiting.size
  }

  /** Sends one batch of `values` (default one) to events-0. */
  send(spec: BatchSpec = {}): Sent {
    return this.sendAll([spec])[0]!
  }

  /** Sends all in one message. */
  sendAll(specs: readonly BatchSpec[]): Sent[] {
    const made = specs.map((spec) => this.make(spec))
    this.post(made.map(({ sealed }) => sealed))
    return made.map(({ sent }) => sent)
  }

  /** Makes a batch and does not send it yet. */
  make(spec: BatchSpec = {}): { sealed: SealedBatch; sent: Sent } {
    const { topic = 'events', partition = 0, values = ['x'], pieceBytes = Number.POSITIVE_INFINITY } = spec
    const { timeoutMs = 120_000, values: _, pieceBytes: __, timeoutMs: ___, ...rest } = spec
    const codec = codecNames[spec.codec ?? 0]!
    const records = values.map((value) => ({ value, timestamp: 1_000 }))
    const bytes = encodeBatch(records, { codec }) as Uint8Array
    const { count, baseTimestamp, maxTimestamp } = readBatchHeader(new DataView(bytes.buffer, bytes.byteOffset), 0)
    const pieces: SealedBatch['pieces'] = []
    // Main knows nothing of headers.
    bytes.fill(0, 0, BATCH_HEADER_BYTES)
    for (let at = 0; at < bytes.length; ) {
      const sizeBytes = Math.min(bytes.length - at, at === 0 ? Math.max(pieceBytes, BATCH_HEADER_BYTES) : pieceBytes)
      pieces.push(this.#claim(bytes.subarray(at, at + sizeBytes)))
      at += sizeBytes
    }
    const place = `${topic}/${partition}`
    const ordinal = this.#ordinals.get(place) ?? 0
    this.#ordinals.set(place, ordinal + 1)
    const id = this.#nextId++
    const deadlineMs = this.#clock.now() + timeoutMs
    const common = { id, topic, partition, ordinal, pieces, count, baseTimestamp, maxTimestamp, codec: 0, deadlineMs }
    const sealed: SealedBatch = { ...common, ...rest }
    let free = () => {}
    const freed = new Promise<void>((resolve) => (free = resolve))
    const report = new Promise<BatchReport>((resolve) => {
      this.#waiting.set(id, { resolve, free, sealed, reported: false })
    })
    return { sealed, sent: { id, report, freed } }
  }

  post(batches: SealedBatch[]): void {
    this.#producers.command({ type: 'produce', producer: 1, batches })
  }

  call(
    call: ProducerCall extends infer C ? (C extends ProducerCall ? Omit<C, 'producer'> : never) : never,
    bounds: CallBounds = {},
  ) {
    return this.#producers.call({ ...call, producer: 1 } as ProducerCall, bounds)
  }

  /** Closes producer and connections. */
  async close(): Promise<void> {
    await this.call({ op: 'closeProducer' })
    this.cluster.close()
  }

  #claim(bytes: Uint8Array): { start: number; sizeBytes: number } {
    // First fit: what was freed last is used again as soon as possible.
    const at = this.#free.findIndex(({ sizeBytes }) => sizeBytes >= bytes.length)
    if (at < 0) throw new Error('the memory of the test is full')
    const { start, sizeBytes } = this.#free[at]!
    this.#free[at] = { start: start + bytes.length, sizeBytes: sizeBytes - bytes.length }
    new Uint8Array(this.memory, start, bytes.length).set(bytes)
    return { start, sizeBytes: bytes.length }
  }

  #message(message: ToMain): void {
    this.told.push(message)
    if (message.type !== 'produced') return
    for (const report of message.reports) {
      const waiting = this.#waiting.get(report.id)
      if (waiting === undefined || waiting.reported) this.faults.push(`batch ${report.id} was reported twice`)
      else waiting.reported = true
      waiting?.resolve(report)
    }
    for (const id of message.freed) {
      const waiting = this.#waiting.get(id)
      if (waiting?.reported !== true) this.faults.push(`batch ${id} was freed twice, or before its report`)
      for (const { start, sizeBytes } of waiting?.sealed.pieces ?? []) {
        new Uint8Array(this.memory, start, sizeBytes).fill(FREED)
        this.#free.unshift({ start, sizeBytes })
      }
      this.#waiting.delete(id)
      waiting?.free()
    }
  }
}
