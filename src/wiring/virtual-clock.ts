// Time that moves only when told to: an hour passes in a second, and twice in the same way. [simulation]
import type { Clock, Timer } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

/** More events than this at one instant means that something calls itself for ever without letting time pass. */
const EVENTS_AT_ONE_INSTANT_MAX = 1_000_000

/** What a virtual clock starts from. */
export interface VirtualClockOptions {
  /** Draws the order of events due at the same instant; without it they run in the order in which they were set. */
  random?: Random
  /** What `wall()` shows at the start, in ms since the epoch; default 2026-01-01. */
  wallStartMs?: number
  /** Is told of each event that runs: when, and the how-manieth to be set it was. Shows which of several went first. */
  observe?: (nowMs: number, sequence: number) => void
}

interface Event {
  dueMs: number
  tie: number
  sequence: number
  callback: () => void
  cancelled: boolean
}

/** A clock whose events run one by one, each with all the promises it settles, when `run` says so. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #sequence = 0
  #live = 0
  readonly #heap: Event[] = []
  readonly #random: Random | undefined
  readonly #wallStartMs: number
  readonly #observe: ((nowMs: number, sequence: number) => void) | undefined

  constructor(options: VirtualClockOptions = {}) {
    this.#random = options.random
    this.#observe = options.observe
    this.#wallStartMs = options.wallStartMs ?? Date.UTC(2026, 0, 1)
  }

  now(): number {
    return this.#nowMs
  }

  wall(): number {
    return this.#wallStartMs + Math.floor(this.#nowMs)
  }

  after(delayMs: number, callback: () => void): Timer {
    const event: Event = {
      dueMs: this.#nowMs + Math.max(delayMs, 0),
      tie: this.#random?.next() ?? 0,
      sequence: this.#sequence++,
      callback,
      cancelled: false,
    }
    this.#push(event)
    this.#live++
    return {
      cancel: () => {
        if (!event.cancelled) this.#live--
        event.cancelled = true
      },
    }
  }

  /** How many events are still to come. */
  get pendingCount(): number {
    return this.#live
  }

  /** Runs every event due up to the instant `untilMs`, then stands there. Resolves to how many ran. */
  async run(untilMs: number): Promise<number> {
    let ran = 0
    let atThisInstant = 0
    await settled()
    for (let next = this.#next(); next !== undefined && next.dueMs <= untilMs; next = this.#next()) {
      atThisInstant = next.dueMs > this.#nowMs ? 0 : atThisInstant + 1
      if (atThisInstant > EVENTS_AT_ONE_INSTANT_MAX) throw new Error(`the virtual clock is stuck at ${this.#nowMs} ms`)
      await this.#step(next)
      ran++
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
    return ran
  }

  /** Runs what is due in the next `ms`. */
  advance(ms: number): Promise<number> {
    return this.run(this.#nowMs + ms)
  }

  /** Runs events until the promise settles, and settles alike; throws if nothing is left, or `limitMs` are over. */
  async until<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let over = false
    const mark = () => {
      over = true
    }
    promise.then(mark, mark)
    const endMs = this.#nowMs + limitMs
    await settled()
    while (!over) {
      const next = this.#next()
      if (next === undefined)
        throw new Error(`nothing is due after ${this.#nowMs} ms, and the promise is still pending`)
      if (next.dueMs > endMs) throw new Error(`the promise is still pending after ${limitMs} ms of virtual time`)
      await this.#step(next)
    }
    return promise
  }

  async #step(event: Event): Promise<void> {
    this.#pop()
    this.#live--
    event.cancelled = true
    this.#nowMs = Math.max(this.#nowMs, event.dueMs)
    this.#observe?.(this.#nowMs, event.sequence)
    event.callback()
    await settled()
  }

  #next(): Event | undefined {
    while (this.#heap[0]?.cancelled) this.#pop()
    return this.#heap[0]
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (before(heap[parent]!, event)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function before(a: Event, b: Event): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  return a.tie !== b.tie ? a.tie < b.tie : a.sequence < b.sequence
}

/** Resolves when all promises that need no event have settled: Node empties the microtask queue before an immediate. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
