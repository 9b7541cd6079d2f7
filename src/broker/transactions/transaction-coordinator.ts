// The transaction coordinator of a cluster: ids and epochs, partitions, ends, timeouts (KIP-98, KIP-890). [broker]
import type { Clock } from '../../base/clock.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import { CoordinatorMoves } from '../coordinator-moves.ts'
import {
  completed,
  isExhausted,
  judgeEnd,
  judgeEndWithBump,
  NO_EPOCH,
  NO_PRODUCER,
  type Outcome,
  type ProducerIdentity,
  prepared,
  type Transaction,
  type TransactionPartition,
} from './transaction.ts'

/** What the coordinator needs of the cluster. */
export interface TransactionGround {
  readonly clock: Clock
  newProducerId(): bigint
  /** Writes a marker; a partition that is gone is passed over. */
  writeMarker(partition: TransactionPartition, producer: ProducerIdentity, outcome: Outcome): void
}

/** What an operation gives: a producer's identity, or the name of a broker error. */
export type Answer = ProducerIdentity | ErrorName

/** As `transaction.max.timeout.ms`. */
const TIMEOUT_MS_MAX = 900_000

/** All transactional ids. Every method is synchronous; what a broker keeps in its log is kept here in memory. */
export class TransactionCoordinator {
  readonly moves: CoordinatorMoves
  readonly #ground: TransactionGround
  readonly #transactions = new Map<string, Transaction>()
  /** How long markers wait; see `delayMarkers`. */
  #markerDelayMs = 0
  readonly #unwritten = new Map<Transaction, () => void>()

  constructor(ground: TransactionGround) {
    this.#ground = ground
    this.moves = new CoordinatorMoves(ground.clock)
  }

  /** InitProducerId with a transactional id: the next epoch; who is older is fenced, what is open is aborted. */
  init(id: string, timeoutMs: number, expected: ProducerIdentity | undefined): Answer {
    if (id === '') return 'INVALID_REQUEST'
    if (timeoutMs <= 0 || timeoutMs > TIMEOUT_MS_MAX) return 'INVALID_TRANSACTION_TIMEOUT'
    const transaction = this.#transactions.get(id) ?? this.#create(id, timeoutMs)
    if (expected !== undefined && !mayInit(transaction, expected)) return 'PRODUCER_FENCED'
    switch (transaction.state) {
      case 'PrepareCommit':
      case 'PrepareAbort':
        return 'CONCURRENT_TRANSACTIONS'
      case 'Ongoing':
        // The epoch of the fence is never told: the client asks again and gets one that is higher still.
        this.#fenceAndAbort(transaction)
        return 'CONCURRENT_TRANSACTIONS'
      default:
        return this.#nextEpoch(transaction, timeoutMs, expected)
    }
  }

  /** AddPartitionsToTxn and AddOffsetsToTxn, and what Produce does by itself from v12 on. */
  addPartitions(id: string, by: ProducerIdentity, partitions: readonly TransactionPartition[]): ErrorName {
    const transaction = this.#of(id, by)
    if (typeof transaction === 'string') return transaction
    if (isPrepared(transaction)) return 'CONCURRENT_TRANSACTIONS'
    if (transaction.state !== 'Ongoing') {
      transaction.state = 'Ongoing'
      transaction.startMs = this.#ground.clock.wall()
      transaction.timer = this.#ground.clock.after(transaction.timeoutMs, () => this.#fenceAndAbort(transaction))
    }
    for (const one of partitions) transaction.partitions.set(nameOf(one), one)
    return 'NONE'
  }

  /** Whether a partition is part of the open transaction, as leaders ask before the first write (KIP-890). */
  verify(id: string, by: ProducerIdentity, partition: TransactionPartition): ErrorName {
    const transaction = this.#of(id, by)
    if (typeof transaction === 'string') return transaction
    if (isPrepared(transaction)) return 'CONCURRENT_TRANSACTIONS'
    return transaction.partitions.has(nameOf(partition)) ? 'NONE' : 'TRANSACTION_ABORTABLE'
  }

  /** EndTxn. The answer leaves before the markers are written, as in Kafka. */
  end(id: string, by: ProducerIdentity, outcome: Outcome, bumpsEpoch: boolean): Answer {
    if (id === '') return 'INVALID_REQUEST'
    const transaction = this.#transactions.get(id)
    if (transaction === undefined) return 'INVALID_PRODUCER_ID_MAPPING'
    const verdict = (bumpsEpoch ? judgeEndWithBump : judgeEnd)(transaction, by, outcome)
    if (verdict === 'end') return this.#prepare(transaction, outcome, bumpsEpoch)
    return verdict === 'repeat' ? identityOf(transaction) : verdict
  }

  /** What is known of an id; undefined: nothing. */
  get(id: string): Readonly<Transaction> | undefined {
    return this.#transactions.get(id)
  }

  /** All ids. */
  all(): Readonly<Transaction>[] {
    return [...this.#transactions.values()]
  }

  /**
   * From now on markers are written so long after the end was decided, as it takes a real cluster a while; Infinity:
   * only when this is called again. Meanwhile the next transaction hears CONCURRENT_TRANSACTIONS. Default 0: at once.
   */
  delayMarkers(delayMs: number): void {
    this.#markerDelayMs = delayMs
    for (const [transaction, write] of [...this.#unwritten]) {
      this.#unwritten.delete(transaction)
      this.#writeLater(transaction, write)
    }
  }

  /** Stops all timers. */
  close(): void {
    this.moves.close()
    for (const { timer } of this.#transactions.values()) timer?.cancel()
  }

  #create(id: string, timeoutMs: number): Transaction {
    const transaction: Transaction = {
      id,
      producerId: this.#ground.newProducerId(),
      producerEpoch: NO_EPOCH,
      lastProducerId: NO_PRODUCER,
      lastProducerEpoch: NO_EPOCH,
      state: 'Empty',
      timeoutMs,
      startMs: -1,
      partitions: new Map(),
      timer: undefined,
    }
    this.#transactions.set(id, transaction)
    return transaction
  }

  #of(id: string, by: ProducerIdentity): Transaction | ErrorName {
    if (id === '') return 'INVALID_REQUEST'
    const transaction = this.#transactions.get(id)
    if (transaction?.producerId !== by.producerId) return 'INVALID_PRODUCER_ID_MAPPING'
    return transaction.producerEpoch === by.producerEpoch ? transaction : 'PRODUCER_FENCED'
  }

  #nextEpoch(transaction: Transaction, timeoutMs: number, expected: ProducerIdentity | undefined): Answer {
    const { producerEpoch, lastProducerEpoch } = transaction
    const expectedEpoch = expected?.producerEpoch
    if (isExhausted(producerEpoch) && (expectedEpoch === undefined || expectedEpoch === producerEpoch)) {
      this.#rotate(transaction, expectedEpoch === undefined ? NO_EPOCH : producerEpoch)
    } else if (expectedEpoch === undefined || producerEpoch === NO_EPOCH || expectedEpoch === producerEpoch) {
      transaction.producerEpoch++
      // Who inits without an identity is somebody new: no repeat of an older one may pass.
      transaction.lastProducerEpoch = expectedEpoch === undefined ? NO_EPOCH : producerEpoch
    } else if (expectedEpoch !== lastProducerEpoch) {
      return 'PRODUCER_FENCED'
    }
    transaction.timeoutMs = timeoutMs
    transaction.state = 'Empty'
    transaction.startMs = -1
    return identityOf(transaction)
  }

  #rotate(transaction: Transaction, lastProducerEpoch: number): void {
    transaction.lastProducerId = transaction.producerId
    transaction.lastProducerEpoch = lastProducerEpoch
    transaction.producerId = this.#ground.newProducerId()
    transaction.producerEpoch = 0
  }

  /** Another producer took over, or the time is over: whoever wrote until now has lost. */
  #fenceAndAbort(transaction: Transaction): void {
    transaction.producerEpoch++
    transaction.lastProducerEpoch = NO_EPOCH
    this.#complete(transaction, 'abort', transaction.producerEpoch)
  }

  /** Decides the end; the identity is what the client goes on with. */
  #prepare(transaction: Transaction, outcome: Outcome, bumpsEpoch: boolean): ProducerIdentity {
    const { producerId, producerEpoch } = transaction
    if (!bumpsEpoch) {
      this.#complete(transaction, outcome, producerEpoch)
      return { producerId, producerEpoch }
    }
    transaction.lastProducerEpoch = producerEpoch
    const exhausted = isExhausted(producerEpoch)
    const next = exhausted ? this.#ground.newProducerId() : NO_PRODUCER
    this.#complete(transaction, outcome, producerEpoch + 1, next)
    return exhausted ? { producerId: next, producerEpoch: 0 } : { producerId, producerEpoch: producerEpoch + 1 }
  }

  /** Markers carry the epoch that the transaction has from here on. */
  #complete(transaction: Transaction, outcome: Outcome, markerEpoch: number, nextProducerId = NO_PRODUCER): void {
    transaction.timer?.cancel()
    transaction.timer = undefined
    transaction.producerEpoch = markerEpoch
    transaction.state = prepared(outcome)
    if (transaction.startMs < 0) transaction.startMs = this.#ground.clock.wall()
    const marked = identityOf(transaction)
    this.#writeLater(transaction, () => {
      for (const partition of transaction.partitions.values()) this.#ground.writeMarker(partition, marked, outcome)
      transaction.partitions.clear()
      transaction.state = completed(outcome)
      if (nextProducerId === NO_PRODUCER) return
      transaction.lastProducerId = transaction.producerId
      transaction.producerId = nextProducerId
      transaction.producerEpoch = 0
    })
  }

  #writeLater(transaction: Transaction, write: () => void): void {
    if (this.#markerDelayMs === 0) {
      write()
    } else if (this.#markerDelayMs === Infinity) {
      this.#unwritten.set(transaction, write)
    } else {
      transaction.timer = this.#ground.clock.after(this.#markerDelayMs, write)
    }
  }
}

/** As in Kafka: nobody had it yet, it is the same producer, or its last words before its id was used up. */
function mayInit(transaction: Transaction, expected: ProducerIdentity): boolean {
  if (transaction.producerEpoch === NO_EPOCH || expected.producerId === transaction.producerId) return true
  return expected.producerId === transaction.lastProducerId && isExhausted(expected.producerEpoch)
}

function isPrepared({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort'
}

function identityOf({ producerId, producerEpoch }: ProducerIdentity): ProducerIdentity {
  return { producerId, producerEpoch }
}

function nameOf({ topic, partition }: TransactionPartition): string {
  return `${topic}-${partition}`
}
