// Records through functions, lazily: filter, map and their like; each is marked processed when it is. [main thread]
import type { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { inspect } from 'node:util'
import { InvalidOption } from '../base/errors.ts'
import { ConcurrentSource } from './flow-concurrent.ts'
import { FlowReadable } from './flow-readable.ts'
import { type FlowSource, type Given, Whole } from './flow-source.ts'
import { signalOf, type WaitOptions } from './wait-options.ts'

/** How `map` runs. */
export interface MapOptions {
  /** Calls of the function at once; default 1. When it is given, a record is processed as soon as its call fulfils. */
  concurrency?: number
  /** Whether results come in the order of the records; default true. */
  ordered?: boolean
}

/** More calls at once than anyone means. */
const CONCURRENCY_MAX = 100_000

type Test<T> = (value: T) => boolean | Promise<boolean>
/** What `flatMap` may make of one thing. */
export type Parts<U> = Iterable<U> | AsyncIterable<U>

/**
 * Things one after the other. In a loop over a flow, one is processed when the loop asks for the next. Nothing is read
 * before something is asked for.
 */
export class Flow<T> implements AsyncIterable<T> {
  readonly #source: FlowSource<T>

  /** @internal */
  constructor(source: FlowSource<T>) {
    this.#source = source
  }

  /** Those for which `test` says true; the others are processed at once. */
  filter(test: Test<T>): Flow<T> {
    checkFunction('filter', test)
    return this.#through(async (source, signal) => {
      for (;;) {
        const given = await source.next(signal)
        if (given === undefined || (await test(given.value))) return given
        given.done()
      }
    })
  }

  /** What `fn` makes of each. */
  map<U>(fn: (value: T) => U | Promise<U>, options: MapOptions = {}): Flow<U> {
    checkFunction('map', fn)
    const { concurrency, ordered = true } = options
    if (concurrency !== undefined) {
      const calls = wholeNumber('map: concurrency', concurrency, 1, CONCURRENCY_MAX)
      return new Flow<U>(new ConcurrentSource(this.#source, fn, calls, ordered))
    }
    return this.#through(async (source, signal) => {
      const given = await source.next(signal)
      return given === undefined ? undefined : given.as(await fn(given.value))
    })
  }

  /** All that `fn` makes of each; one is processed with the last thing made of it. */
  flatMap<U>(fn: (value: T) => Parts<U> | Promise<Parts<U>>): Flow<U> {
    checkFunction('flatMap', fn)
    let whole: Whole<T> | undefined
    let parts: Iterator<U> | AsyncIterator<U> | undefined
    return this.#through(async (source, signal) => {
      for (;;) {
        const part = await parts?.next()
        if (part !== undefined && !part.done) return whole!.part(part.value)
        whole?.end()
        whole = undefined
        parts = undefined
        const given = await source.next(signal)
        if (given === undefined) return undefined
        whole = new Whole(given)
        parts = iteratorOf(await fn(given.value))
      }
    })
  }

  /** The first `count`: exactly these are processed, nothing behind them is asked for. */
  take(count: number): Flow<T> {
    let left = wholeNumber('take', count, 0)
    return this.#through(async (source, signal) => {
      if (left-- > 0) return source.next(signal)
      await source.close()
      return undefined
    })
  }

  /** All but the first `count`, which are processed at once. */
  drop(count: number): Flow<T> {
    let left = wholeNumber('drop', count, 0)
    return this.filter(() => left-- <= 0)
  }

  /** The first one, which is processed then; undefined when there is none. */
  first(options?: WaitOptions): Promise<T | undefined> {
    return this.find(() => true, options)
  }

  /** The first for which `test` says true, undefined when there is none. It and those before it are processed. */
  async find(test: Test<T>, options?: WaitOptions): Promise<T | undefined> {
    checkFunction('find', test)
    const signal = signalOf('find', options)
    const iterator = this.filter(test).take(1).#iterate(signal)
    const { value, done } = await iterator.next()
    if (done) signal?.throwIfAborted()
    // Asking on says that it is processed.
    await iterator.next()
    return value
  }

  /** All of them, or those that came until the signal fired: they are processed. Rejects when there are none then. */
  toArray(options?: WaitOptions): Promise<T[]> {
    const all: T[] = []
    const push = (sum: T[], value: T) => {
      sum.push(value)
      return sum
    }
    return this.reduce(push, all, options)
  }

  /**
   * What `fn` makes of all, one after the other, or of those that came until the signal fired; rejects when there are
   * none then. One for which `fn` throws is not processed.
   */
  async reduce<A>(fn: (sum: A, value: T) => A | Promise<A>, initial: A, options?: WaitOptions): Promise<A> {
    checkFunction('reduce', fn)
    const signal = signalOf('reduce', options)
    let sum = initial
    let none = true
    const summing = this.map(async (value) => {
      sum = await fn(sum, value)
      none = false
    })
    const iterator = summing.#iterate(signal)
    let step = await iterator.next()
    while (!step.done) step = await iterator.next()
    if (none) signal?.throwIfAborted()
    return sum
  }

  /**
   * A Node.js stream of objects. One is processed when the one after it is taken; what goes into a pipe is taken long
   * before that, and waits for its `ack()`.
   */
  toReadable(): Readable {
    return new FlowReadable(this.#source)
  }

  /** A web stream of objects. One is processed when the one after it is asked for. */
  toWeb(): ReadableStream<T> {
    const iterator = this[Symbol.asyncIterator]()
    const pull = async (controller: ReadableStreamDefaultController<T>) => {
      const step = await iterator.next()
      if (step.done) controller.close()
      else controller.enqueue(step.value)
    }
    const cancel = async () => void (await iterator.return!())
    // Nothing is taken ahead: what waits in a queue would count as given.
    return new ReadableStream<T>({ pull, cancel }, { highWaterMark: 0 })
  }

  /** One after the other; each is processed when the next is asked for. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return this.#iterate(undefined)
  }

  #iterate(signal: AbortSignal | undefined): AsyncIterator<T, undefined> {
    const source = this.#source
    let given: Given<T> | undefined
    let over = false
    const end = { done: true, value: undefined } as const
    return {
      async next() {
        if (over) return end
        given?.done()
        given = undefined
        try {
          given = await source.next(signal)
        } catch (error) {
          over = true
          await source.close()
          throw error
        }
        // Left meanwhile: the source has it back.
        if (over || given === undefined) {
          over = true
          return end
        }
        given.seen()
        return { done: false, value: given.value }
      },
      async return() {
        if (over) return end
        over = true
        given?.left()
        await source.close()
        return end
      },
    }
  }

  #through<U>(
    next: (source: FlowSource<T>, signal: AbortSignal | undefined) => Promise<Given<U> | undefined>,
  ): Flow<U> {
    const source = this.#source
    return new Flow<U>({ next: (signal) => next(source, signal), close: () => source.close() })
  }
}

type ReadableStreamDefaultController<T> = { enqueue(value: T): void; close(): void }

function iteratorOf<U>(parts: Parts<U>): Iterator<U> | AsyncIterator<U> {
  return Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]()
}

function checkFunction(what: string, given: unknown): void {
  if (typeof given === 'function') return
  throw new InvalidOption('INVALID_OPTION', `${what} takes a function, not ${inspect(given)}.`)
}

function wholeNumber(what: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw new InvalidOption('INVALID_OPTION', `${what} must be a whole number ${range}, not ${String(value)}.`)
}
