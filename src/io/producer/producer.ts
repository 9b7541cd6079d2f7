// One producer: takes sealed batches, sends them in order, and says of each what became of it. [I/O thread]
import type { Timer } from '../../base/clock.ts'
import { fromWire, InvalidOption, type MillraceError, type Stored, toWire } from '../../base/errors.ts'
import type { ToMain } from '../../control/commands.ts'
import type { ProducerCall, ProducerSettings, SealedBatch } from '../../control/producing.ts'
import { brokerErrorOf, ErrorCode } from '../../protocol/errors.ts'
import type { CallBounds, Cluster } from '../cluster.ts'
import { maybeSent } from '../connection-loss.ts'
import type { Requester } from '../requester.ts'
import { delivered, expired, refused } from './delivery-error.ts'
import type { LaneAnswer } from './lane.ts'
import { OutgoingBatch } from './outgoing-batch.ts'
import { PartitionQueue } from './partition-queue.ts'
import type { ProduceResult } from './produce-request.ts'
import { ProducerId } from './producer-id.ts'
import { Reports } from './reports.ts'
import { Routes } from './routes.ts'
import { splitBatch } from './split-batch.ts'
import { CONCURRENT_PAUSE_MS, isFatal } from './transaction-requests.ts'
import { Transactions } from './transactions.ts'

/** What a producer is made with. */
export interface ProducerPlan {
  id: number
  settings: ProducerSettings
  memory: SharedArrayBuffer
  cluster: Cluster
  requester: Requester
  post(message: ToMain): void
}

/** See `control/producing.ts` for what it is told and tells. */
export class Producer {
  readonly #plan: ProducerPlan
  readonly #queues = new Map<string, PartitionQueue[]>()
  readonly #reports: Reports
  readonly #routes: Routes
  readonly #producerId: ProducerId
  readonly #transactions: Transactions | undefined
  /** Runs while there are batches: it fires when the deadline of the first of them is over. */
  #timer: Timer | undefined
  /** Who waits for requests to end. */
  #quieter: (() => void)[] = []
  #timerAtMs = Number.POSITIVE_INFINITY
  /** Why nothing is sent any more. */
  #over: MillraceError | undefined

  constructor(plan: ProducerPlan) {
    const { id, settings, cluster, requester, post } = plan
    this.#plan = plan
    this.#reports = new Reports(id, post)
    this.#producerId = new ProducerId({
      cluster,
      requester,
      found: () => this.#wakeAll(),
      failed: (error) => this.#fail(error),
      delayed: (error) => this.#note(error),
    })
    this.#transactions = this.#makeTransactions()
    this.#routes = new Routes({
      producer: id,
      cluster,
      settings,
      versions: () => this.#transactions?.produceVersions ?? {},
      next: (queue) => this.#next(queue),
      answered: (batches, answer) => this.#answered(batches, answer),
      lost: (batches, error) => this.#lost(batches, error),
      written: (batches) => this.#written(batches),
    })
  }

  /** Takes batches; those whose turn it is are sent at once. */
  produce(batches: readonly SealedBatch[]): void {
    for (const sealed of batches) this.#take(sealed)
    this.#routes.pump()
  }

  /** Calls about the producer id and transactions. */
  async call(call: Exclude<ProducerCall, { op: 'closeProducer' }>, bounds: CallBounds) {
    if (this.#over !== undefined) throw this.#over
    const transactions = this.#transactions
    if (transactions === undefined) {
      if (call.op === 'initProducer' && this.#plan.settings.idempotent) return this.#producerId.await(bounds)
      const text = `${call.op} is for producers with a transactionalId.`
      throw new InvalidOption('INVALID_STATE', text)
    }
    switch (call.op) {
      case 'initProducer':
        return transactions.init(bounds)
      case 'beginTransaction':
        return transactions.begin(call.transaction, bounds)
      case 'addOffsets':
        return transactions.addOffsets(call.group, call.offsets, bounds)
      case 'endTransaction':
        return transactions.end(call.commit, bounds)
    }
  }

  /** Gives everything up; resolves when all memory is main's again. */
  async close(error: MillraceError): Promise<void> {
    this.#stop(error)
    this.#routes.close()
    await this.#reports.emptied()
  }

  #take(sealed: SealedBatch): void {
    const queue = this.#queueOf(sealed)
    const pieces = sealed.pieces.map(({ start, sizeBytes }) => new Uint8Array(this.#plan.memory, start, sizeBytes))
    const batch = new OutgoingBatch(sealed, pieces)
    queue.add(batch)
    this.#reports.came()
    const lost = sealed.lost === undefined ? undefined : fromWire(sealed.lost)
    const refusal = lost ?? this.#refusal(sealed)
    if (refusal !== undefined) return this.#giveUp(batch, refusal)
    this.#watch(sealed.deadlineMs)
    this.#routes.wake(queue)
  }

  /** Whoever compressed it may have taken its time. */
  #tooLate(sealed: SealedBatch): MillraceError | undefined {
    return sealed.deadlineMs > this.#plan.cluster.host.clock.now() ? undefined : expired(sealed, undefined)
  }

  #queueOf({ topic, partition }: SealedBatch): PartitionQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) this.#queues.set(topic, (queues = []))
    const { idempotent, transactionalId } = this.#plan.settings
    const mode = transactionalId !== undefined ? 'transactional' : idempotent ? 'idempotent' : 'plain'
    return (queues[partition] ??= new PartitionQueue(topic, partition, mode))
  }

  *#allQueues(): Iterable<PartitionQueue> {
    for (const queues of this.#queues.values()) for (const queue of queues) if (queue !== undefined) yield queue
  }

  #wakeAll(): void {
    for (const queue of this.#allQueues()) this.#routes.wake(queue)
    this.#routes.pump()
  }

  #next(queue: PartitionQueue): OutgoingBatch | undefined {
    if (this.#over !== undefined) return undefined
    const batch = queue.next()
    if (batch === undefined) return undefined
    if (queue.identity === undefined) {
      const identity =
        this.#transactions === undefined ? this.#producerId.get(queue.usedUp) : this.#transactions.identity
      if (identity === undefined) return undefined
      queue.become(identity)
    }
    return this.#transactions === undefined || this.#transactions.admits(queue) ? batch : undefined
  }

  #answered(batches: readonly OutgoingBatch[], { broker, requestMs, results, nodeEndpoints }: LaneAnswer): void {
    const endpoints = nodeEndpoints.map(({ nodeId: id, host, port, rack }) => {
      return { id, host, port, rack: rack ?? undefined }
    })
    for (const batch of batches) {
      this.#routes.reached(this.#queueOf(batch.sealed))
      const result = results?.get(batch)
      const code = result?.errorCode ?? ErrorCode.NONE
      if (brokerErrorOf(code).stored === 'stored') {
        this.#queueOf(batch.sealed).stored(batch)
        const { baseOffset = -1, logAppendTimeMs: logAppendTime = -1 } = result ?? {}
        this.#reports.report(batch, { error: undefined, baseOffset, logAppendTime, requestMs })
      } else {
        this.#refused(batch, result!, broker, requestMs, endpoints)
      }
      this.#released(batch)
      this.#routes.wake(this.#queueOf(batch.sealed))
    }
    this.#ended()
  }

  #refused(
    batch: OutgoingBatch,
    result: ProduceResult,
    broker: string,
    requestMs: number,
    endpoints: Parameters<Cluster['applyLeaderHint']>[3],
  ): void {
    const { sealed } = batch
    const { topic, partition } = sealed
    const { errorCode: code, currentLeader, errorMessage } = result
    const { class: kind, stored, retriable } = brokerErrorOf(code)
    const error = refused(code, sealed, broker, errorMessage)
    if (stored === 'may be stored') batch.maybeStored = true
    if (kind === 'NotLeader' || kind === 'TopicNotFound' || code === ErrorCode.KAFKA_STORAGE_ERROR) {
      this.#plan.cluster.applyLeaderHint(topic, partition, currentLeader, endpoints)
    }
    if (kind === 'MessageTooLarge' && this.#split(batch, error)) return
    this.#retryOrFail(batch, error, retriable || this.#outOfStep(batch, code), requestMs)
  }

  /** One that is too large goes in parts, if it has more than one record and it is not too late. */
  #split(batch: OutgoingBatch, error: MillraceError): boolean {
    if (batch.reported || this.#refusal(batch.sealed) !== undefined) return false
    const parts = splitBatch(batch, this.#plan.memory.byteLength)
    if (parts === undefined) return false
    const queue = this.#queueOf(batch.sealed)
    queue.lastError = error
    queue.replace(batch, parts)
    return true
  }

  /** Why a batch is not sent (again). */
  #refusal(sealed: SealedBatch): MillraceError | undefined {
    return this.#over ?? this.#transactions?.refusal(sealed.transaction) ?? this.#tooLate(sealed)
  }

  /** A sequence that does not fit is tried again: in its order, or in a new epoch when nothing is before it. */
  #outOfStep(batch: OutgoingBatch, code: number): boolean {
    if (code !== ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && code !== ErrorCode.UNKNOWN_PRODUCER_ID) return false
    if (!this.#plan.settings.idempotent) return false
    const queue = this.#queueOf(batch.sealed)
    const isFirst = queue.isFirst(batch)
    if (!isFirst || queue.isBehindGap(batch)) batch.excusedCount++
    if (!isFirst) return true
    // The whole may be there after all, and the broker knows no part of it: another epoch would store it twice.
    if (batch.part?.whole.maybeStored) return false
    // The epoch of a transactional producer is not its own to raise.
    if (this.#transactions !== undefined) return false
    queue.renumber()
    return true
  }

  #lost(batches: readonly OutgoingBatch[], error: MillraceError): void {
    const { settings, cluster } = this.#plan
    // An answer that makes no sense is as good as none; asking again is safe where nothing is stored twice.
    const again = error.retriable || (error.name === 'ProtocolViolation' && settings.idempotent)
    for (const batch of batches) {
      const { topic, partition } = batch.sealed
      if (maybeSent(error)) batch.maybeStored = true
      cluster.markStale(topic, partition)
      this.#retryOrFail(batch, error, again, 0)
      this.#released(batch)
      this.#routes.wake(this.#queueOf(batch.sealed))
    }
    this.#ended()
  }

  /** A request has ended. */
  #ended(): void {
    this.#routes.pump()
    for (const resolve of this.#quieter.splice(0)) resolve()
  }

  #retryOrFail(batch: OutgoingBatch, error: MillraceError, retriable: boolean, requestMs: number): void {
    const { sealed, attempts, excusedCount } = batch
    const queue = this.#queueOf(sealed)
    const { settings } = this.#plan
    queue.lastError = error
    const mayGo = !batch.reported && attempts - excusedCount <= settings.retries && this.#refusal(sealed) === undefined
    if (retriable && mayGo) {
      queue.retry(batch)
      if (this.#routes.hasMoved(queue)) return
      const concurrent = error.kafkaCode === ErrorCode.CONCURRENT_TRANSACTIONS
      this.#routes.pause(queue, concurrent ? CONCURRENT_PAUSE_MS : this.#routes.backoffMs(attempts - 1))
    } else {
      this.#giveUp(batch, error, requestMs)
    }
  }

  #giveUp(batch: OutgoingBatch, error: MillraceError, requestMs = 0): void {
    // One that is on its way stays in its place until the broker has answered.
    const stored: Stored = batch.maybeStored || batch.inFlight ? 'may be stored' : 'not stored'
    if (!batch.inFlight) this.#queueOf(batch.sealed).giveUp(batch, stored === 'not stored')
    this.#reports.report(batch, { error: delivered(error, batch.sealed, stored), requestMs })
    // A transaction without one of its batches cannot be committed.
    if (this.#transactions === undefined || this.#over !== undefined) return
    if (isFatal(error.kafkaCode) && error.fatal) this.#fail(error)
    else this.#transactions.fail(error, batch.sealed.transaction)
  }

  #released(batch: OutgoingBatch): void {
    this.#reports.freeIfDone(batch)
  }

  #written(batches: readonly OutgoingBatch[]): void {
    for (const batch of batches) {
      this.#released(batch)
      // It may be about to be sent again, and have waited for this.
      if (!batch.inFlight) this.#routes.wake(this.#queueOf(batch.sealed))
    }
    this.#routes.pump()
  }

  #makeTransactions(): Transactions | undefined {
    const { settings, cluster, requester } = this.#plan
    const { transactionalId, transactionTimeoutMs: timeoutMs } = settings
    if (transactionalId === undefined) return undefined
    return new Transactions({
      transactionalId,
      timeoutMs,
      cluster,
      requester,
      identified: (identity) => {
        for (const queue of this.#allQueues()) queue.become(identity)
      },
      mayGo: (queues) => {
        for (const queue of queues) this.#routes.wake(queue)
        this.#routes.pump()
      },
      broken: (error) =>
        this.#giveUpWhere(
          (batch) => !batch.inFlight,
          () => error,
        ),
      failed: (error) => this.#fail(error),
      quiet: () => this.#quiet(),
    })
  }

  /** Resolves when nothing is on its way any more. */
  async #quiet(): Promise<void> {
    while ([...this.#allQueues()].some(({ inFlightCount }) => inFlightCount > 0)) {
      await new Promise<void>((resolve) => this.#quieter.push(resolve))
    }
  }

  #giveUpWhere(chosen: (batch: OutgoingBatch) => boolean, why: (batch: OutgoingBatch) => MillraceError): void {
    for (const queue of this.#allQueues()) {
      for (const batch of [...queue.batches()]) {
        if (!batch.reported && chosen(batch)) this.#giveUp(batch, why(batch))
      }
      this.#routes.wake(queue)
    }
    this.#routes.pump()
  }

  /** Nothing is sent any more. */
  #stop(error: MillraceError): void {
    this.#over ??= error
    this.#producerId.close(error)
    this.#transactions?.close()
    this.#timer?.cancel()
    this.#giveUpWhere(
      () => true,
      () => error,
    )
  }

  #fail(error: MillraceError): void {
    if (this.#over !== undefined) return
    this.#stop(error)
    this.#plan.post({ type: 'producerFailed', producer: this.#plan.id, error: toWire(error) })
  }

  #note(error: MillraceError): void {
    for (const queue of this.#allQueues()) queue.lastError = error
  }

  /** Sees to it that somebody looks when this deadline is over. */
  #watch(deadlineMs: number): void {
    if (deadlineMs >= this.#timerAtMs) return
    this.#timer?.cancel()
    this.#timerAtMs = deadlineMs
    const { clock } = this.#plan.cluster.host
    this.#timer = clock.after(deadlineMs - clock.now(), () => this.#expire())
  }

  #expire(): void {
    const nowMs = this.#plan.cluster.host.clock.now()
    this.#timerAtMs = Number.POSITIVE_INFINITY
    this.#giveUpWhere(
      ({ sealed }) => sealed.deadlineMs <= nowMs,
      ({ sealed }) => expired(sealed, this.#queueOf(sealed).lastError),
    )
    let nextMs = Number.POSITIVE_INFINITY
    for (const queue of this.#allQueues()) {
      for (const { reported, sealed } of queue.batches()) if (!reported) nextMs = Math.min(nextMs, sealed.deadlineMs)
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#watch(nextMs)
  }
}
