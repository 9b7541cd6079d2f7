// The producers of a Kafka instance, and the transactions that need none of the user's. [main thread]
import { AsyncLocalStorage } from 'node:async_hooks'
import { isDeepStrictEqual } from 'node:util'
import { InvalidOption, type MillraceError } from '../base/errors.ts'
import { untilAborted } from '../base/on-abort.ts'
import { builtinName } from '../delivery/serdes.ts'
import type { Engine } from '../engine/engine.ts'
import { DEAD_LETTER_OPTIONS, DeadLetters } from './dead-letters.ts'
import { textsOf } from './option-layer.ts'
import { type ResolvedKafkaOptions, resolveOptions } from './options.ts'
import { Producer, type ProducerOptions, type ProducerPlan } from './producer.ts'
import type { Transaction } from './transaction.ts'
import { userCodeFailed, warn } from './user-code-failed.ts'
import { signalOf } from './wait-options.ts'

/** What `kafka.transaction` takes. */
export interface TransactionOptions extends ProducerOptions {
  /** Called, and awaited, when the transaction was aborted. */
  readonly onAbort?: ((error: unknown) => unknown) | undefined
  /** Aborts it when it fires, and rejects with its reason. A commit that has left by then is TRANSACTION_UNDECIDED. */
  readonly signal?: AbortSignal | undefined
}

/** A producer for transactions, and the last one that was asked for: they run one after the other. */
interface TransactionalProducer {
  readonly plan: Pick<ProducerPlan, 'given' | 'options'>
  producer: Producer<never, never>
  last: Promise<unknown>
}

/** A transaction that runs, or ran: code that it started may go on after its end. */
interface Scope {
  readonly transactionalId: string
  readonly outer: Scope | undefined
  open: boolean
}

/** Makes producers and ends them. */
export class ProducerPool {
  /** Of all consumers. */
  readonly deadLetters = new DeadLetters(() => this.#forLetters())
  readonly #kafka: ResolvedKafkaOptions
  readonly #engine: () => Promise<Engine>
  readonly #letterEngine: () => Promise<Engine>
  readonly #open = new Set<Producer<never, never>>()
  readonly #transactional = new Map<string, TransactionalProducer>()
  /** What the code which runs now is in: of this instance, as another one may well fence it. */
  readonly #within = new AsyncLocalStorage<Scope>()
  #letterProducer: Producer<never, never> | undefined
  #ownId: string | undefined

  /** `letterEngine`: the one there is, also while the instance is being closed and consumers finish what they have. */
  constructor(kafka: ResolvedKafkaOptions, engine: () => Promise<Engine>, letterEngine: () => Promise<Engine>) {
    this.#kafka = kafka
    this.#engine = engine
    this.#letterEngine = letterEngine
  }

  /** A new one. */
  make(given: ProducerOptions): Producer<never, never> {
    const producer = this.#made(given, this.#engine, this.#kafka)
    this.#open.add(producer)
    return producer
  }

  #planned(given: ProducerOptions, base: ResolvedKafkaOptions | undefined) {
    const { key, value, onDelivery, interceptors, ...settings } = given
    return { given: { key, value, onDelivery, interceptors }, options: resolveOptions('producer', settings, base) }
  }

  #made(given: ProducerOptions, engine: () => Promise<Engine>, base?: ResolvedKafkaOptions): Producer<never, never> {
    return new Producer<never, never>({
      ...this.#planned(given, base),
      kafka: this.#kafka,
      engine,
      closed: (one) => void this.#open.delete(one),
      failed: (one) => this.#failed(one),
    })
  }

  /** Those of ours nobody else has, and could close. */
  #failed(one: Producer<never, never>): void {
    const close = () => void one.close({ timeoutMs: 0 }).catch(() => undefined)
    if (one === this.#letterProducer) {
      this.#letterProducer = undefined
      close()
    }
    for (const [id, { producer: known }] of this.#transactional) {
      if (known !== one) continue
      this.#transactional.delete(id)
      close()
    }
  }

  /** A new one for the time of a function; flushed and closed at its end, also when it throws. */
  scoped<T>(given: ProducerOptions, use: (producer: Producer<never, never>) => Promise<T> | T): Promise<T> {
    if (typeof use !== 'function')
      throw new InvalidOption('INVALID_ARGUMENT', 'kafka.producer(options, use) takes a function.')
    return this.#scoped(given, use)
  }

  async #scoped<T>(given: ProducerOptions, use: (producer: Producer<never, never>) => Promise<T> | T): Promise<T> {
    const producer = this.make(given)
    let result: T
    try {
      result = await use(producer)
    } catch (error) {
      // The function's own error is the one to tell.
      await producer.flush().catch(() => undefined)
      await producer.close().catch(() => undefined)
      throw error
    }
    try {
      await producer.flush()
    } finally {
      await producer.close()
    }
    return result
  }

  /** Runs a function in a transaction of its own; those of one id run one after the other. */
  async transaction<T>(
    run: (transaction: Transaction<never, never>) => Promise<T> | T,
    { onAbort, signal: given, ...options }: TransactionOptions,
  ): Promise<T> {
    if (typeof run !== 'function') throw new InvalidOption('INVALID_ARGUMENT', 'kafka.transaction takes a function.')
    const signal = signalOf('kafka.transaction', { signal: given })
    const transactionalId = options.transactionalId ?? this.#idOfOurs()
    const outer = this.#within.getStore()
    if (isWithin(transactionalId, outer)) {
      const text = `A transaction of ${transactionalId} cannot run within another one of it, which would wait for ever.`
      throw new InvalidOption(
        'TRANSACTION_OPEN',
        `${text} Send with the one there is, or give another transactionalId.`,
      )
    }
    const known = this.#transactionalFor({ ...options, transactionalId })
    const { producer, last } = known
    const scope: Scope = { transactionalId, outer, open: true }
    const running = untilAborted(last, signal)
      .then(() => this.#within.run(scope, () => inTransaction(producer, run, { onAbort, signal })))
      .finally(() => void (scope.open = false))
    known.last = Promise.allSettled([last, running]).then(() => producer.finish())
    return running
  }

  /** The one there is, unless it was made with other options: then a new one, once those of the old one are over. */
  #transactionalFor(given: ProducerOptions & { transactionalId: string }): TransactionalProducer {
    const known = this.#transactional.get(given.transactionalId)
    const wanted = this.#planned(given, this.#kafka)
    if (known !== undefined && isSame(known.plan, wanted)) return known
    const ended = known?.last.then(() => known.producer.close().catch(() => undefined))
    const made = { plan: wanted, producer: this.make(given), last: ended ?? Promise.resolve() }
    this.#transactional.set(given.transactionalId, made)
    return made
  }

  /** Ends the one of the dead letters: when no consumer is left. */
  async closeLetters(): Promise<void> {
    await this.#letterProducer?.close({ timeoutMs: 0 }).catch(() => undefined)
  }

  /** Ends all others. */
  async close(timeoutMs: number): Promise<void> {
    const closing = [...this.#open].map((producer) => producer.close({ timeoutMs }))
    await Promise.allSettled(closing)
  }

  /** Sent as they must be: what is set for the producers of the user does not count for them. */
  #forLetters(): Producer {
    this.#letterProducer ??= this.#made(DEAD_LETTER_OPTIONS, this.#letterEngine)
    return this.#letterProducer as unknown as Producer
  }

  /** Fixed for the instance, and no other's unless it was set from outside. */
  #idOfOurs(): string {
    const { transactionalId } = textsOf(this.#kafka) as ProducerOptions
    this.#ownId ??= transactionalId ?? `${this.#kafka.clientId}-${crypto.randomUUID()}`
    return this.#ownId
  }
}

/** Whether records would be sent alike. What is the user's own must be the very same: nobody knows what is in it. */
function isSame(one: TransactionalProducer['plan'], other: TransactionalProducer['plan']): boolean {
  const { key, value, onDelivery, interceptors = [] } = one.given
  const { interceptors: others = [], ...given } = other.given
  return (
    isDeepStrictEqual(one.options, other.options) &&
    isSameSerde(key, given.key) &&
    isSameSerde(value, given.value) &&
    onDelivery === given.onDelivery &&
    interceptors.length === others.length &&
    interceptors.every((interceptor, i) => interceptor === others[i])
  )
}

/** One of ours, such as `json()`, may be made for every call. */
function isSameSerde(one: object | undefined, other: object | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return one === other
  const name = builtinName(one)
  return name !== undefined && name === builtinName(other)
}

function isWithin(transactionalId: string, scope: Scope | undefined): boolean {
  if (scope === undefined) return false
  return (scope.open && scope.transactionalId === transactionalId) || isWithin(transactionalId, scope.outer)
}

async function inTransaction<T>(
  producer: Producer<never, never>,
  run: (transaction: Transaction<never, never>) => Promise<T> | T,
  { onAbort, signal }: Pick<TransactionOptions, 'onAbort' | 'signal'>,
): Promise<T> {
  const transaction = await producer.beginTransaction({ signal })
  const running = (async () => run(transaction))()
  try {
    const result = await untilAborted(running, signal)
    // An end that the function asked for may be under way.
    if (transaction.state === 'open') await transaction.commit({ signal })
    else await transaction.ended()
    return result
  } catch (error) {
    // Ended by the signal, the wait for a commit that has left must not begin again.
    const isLeft = (error as MillraceError | undefined)?.code === 'TRANSACTION_UNDECIDED'
    const endError = isLeft ? undefined : await transaction.ended().then(() => undefined, identity)
    if (transaction.state !== 'open') {
      // The signal came too late for an end that the function had begun by itself: what came of that is what counts.
      const isLate = signal?.aborted === true && error === signal.reason
      if (isLate && transaction.state === 'committed') return await running
      throw isLate ? (endError ?? error) : error
    }
    await transaction.abort().catch((failed: MillraceError) => suppress(error, failed))
    try {
      await onAbort?.(error)
    } catch (thrown) {
      warn(userCodeFailed('onAbort of a transaction', thrown))
    }
    throw error
  }
}

const identity = (error: unknown) => error

/** The caller's own error is thrown; that the abort failed as well can be read off it. */
function suppress(error: unknown, suppressed: MillraceError): void {
  if (Object.isExtensible(error)) (error as { suppressed?: unknown }).suppressed = suppressed
}
