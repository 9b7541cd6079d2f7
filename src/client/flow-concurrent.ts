// `map` with several calls at once. [main thread]
import { type FlowSource, Given, NO_FATE } from './flow-source.ts'

type Outcome<U> = { value: U } | { error: unknown }

interface Call<U> {
  outcome: Outcome<U> | undefined
}

/** Runs up to `concurrency` calls ahead of who asks; a record is processed when its call fulfils. */
export class ConcurrentSource<T, U> implements FlowSource<U> {
  readonly #source: FlowSource<T>
  readonly #fn: (value: T) => U | Promise<U>
  readonly #concurrency: number
  readonly #ordered: boolean
  /** Running, or settled and not asked for yet: in the order of the records. */
  readonly #calls: Call<U>[] = []
  readonly #running = new Set<Promise<void>>()
  #pulling: Promise<void> | undefined
  #ended = false
  #closed = false
  #wake: () => void = () => {}

  constructor(source: FlowSource<T>, fn: (value: T) => U | Promise<U>, concurrency: number, ordered: boolean) {
    this.#source = source
    this.#fn = fn
    this.#concurrency = concurrency
    this.#ordered = ordered
  }

  async next(signal?: AbortSignal): Promise<Given<U> | undefined> {
    for (;;) {
      this.#pull(signal)
      const outcome = this.#take()
      if (outcome !== undefined) {
        if ('error' in outcome) throw outcome.error
        return new Given(outcome.value, NO_FATE)
      }
      if (this.#ended && this.#calls.length === 0) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** What runs is waited for: it may still say that its record is processed. */
  async close(): Promise<void> {
    this.#closed = true
    this.#ended = true
    await this.#source.close()
    await Promise.all(this.#running)
  }

  #take(): Outcome<U> | undefined {
    const at = this.#ordered ? 0 : this.#calls.findIndex(({ outcome }) => outcome !== undefined)
    const outcome = this.#calls[at]?.outcome
    if (outcome !== undefined) this.#calls.splice(at, 1)
    return outcome
  }

  #pull(signal: AbortSignal | undefined): void {
    if (this.#pulling !== undefined || this.#ended || this.#calls.length >= this.#concurrency) return
    this.#pulling = this.#one(signal).then(() => {
      this.#pulling = undefined
      this.#pull(signal)
      this.#wake()
    })
  }

  async #one(signal: AbortSignal | undefined): Promise<void> {
    try {
      const given = await this.#source.next(signal)
      if (given === undefined) this.#ended = true
      else if (this.#closed) given.unread()
      else this.#start(given)
    } catch (error) {
      this.#ended = true
      this.#calls.push({ outcome: { error } })
    }
  }

  #start(given: Given<T>): void {
    const call: Call<U> = { outcome: undefined }
    this.#calls.push(call)
    given.seen()
    const running = this.#run(given).then((outcome) => {
      call.outcome = outcome
      this.#running.delete(running)
      this.#wake()
    })
    this.#running.add(running)
  }

  async #run(given: Given<T>): Promise<Outcome<U>> {
    try {
      const value = await this.#fn(given.value)
      given.done()
      return { value }
    } catch (error) {
      return { error }
    }
  }
}
