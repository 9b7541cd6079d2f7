// One connection of a producer to one broker: what goes in its next request, and how many are under way. [I/O thread]
import { type MillraceError, ProtocolViolation } from '../../base/errors.ts'
import type { ProducerSettings } from '../../control/producing.ts'
import type { ResponseOf } from '../../protocol/apis.ts'
import { decodeResponse } from '../../protocol/frame.ts'
import { BufferSink } from '../body-sink.ts'
import type { Channel, Role } from '../channel.ts'
import type { Cluster } from '../cluster.ts'
import type { Connection } from '../connection.ts'
import type { VersionWish } from '../version-range.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { encodeProduce, type ProduceResult, resultsOf, versionMax } from './produce-request.ts'

/** zstd came with this version (KIP-110). */
const ZSTD_VERSION = 7
const ZSTD_CODEC = 4

/** How one request ended. */
export interface LaneAnswer {
  broker: string
  /** How long it took. */
  requestMs: number
  /** Undefined with acks 0: the bytes were written, that is all anybody knows. */
  results: Map<OutgoingBatch, ProduceResult> | undefined
  nodeEndpoints: ResponseOf<'Produce'>['nodeEndpoints']
}

/** What a lane is made with. */
export interface LanePlan {
  brokerId: number
  role: Role
  cluster: Cluster
  settings: ProducerSettings
  /** Versions from 12 on add partitions to a transaction by themselves, older ones do not (KIP-890). */
  versions(): VersionWish
  /** The batch of a partition that may go now. */
  next(queue: PartitionQueue): OutgoingBatch | undefined
  answered(batches: readonly OutgoingBatch[], answer: LaneAnswer): void
  /** No answer came, or the request was never sent. */
  lost(batches: readonly OutgoingBatch[], error: MillraceError): void
  /** The transport is done with the bytes. */
  written(batches: readonly OutgoingBatch[]): void
  /** The broker cannot be reached; these partitions are waiting for it. */
  unreachable(queues: readonly PartitionQueue[], error: MillraceError | undefined): void
}

/** Partitions that have something to send take turns; each request has at most one batch of each. */
export class Lane {
  readonly #plan: LanePlan
  readonly #ready = new Set<PartitionQueue>()
  #inFlightCount = 0
  #connecting = false
  /** The broker asked for silence until then (KIP-219). */
  #quietUntilMs = 0

  constructor(plan: LanePlan) {
    this.#plan = plan
  }

  /** The partition may have something to send. `pump` sends it. */
  add(queue: PartitionQueue): void {
    this.#ready.add(queue)
  }

  /** The partition has gone to another lane. */
  remove(queue: PartitionQueue): void {
    this.#ready.delete(queue)
  }

  /** Sends what may be sent. */
  pump(): void {
    const { settings, cluster } = this.#plan
    while (this.#ready.size > 0 && this.#inFlightCount < settings.maxInFlight) {
      if (cluster.host.clock.now() < this.#quietUntilMs) return
      const connection = this.#channel?.current
      if (connection === undefined) return this.#connect()
      const batches = this.#choose()
      if (batches.length === 0) return
      this.#send(connection, batches)
    }
  }

  get #channel(): Channel | undefined {
    return this.#plan.cluster.channel(this.#plan.brokerId, this.#plan.role)
  }

  #connect(): void {
    if (this.#connecting) return
    const channel = this.#channel
    if (channel === undefined) return this.#unreachable(undefined)
    this.#connecting = true
    channel
      .connection()
      .then(
        () => undefined,
        (error: MillraceError) => error,
      )
      .then((error) => {
        this.#connecting = false
        if (error === undefined) this.pump()
        else this.#unreachable(error)
      })
  }

  #unreachable(error: MillraceError | undefined): void {
    const queues = [...this.#ready]
    this.#ready.clear()
    this.#plan.unreachable(queues, error)
  }

  #acksOf({ sealed }: OutgoingBatch): -1 | 0 | 1 {
    return sealed.acks ?? this.#plan.settings.acks
  }

  /** One batch of each partition, as many as a request holds; those that did not get in come first next time. */
  #choose(): OutgoingBatch[] {
    const { maxRequestBytes } = this.#plan.settings
    const chosen: OutgoingBatch[] = []
    const served: PartitionQueue[] = []
    let sizeBytes = 0
    for (const queue of [...this.#ready]) {
      const batch = this.#plan.next(queue)
      if (batch === undefined) {
        this.#ready.delete(queue)
        continue
      }
      const first = chosen[0]
      if (first !== undefined) {
        if (sizeBytes + batch.sizeBytes > maxRequestBytes) break
        if (this.#acksOf(batch) !== this.#acksOf(first)) continue
      }
      sizeBytes += batch.sizeBytes
      chosen.push(queue.take())
      served.push(queue)
    }
    for (const queue of served) {
      this.#ready.delete(queue)
      this.#ready.add(queue)
    }
    return chosen
  }

  #send(connection: Connection, batches: OutgoingBatch[]): void {
    const { cluster, settings, lost } = this.#plan
    const { clock, options } = cluster.host
    const acks = this.#acksOf(batches[0]!)
    const topicId = (topic: string) => cluster.metadata.peek(topic)?.topic?.id
    // The id that was sent, though metadata may have another one when the answer is here.
    const ids = new Map(batches.map(({ sealed: { topic } }) => [topic, topicId(topic)]))
    const parts = { batches, topicId: (topic: string) => ids.get(topic) }
    const sentAtMs = clock.now()
    let version = 0
    const sink = new BufferSink(
      () => 0,
      (bytes, error) => {
        this.#inFlightCount--
        for (const batch of batches) batch.answered()
        if (error !== undefined) lost(batches, error)
        else this.#answered(connection, parts, version, acks === 0 ? undefined : bytes, sentAtMs)
        this.pump()
      },
    )
    this.#inFlightCount++
    for (const batch of batches) batch.handedOver(sentAtMs)
    const written = () => {
      for (const batch of batches) batch.written()
      this.#plan.written(batches)
    }
    try {
      version = connection.versionOf('Produce', this.#wish(parts))
      const request = encodeProduce(version, {
        ...parts,
        acks,
        transactionalId: batches[0]!.sealed.transaction === undefined ? null : settings.transactionalId!,
        timeoutMs: settings.requestTimeoutMs,
        clientId: options.clientId,
      })
      const { requestTimeoutMs: timeoutMs } = settings
      connection.send('Produce', request, sink, { timeoutMs, sent: written, unanswered: acks === 0 })
    } catch (error) {
      this.#inFlightCount--
      for (const batch of batches) batch.answered()
      lost(batches, error as MillraceError)
      written()
    }
  }

  #wish(parts: { batches: OutgoingBatch[]; topicId(topic: string): string | undefined }): VersionWish {
    const { minVersion = 0, maxVersion = Number.POSITIVE_INFINITY } = this.#plan.versions()
    const zstd = parts.batches.some(({ sealed }) => sealed.codec === ZSTD_CODEC)
    return {
      minVersion: zstd ? Math.max(minVersion, ZSTD_VERSION) : minVersion,
      maxVersion: Math.min(maxVersion, versionMax(parts)),
    }
  }

  #answered(
    connection: Connection,
    parts: { batches: OutgoingBatch[]; topicId(topic: string): string | undefined },
    version: number,
    bytes: Uint8Array | undefined,
    sentAtMs: number,
  ): void {
    const { broker } = connection
    const { clock, options } = this.#plan.cluster.host
    const requestMs = clock.now() - sentAtMs
    if (bytes === undefined) {
      this.#plan.answered(parts.batches, { broker, requestMs, results: undefined, nodeEndpoints: [] })
      return
    }
    let answer: ResponseOf<'Produce'>
    let results: Map<OutgoingBatch, ProduceResult>
    try {
      answer = decodeResponse('Produce', version, bytes)
      results = resultsOf(parts, version, answer, broker)
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause)
      const error = new ProtocolViolation('BAD_RESPONSE', `${broker}: ${text}`, { broker, cause })
      this.#plan.lost(parts.batches, error)
      connection.close(error)
      return
    }
    if (answer.throttleTimeMs > 0) {
      connection.throttle(answer.throttleTimeMs, 'Produce')
      const quietMs = Math.min(answer.throttleTimeMs, options.throttleMaxMs)
      this.#quietUntilMs = clock.now() + quietMs
      clock.after(quietMs, () => this.pump())
    }
    this.#plan.answered(parts.batches, { broker, requestMs, results, nodeEndpoints: answer.nodeEndpoints })
  }
}
