// A transaction: records, and offsets of what they were made from, that become visible together or not at all.
// [main thread]
import { type ErrorClass, errorOf, InvalidOption, MillraceError } from '../base/errors.ts'
import { untilAborted } from '../base/on-abort.ts'
import type { ProducerCall, TransactionGroup, TransactionOffset } from '../control/producing.ts'
import type { TransactedOffset } from '../delivery/acks.ts'
import { Batch } from '../delivery/batch.ts'
import type { Sendable } from '../delivery/serdes.ts'
import type { OffsetToCommit } from './committer.ts'
import { checkOffset, checkPartitions } from './consumer-checks.ts'
import { type BatchArguments, batchOf } from './producer-batch-arguments.ts'
import type { RecordMetadata } from './producer-deliveries.ts'
import type { ProducerRecord, SendOptions } from './producer-record.ts'
import { type SendCallOptions, Sender, type SenderHost } from './producer-sender.ts'
import { TopicProducer } from './producer-topic-view.ts'
import { RecordBatch } from './record-batches.ts'
import { type CommittingConsumer, TransactedCommits } from './transacted-commits.ts'
import { signalOf, type WaitOptions } from './wait-options.ts'

/** Whose offsets they are. */
type OffsetsOf = CommittingConsumer | { readonly groupId: string }
type AnyBatch = Batch<unknown, unknown> | RecordBatch<unknown, unknown>

/** What it is made with. */
export interface TransactionParts {
  number: number
  transactionalId: string
  host: SenderHost
  timeoutMs: number
}

/** Where it stands. `undecided`: an end that nobody could confirm. */
export type TransactionState = 'open' | 'ending' | 'committed' | 'aborted' | 'undecided' | 'failed'

/** Left unsettled by `await using`, it is aborted. */
export class Transaction<K = Sendable, V = Sendable> implements AsyncDisposable {
  readonly number: number
  readonly #parts: TransactionParts
  readonly #sender: Sender
  #state: TransactionState = 'open'
  readonly #transacted: TransactedOffset[] = []
  /** Its beginning, and offsets that are being added: an end waits for them. */
  readonly #underWay = new Set<Promise<unknown>>()
  /** Of a record or an offset: it can only be aborted. */
  #failure: MillraceError | undefined
  /** A commit or an abort that is under way. */
  #ending: Promise<void> | undefined

  /** @internal */
  constructor(parts: TransactionParts) {
    this.#parts = parts
    this.number = parts.number
    this.#sender = new Sender(parts.host, {
      number: parts.number,
      check: () => this.#checkOpen(),
      failed: (error) => this.failed(error),
    })
  }

  /** Where it stands. */
  get state(): TransactionState {
    return this.#state
  }

  /** It has not ended yet. */
  get isOpen(): boolean {
    return this.#state === 'open' || this.#state === 'ending'
  }

  /** @internal */
  begin(): Promise<void> {
    return this.#track(
      async () => {
        const core = await this.#parts.host.open()
        await this.#call({ op: 'beginTransaction', producer: core.line.id, transaction: this.number })
      },
      () => void (this.#state = 'failed'),
    )
  }

  /** @internal A record was not stored: what is left is to abort. */
  failed(error: MillraceError): void {
    this.#failure ??= error
  }

  /** As `send` of the producer. */
  send(record: ProducerRecord<K, V>, options?: SendCallOptions): Promise<RecordMetadata> {
    return this.#sender.send(record, options)
  }

  /** As `sendBatch` of the producer. */
  sendBatch(topic: string, values: readonly (V | null)[], options?: SendCallOptions): Promise<RecordMetadata[]>
  sendBatch(records: readonly ProducerRecord<K, V>[], options?: SendCallOptions): Promise<RecordMetadata[]>
  async sendBatch(...given: readonly unknown[]): Promise<RecordMetadata[]> {
    const { count, recordAt, options } = batchOf(given as BatchArguments)
    return this.#sender.sendBatch(count, recordAt, options)
  }

  /** As `enqueue` of the producer; a failure makes `commit` reject. */
  enqueue(record: ProducerRecord<K, V>, options?: SendOptions): Promise<void> | undefined {
    return this.#sender.enqueue(record, options)
  }

  /** The same for one topic. */
  topic(name: string): TopicProducer<K, V> {
    return new TopicProducer<K, V>(this, name)
  }

  /**
   * Commits offsets together with the records: of a batch of a consumer with a group; of what a consumer gave last and
   * all else that is processed; or offsets that everything before is processed of. The consumer leaves its own commits
   * of these partitions alone meanwhile; after an abort it reads again what was not committed. With `{ groupId }` any
   * offsets, for a group without members. A `signal` ends the wait, not more: the commit waits for what is under way.
   *
   * ```ts
   * for await (const batch of consumer.batches()) {
   *   await kafka.transaction(async (tx) => {
   *     await tx.sendBatch('copy', Array.from(batch, ({ value }) => value))
   *     await tx.commitOffsets(batch)
   *   }, { transactionalId: 'copier-1' })
   * }
   * ```
   */
  commitOffsets(read: AnyBatch | CommittingConsumer, options?: WaitOptions): Promise<void>
  commitOffsets(offsets: readonly OffsetToCommit[], of: OffsetsOf, options?: WaitOptions): Promise<void>
  async commitOffsets(
    what: AnyBatch | CommittingConsumer | readonly OffsetToCommit[],
    of?: OffsetsOf | WaitOptions,
    options?: WaitOptions,
  ): Promise<void> {
    this.#checkOpen()
    const signal = signalOf('commitOffsets', Array.isArray(what) ? options : (of as WaitOptions | undefined))
    await untilAborted(this.#commitOffsets(what, of), signal)
  }

  async #commitOffsets(
    what: AnyBatch | CommittingConsumer | readonly OffsetToCommit[],
    of: OffsetsOf | WaitOptions | undefined,
  ): Promise<void> {
    if (what instanceof Batch || what instanceof RecordBatch) return this.#addTransacted([what.transact()])
    if (what instanceof TransactedCommits) return this.#addTransacted(what.transact())
    if (!Array.isArray(what)) throw new InvalidOption('INVALID_ARGUMENT', COMMIT_OFFSETS)
    checkPartitions('commitOffsets', what, '{ topic, partition, offset }')
    for (const { offset } of what) checkOffset('commitOffsets', offset)
    if (of instanceof TransactedCommits) return this.#addTransacted(of.transact(what))
    const { groupId } = (of ?? {}) as { groupId?: unknown }
    if (typeof groupId !== 'string' || groupId === '') throw new InvalidOption('NO_GROUP', COMMIT_OFFSETS)
    const nobody = { generationId: -1, memberId: '', groupInstanceId: null }
    const offsets = what.map(({ topic, partition, offset, metadata = null }) => {
      return { topic, partition, offset, leaderEpoch: -1, metadata }
    })
    await this.#addOffsets({ groupId, ...nobody }, offsets)
  }

  /**
   * Makes everything visible at once. Rejects when the transaction did not end so: with `requiresAbort` it is still
   * open, and `abort` is all that is left; TRANSACTION_UNDECIDED says that nobody knows whether it was committed.
   *
   * A `signal` that fires before the commit has left leaves it open, and rejects with its reason. Later it ends nothing
   * but the wait, with TRANSACTION_UNDECIDED: `state` tells in the end.
   */
  async commit(options?: WaitOptions): Promise<void> {
    this.#checkOpen()
    const signal = signalOf('commit', options)
    this.#ending = this.#commit(signal)
    await this.#ending
  }

  /** Makes everything as if it had never been sent. A `signal` ends the wait, not more. */
  async abort(options?: WaitOptions): Promise<void> {
    this.#checkUnsettled()
    const signal = signalOf('abort', options)
    this.#ending = this.#abort()
    await untilAborted(this.#ending, signal)
  }

  /** Aborts what was neither committed nor aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') await this.abort()
  }

  /** @internal Settles as the last commit or abort does, if there was one. */
  async ended(): Promise<void> {
    await this.#ending
  }

  /** @internal Resolves when it has ended: as is under way, or by an abort. */
  async finish(): Promise<void> {
    await this.ended().catch(() => undefined)
    if (this.#state === 'open') await this.abort()
  }

  async #commit(signal: AbortSignal | undefined): Promise<void> {
    this.#state = 'ending'
    const core = await this.#parts.host.open()
    const settled = core.settle().then(() => Promise.allSettled(this.#underWay))
    await untilAborted(settled, signal, () => void (this.#state = 'open'))
    if (this.#failure !== undefined) {
      this.#state = 'open'
      throw abortNeeded(this.#failure, this.#parts.transactionalId)
    }
    const ended = this.#end(core.line.id, true)
    // Whoever comes next waits for the end, not for who waited.
    this.#ending = ended
    await untilAborted(ended, signal).catch((error) => {
      throw this.#state === 'ending' ? undecided(error) : error
    })
  }

  async #abort(): Promise<void> {
    this.#state = 'ending'
    const core = await this.#parts.host.open()
    core.abandon(new MillraceError('TRANSACTION_ABORTED', 'Its transaction was aborted.', { stored: 'not stored' }))
    await Promise.allSettled(this.#underWay)
    await this.#end(core.line.id, false)
    await core.settle()
  }

  async #addTransacted(transacted: readonly TransactedOffset[]): Promise<void> {
    this.#transacted.push(...transacted)
    const [first] = transacted
    if (first === undefined) return
    await this.#addOffsets(
      first.group,
      transacted.map(({ offset }) => offset),
    )
  }

  async #addOffsets(group: TransactionGroup, offsets: TransactionOffset[]): Promise<void> {
    await this.#track(
      async () => {
        const core = await this.#parts.host.open()
        await this.#call({ op: 'addOffsets', producer: core.line.id, group, offsets })
      },
      (error) => this.failed(error),
    )
  }

  /** An end waits for it, whoever waits besides. */
  #track(call: () => Promise<void>, failed: (error: MillraceError) => void): Promise<void> {
    const tracked = call()
      .catch((error) => {
        failed(error)
        throw error
      })
      .finally(() => this.#underWay.delete(tracked))
    this.#underWay.add(tracked)
    return tracked
  }

  /** Consumers go on with their own commits; what was not committed is read again. */
  #release(committed: boolean): void {
    for (const transacted of this.#transacted.splice(0)) transacted.ended(committed)
  }

  async #end(producer: number, commit: boolean): Promise<void> {
    try {
      await this.#call({ op: 'endTransaction', producer, commit })
      this.#state = commit ? 'committed' : 'aborted'
      this.#release(commit)
    } catch (thrown) {
      const error = commit ? unconfirmed(thrown as MillraceError) : (thrown as MillraceError)
      this.#state = error.requiresAbort ? 'open' : error.code === 'TRANSACTION_UNDECIDED' ? 'undecided' : 'failed'
      if (error.requiresAbort) this.#failure ??= error
      else this.#release(false)
      throw error
    }
  }

  async #call(call: ProducerCall): Promise<void> {
    const core = await this.#parts.host.open()
    await core.ask(call, this.#parts.timeoutMs)
  }

  /** Records and a commit need that nothing has failed. */
  #checkOpen(): void {
    this.#checkUnsettled()
    if (this.#failure !== undefined) throw abortNeeded(this.#failure, this.#parts.transactionalId)
  }

  #checkUnsettled(): void {
    if (this.#state === 'open') return
    const text = `This transaction of ${this.#parts.transactionalId} is ${this.#state}: begin another one.`
    throw new InvalidOption('TRANSACTION_ENDED', text, { stored: 'not stored' })
  }
}

const COMMIT_OFFSETS = 'commitOffsets takes a batch, a consumer, or offsets together with a consumer or { groupId }.'

/** What main says by itself, when the I/O thread did not. */
const UNANSWERED: ReadonlySet<string> = new Set(['THREAD_DIED', 'CALL_TIMED_OUT', 'CLOSED'])

/** The I/O thread tells when a commit is undecided. Where it told nothing, the commit may have been sent. */
function unconfirmed(error: MillraceError): MillraceError {
  if (!UNANSWERED.has(error.code) || error.stored === 'not stored') return error
  const text = `Nobody could tell whether the transaction was committed or aborted: ${error.message}`
  const details = { fatal: error.fatal, stored: 'may be stored', cause: error } as const
  return errorOf(error.name as ErrorClass, 'TRANSACTION_UNDECIDED', text, details)
}

/** The wait for a commit was ended: it goes on. */
function undecided(reason: unknown): MillraceError {
  const text = 'The commit of the transaction has left, and the signal fired before its answer came.'
  return new MillraceError('TRANSACTION_UNDECIDED', text, { stored: 'may be stored', cause: reason })
}

function abortNeeded(cause: MillraceError, transactionalId: string): MillraceError {
  const text = `The transaction of ${transactionalId} can only be aborted: ${cause.message}`
  return new MillraceError('TRANSACTION_FAILED', text, { ...cause, requiresAbort: true, cause })
}
