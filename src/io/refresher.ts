// When metadata is asked for: one request at a time, for all who wait, never a storm of them. [I/O thread]
import { backoff } from '../base/backoff.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { MillraceError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'

/** At most one metadata request in this time, whatever happens. */
const GAP_MS_MIN = 100

/** What a refresher is made with. */
export interface RefresherPlan {
  clock: Clock
  random: Random
  options: { retryBackoffMs: number; retryBackoffMaxMs: number }
  /** Asks for these topics and applies the answer. */
  refresh(topics: readonly string[]): Promise<void>
}

interface Waiter {
  resolve(): void
  reject(error: MillraceError): void
}

/** Collects wishes while a request is under way, and sends them together in the next one. */
export class Refresher {
  readonly #plan: RefresherPlan
  #wanted = new Set<string>()
  #waiters: Waiter[] = []
  /** The topics of the request under way. */
  #running: ReadonlySet<string> | undefined
  #timer: Timer | undefined
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #failureCount = 0
  #closed: MillraceError | undefined

  constructor(plan: RefresherPlan) {
    this.#plan = plan
  }

  /** Resolves when an answer was applied that was asked for after this call and covers the topics. */
  refresh(topics: Iterable<string>): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    for (const topic of topics) this.#wanted.add(topic)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#schedule()
    })
  }

  /** The same for nobody in particular: whoever needs the answer looks later, or asks again and gets the error then. */
  wish(topic: string): void {
    if (this.#closed !== undefined) return
    this.#wanted.add(topic)
    this.#schedule()
  }

  /** Whether a request that covers the topic is under way, or about to be sent. */
  covers(topic: string): boolean {
    return this.#wanted.has(topic) || this.#running?.has(topic) === true
  }

  close(error: MillraceError): void {
    this.#closed = error
    this.#timer?.cancel()
    this.#settle(error)
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#timer !== undefined) return
    if (this.#waiters.length === 0 && this.#wanted.size === 0) return
    // Even without a wait in an event of its own, so that all who ask at one moment share one request.
    const delayMs = Math.max(0, this.#notBeforeMs - this.#plan.clock.now())
    this.#timer = this.#plan.clock.after(delayMs, () => {
      this.#timer = undefined
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    const topics = this.#wanted
    const waiters = this.#waiters
    this.#wanted = new Set()
    this.#waiters = []
    this.#running = topics
    try {
      await this.#plan.refresh([...topics])
      this.#failureCount = 0
      for (const waiter of waiters) waiter.resolve()
    } catch (error) {
      this.#failureCount++
      for (const waiter of waiters) waiter.reject(error as MillraceError)
      // Those who came meanwhile would only find the same.
      this.#settle(error as MillraceError)
    }
    this.#running = undefined
    this.#notBeforeMs = this.#plan.clock.now() + this.#gapMs()
    this.#schedule()
  }

  #gapMs(): number {
    const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs } = this.#plan.options
    if (this.#failureCount === 0) return GAP_MS_MIN
    return Math.max(GAP_MS_MIN, backoff(this.#failureCount - 1, { baseMs, maxMs }, this.#plan.random))
  }

  #settle(error: MillraceError): void {
    const waiters = this.#waiters
    this.#waiters = []
    this.#wanted = new Set()
    for (const waiter of waiters) waiter.reject(error)
  }
}
