// The transactions of one producer, as its coordinator sees them (KIP-98, KIP-360, KIP-447, KIP-890). [I/O thread]
//
//   new ─init─► ready ─begin─► open ─end─► ending ─► ready
//                                └─ a failure: what was not sent is given up, and only an abort is possible
//
// An end whose outcome nobody could tell is reported as that. The next transaction begins by making the id anew, which
// ends on the coordinator whatever was left open.
import { type ErrorClass, errorOf, InvalidOption, MillraceError } from '../../base/errors.ts'
import type { ProducerIdentity, TransactionGroup, TransactionOffset } from '../../control/producing.ts'
import { brokerErrorOf, ErrorCode } from '../../protocol/errors.ts'
import type { CallBounds, Cluster } from '../cluster.ts'
import type { Deadline } from '../deadline.ts'
import type { Requester } from '../requester.ts'
import type { VersionWish } from '../version-range.ts'
import type { Identity } from './outgoing-batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { isFatal, type TransactionQuestion, TransactionRequests } from './transaction-requests.ts'

/** The last Produce version that does not add partitions by itself, and the versions around the second protocol. */
const FIRST_PROTOCOL = { produceMax: 11, addPartitionsMax: 3, offsetsMax: 4, endMax: 4 }
const SECOND_PROTOCOL = { produceMin: 12, offsetsMin: 5, endMin: 5 }
/** The version with the own id in it (KIP-360). */
const OWN_ID_VERSION = 3

/** What transactions are made with. */
export interface TransactionsPlan {
  transactionalId: string
  timeoutMs: number
  cluster: Cluster
  requester: Requester
  /** The producer has another id or epoch. */
  identified(identity: Identity): void
  /** Partitions were added: these may send. */
  mayGo(queues: readonly PartitionQueue[]): void
  /** The transaction cannot be committed any more. */
  broken(error: MillraceError): void
  /** The producer is of no use any more. */
  failed(error: MillraceError): void
  /** Resolves when no batch is on its way. */
  quiet(): Promise<void>
}

/** One at a time. */
export class Transactions {
  readonly #plan: TransactionsPlan
  readonly #closing = new AbortController()
  readonly #requests: TransactionRequests
  #phase: 'new' | 'ready' | 'open' | 'ending' = 'new'
  #identity: ProducerIdentity | undefined
  /** The second protocol is spoken (KIP-890 v2). */
  #second = false
  #number = 0
  /** Why the open transaction cannot be committed. */
  #failure: MillraceError | undefined
  /** The coordinator may know of the open transaction. */
  #started = false
  /** The next one begins with a new epoch. */
  #renew = false
  readonly #added = new Set<PartitionQueue>()
  #toAdd = new Set<PartitionQueue>()
  /** Partitions are being added: the end waits for it. */
  #adding: Promise<void> | undefined

  constructor(plan: TransactionsPlan) {
    this.#plan = plan
    this.#requests = new TransactionRequests(plan.cluster, plan.requester, this.#closing.signal)
  }

  /** Undefined before `init`. */
  get identity(): Identity | undefined {
    return this.#identity
  }

  /** The versions of Produce that belong to the protocol. */
  get produceVersions(): VersionWish {
    return this.#second ? { minVersion: SECOND_PROTOCOL.produceMin } : { maxVersion: FIRST_PROTOCOL.produceMax }
  }

  /** Why a batch of that transaction is not taken; undefined: it is. */
  refusal(number: number | undefined): MillraceError | undefined {
    if (this.#phase === 'open' && number === this.#number) return this.#failure && aborted(this.#failure)
    return new InvalidOption('NO_TRANSACTION', 'The transaction of these records has ended, or was never begun.', {
      stored: 'not stored',
    })
  }

  /** Whether a partition may send now; if it must be added first, it is, and `mayGo` tells. */
  admits(queue: PartitionQueue): boolean {
    if (this.#phase !== 'open' || this.#failure !== undefined) return false
    if (this.#second || this.#added.has(queue)) {
      this.#started = true
      return true
    }
    this.#toAdd.add(queue)
    this.#adding ??= this.#add()
    return false
  }

  /** The first failure decides. */
  fail(error: MillraceError, number: number | undefined = this.#number): void {
    if (number !== this.#number) return
    // Its sequences have a gap; with the second protocol every end brings a new epoch.
    if (this.#phase === 'ending') this.#renew ||= !this.#second
    if (this.#phase !== 'open' || this.#failure !== undefined) return
    this.#failure = error
    // Sequences may have a gap, and answers may be on their way still.
    this.#renew ||= !this.#second
    this.#plan.broken(aborted(error))
  }

  async init(bounds: CallBounds): Promise<ProducerIdentity> {
    if (this.#phase === 'new') {
      await this.#initialize(bounds)
      this.#phase = 'ready'
    }
    return this.#identity!
  }

  begin(number: number, bounds: CallBounds): Promise<void> {
    return this.#within('The begin of a transaction', bounds, (deadline) => this.#begin(number, deadline))
  }

  async #begin(number: number, deadline: Deadline): Promise<void> {
    await this.init(left(deadline))
    // Main begins one only when none is open: it did not hear that this one had begun.
    if (this.#phase === 'open') await this.#finish(false, deadline)
    if (this.#phase !== 'ready') throw notNow('begin a transaction', 'the last one is still being ended')
    if (this.#renew) {
      await deadline.race(this.#plan.quiet())
      await this.#initialize(left(deadline))
    }
    this.#phase = 'open'
    this.#number = number
    this.#failure = undefined
    this.#started = false
    this.#added.clear()
    this.#toAdd.clear()
  }

  /** Adds offsets of a group to the open transaction. */
  addOffsets(group: TransactionGroup, offsets: readonly TransactionOffset[], bounds: CallBounds): Promise<void> {
    return this.#within('The offsets', bounds, (deadline) => this.#addOffsets(group, offsets, deadline))
  }

  async #addOffsets(group: TransactionGroup, offsets: readonly TransactionOffset[], deadline: Deadline): Promise<void> {
    if (this.#phase !== 'open') throw notNow('add offsets', 'no transaction is open')
    if (this.#failure !== undefined) throw this.#failure
    const { groupId } = group
    if (!this.#second) {
      const body = { ...this.#self(), groupId }
      await this.#must({ target: this.#coordinator, api: 'AddOffsetsToTxn', body, bounds: left(deadline) })
    }
    this.#started = true
    const topics = new Map<string, TransactionOffset[]>()
    for (const one of offsets) topics.set(one.topic, [...(topics.get(one.topic) ?? []), one])
    const body = {
      ...this.#self(),
      ...group,
      topics: [...topics].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => {
          return {
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch,
            committedMetadata: metadata,
          }
        }),
      })),
    }
    const versions = this.#second
      ? { minVersion: SECOND_PROTOCOL.offsetsMin }
      : { maxVersion: FIRST_PROTOCOL.offsetsMax }
    const target = { coordinator: 'group', key: groupId } as const
    await this.#must({ target, api: 'TxnOffsetCommit', body, bounds: left(deadline), ...versions })
  }

  /** Ends the open transaction; rejects unless it ended as asked. */
  end(commit: boolean, bounds: CallBounds): Promise<void> {
    const what = commit ? 'The commit' : 'The abort'
    return this.#within(`${what} of the transaction`, bounds, (deadline) => this.#finish(commit, deadline))
  }

  async #finish(commit: boolean, deadline: Deadline): Promise<void> {
    if (this.#phase !== 'open') throw notNow(commit ? 'commit' : 'abort', 'no transaction is open')
    if (commit && this.#failure !== undefined) throw this.#failure
    if (!commit) this.#plan.broken(aborted(this.#failure))
    this.#phase = 'ending'
    try {
      await this.#settled(commit, deadline)
      if (this.#started) await this.#end(commit, left(deadline))
    } finally {
      if (this.#phase === 'ending') this.#phase = 'ready'
    }
  }

  /** Nothing is on its way any more. If that takes too long, nothing was said to the coordinator. */
  async #settled(commit: boolean, deadline: Deadline): Promise<void> {
    const late = await deadline.race(Promise.all([this.#plan.quiet(), this.#adding])).then(
      () => undefined,
      (error: MillraceError) => error,
    )
    if (commit && (this.#failure ?? late) !== undefined) {
      this.#phase = 'open'
      if (late !== undefined) this.fail(mustAbort(late))
      throw this.#failure!
    }
    if (late === undefined) return
    // A new epoch aborts what is open.
    this.#renew = true
    throw late
  }

  /** All steps of a call share its time, and end with the producer. */
  async #within(what: string, bounds: CallBounds, run: (deadline: Deadline) => Promise<void>): Promise<void> {
    const deadline = this.#plan.cluster.deadline(what, bounds, this.#closing.signal)
    try {
      await run(deadline)
    } finally {
      deadline.dispose()
    }
  }

  close(): void {
    this.#closing.abort()
  }

  get #coordinator() {
    return { coordinator: 'transaction', key: this.#plan.transactionalId } as const
  }

  #self(): { transactionalId: string } & ProducerIdentity {
    return { transactionalId: this.#plan.transactionalId, ...this.#identity! }
  }

  async #initialize(bounds: CallBounds): Promise<void> {
    const { transactionalId, timeoutMs: transactionTimeoutMs } = this.#plan
    // With its own id a producer that was replaced meanwhile is told so; without, it would replace the other one.
    let own = this.#identity
    const { error, body } = await this.#requests.ask({
      target: this.#coordinator,
      api: 'InitProducerId',
      body: (version) => ({ transactionalId, transactionTimeoutMs, ...(version >= OWN_ID_VERSION ? own : {}) }),
      bounds,
      retrying: ({ kafkaCode }) => {
        // Nobody has replaced it so far. To abort what is open the coordinator raises the epoch, and would take the
        // own id of the next attempt for one that was replaced.
        if (kafkaCode === ErrorCode.CONCURRENT_TRANSACTIONS) own = undefined
      },
    })
    if (error !== undefined) {
      // Anything but a coordinator that could not be asked is a refusal for good.
      if (error.kafkaCode !== undefined && !error.retriable) this.#plan.failed(error)
      throw error
    }
    this.#second = await this.#requests.speaksSecondProtocol(transactionalId)
    this.#renew = false
    this.#become(body)
  }

  #become({ producerId, producerEpoch }: ProducerIdentity): void {
    this.#identity = { producerId, producerEpoch }
    this.#plan.identified(this.#identity)
  }

  async #add(): Promise<void> {
    // All that come in this turn are added by one request.
    await undefined
    while (this.#toAdd.size > 0 && this.#phase === 'open' && this.#failure === undefined) {
      const queues = [...this.#toAdd]
      this.#toAdd = new Set()
      const topics = new Map<string, number[]>()
      for (const { topic, partition } of queues) topics.set(topic, [...(topics.get(topic) ?? []), partition])
      const { transactionalId, producerId, producerEpoch } = this.#self()
      const { error, doubtful } = await this.#requests.ask({
        target: this.#coordinator,
        api: 'AddPartitionsToTxn',
        body: {
          v3AndBelowTransactionalId: transactionalId,
          v3AndBelowProducerId: producerId,
          v3AndBelowProducerEpoch: producerEpoch,
          v3AndBelowTopics: [...topics].map(([name, partitions]) => ({ name, partitions })),
        },
        maxVersion: FIRST_PROTOCOL.addPartitionsMax,
        bounds: { signal: this.#closing.signal },
      })
      if (error === undefined || doubtful) this.#started = true
      if (error !== undefined) this.#refused(error)
      else for (const queue of queues) this.#added.add(queue)
      if (error === undefined) this.#plan.mayGo(queues)
    }
    this.#adding = undefined
  }

  async #must(question: TransactionQuestion<'AddOffsetsToTxn'> | TransactionQuestion<'TxnOffsetCommit'>) {
    const { error, doubtful } = await this.#requests.ask(question as TransactionQuestion<'TxnOffsetCommit'>)
    if (error === undefined || doubtful) this.#started = true
    if (error === undefined) return
    this.#refused(error)
    throw error
  }

  #refused(error: MillraceError): void {
    if (error.kafkaCode === ErrorCode.INVALID_PRODUCER_ID_MAPPING) this.#renew = true
    if (isFatal(error.kafkaCode)) this.#plan.failed(error)
    else this.fail(error)
  }

  async #end(commit: boolean, bounds: CallBounds): Promise<void> {
    // The coordinator would refuse it; a new id ends what was open.
    if (!commit && this.#failure?.kafkaCode === ErrorCode.INVALID_PRODUCER_ID_MAPPING) return this.#initialize(bounds)
    const versions = this.#second ? { minVersion: SECOND_PROTOCOL.endMin } : { maxVersion: FIRST_PROTOCOL.endMax }
    const body = { ...this.#self(), committed: commit }
    const { target, api } = { target: this.#coordinator, api: 'EndTxn' as const }
    const { error, body: answer, doubtful } = await this.#requests.ask({ target, api, body, bounds, ...versions })
    if (error === undefined) {
      if (this.#second && answer.producerId >= 0n) this.#become(answer)
      return
    }
    if (isFatal(error.kafkaCode)) {
      const known = doubtful && commit ? undecided(error) : error
      this.#plan.failed(known)
      throw known
    }
    if (commit && !doubtful && !tellsNothing(error)) {
      this.#phase = 'open'
      this.fail(error)
      throw error
    }
    this.#renew = true
    if (commit) throw undecided(error)
    // A new epoch aborts what is open, for certain.
    await this.#initialize(bounds)
  }
}

/** Whether a commit may have been carried out although it was answered so. */
function tellsNothing(error: MillraceError): boolean {
  return error.kafkaCode === undefined || brokerErrorOf(error.kafkaCode).stored === 'may be stored'
}

function left({ leftMs, signal }: Deadline): CallBounds {
  return { timeoutMs: leftMs, signal }
}

function mustAbort(error: MillraceError): MillraceError {
  return errorOf(error.name as ErrorClass, error.code, error.message, { ...error, requiresAbort: true, cause: error })
}

function undecided(cause: MillraceError): MillraceError {
  const text = `Nobody could tell whether the transaction was committed or aborted: ${cause.message}`
  return errorOf(cause.name as ErrorClass, 'TRANSACTION_UNDECIDED', text, {
    kafkaCode: cause.kafkaCode,
    fatal: cause.fatal,
    stored: 'may be stored',
    cause,
  })
}

/** What batches are told that go down with their transaction. */
function aborted(cause: MillraceError | undefined): MillraceError {
  const reason = cause === undefined ? '' : `: ${cause.message}`
  const details = { requiresAbort: true, cause }
  return new MillraceError('TRANSACTION_ABORTED', `The transaction of these records is aborted${reason}`, details)
}

function notNow(what: string, why: string): InvalidOption {
  return new InvalidOption('INVALID_STATE', `The producer cannot ${what}: ${why}.`)
}
