// One call of the admin client: its time, its requests, and what becomes of each topic in it. [main thread]
import { backoff } from '../base/backoff.ts'
import { type MillraceError, ProtocolViolation, Timeout, TopicNotFound, UnsupportedVersion } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import type { CallTarget, VersionWish } from '../control/commands.ts'
import type { Engine } from '../engine/engine.ts'
import type { ApiName, RequestInput, ResponseOf } from '../protocol/apis.ts'
import { brokerError, ErrorCode } from '../protocol/errors.ts'
import { pause } from './retry.ts'
import { TopicsFailed } from './topics-failed.ts'

/** What every method of the admin client takes. */
export interface AdminCallOptions {
  /** Default `defaultApiTimeoutMs`. */
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** A topic in an answer. */
interface TopicAnswer {
  name: string | null
  errorCode: number
  errorMessage?: string | null
}

const QUOTA_USED_UP = ErrorCode.THROTTLING_QUOTA_EXCEEDED
const BACKOFF = { baseMs: 50, maxMs: 1_000 }
/** Before this version a question about topics creates them. */
const LOOK_ONLY_SINCE = 4

/** Lives as long as the call; all its requests and waits share one deadline. */
export class AdminCall {
  readonly #engine: Engine
  readonly #timeoutMs: number
  readonly #deadline: number
  readonly #signal: AbortSignal | undefined

  constructor(engine: Engine, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#engine = engine
    this.#timeoutMs = timeoutMs
    this.#deadline = engine.clock.now() + timeoutMs
    this.#signal = signal
  }

  /** What is left of the call's time, at least 1. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#deadline - this.#engine.clock.now()))
  }

  /** Sends a request; versions as in `VersionWish`. */
  async request<A extends ApiName>(
    target: CallTarget,
    api: A,
    body: RequestInput<A>,
    range: VersionWish = {},
  ): Promise<ResponseOf<A>> {
    const answer = await this.#engine.call({ op: 'request', target, api, body, ...range }, this.#limits())
    return answer as ResponseOf<A>
  }

  /** Asks in a new form, and in the old one where the broker does not know the new. */
  async newestOf<T>(since: () => Promise<T>, before: () => Promise<T>): Promise<T> {
    try {
      return await since()
    } catch (error) {
      if (!(error instanceof UnsupportedVersion)) throw error
      return before()
    }
  }

  /** Metadata of these topics, or of all; creates none. */
  metadata(names: readonly string[] | null): Promise<ResponseOf<'Metadata'>> {
    const topics = names?.map((name) => ({ name })) ?? null
    return this.request('any', 'Metadata', { topics, allowAutoTopicCreation: false }, { minVersion: LOOK_ONLY_SINCE })
  }

  /**
   * Sends until every topic has its answer, and resolves to the answers in the order of `wanted`. A used up quota
   * (KIP-599) is waited for. Rejects with what the brokers refused.
   */
  async settle<W, A extends TopicAnswer>(
    api: ApiName,
    wanted: readonly W[],
    ask: (left: W[]) => Promise<readonly A[]>,
    isAnswerTo: (answer: A, one: W) => boolean,
  ): Promise<A[]> {
    const answers = new Map<W, A>()
    const isOpen = (one: W) => (answers.get(one)?.errorCode ?? QUOTA_USED_UP) === QUOTA_USED_UP
    for (let attempt = 0; attempt === 0 || (!this.#late && wanted.some(isOpen)); attempt++) {
      if (attempt > 0) await this.#pause(attempt - 1)
      const left = wanted.filter(isOpen)
      const got = await ask(left).catch((error: MillraceError) => {
        // What was said before the time was over says more than that it is over.
        if (attempt === 0 || error.code !== 'API_TIMEOUT') throw error
        return left.map((one) => answers.get(one)!)
      })
      for (const one of left) {
        const answer = got.find((each) => isAnswerTo(each, one))
        if (answer === undefined) throw unanswered(api, one)
        answers.set(one, answer)
      }
    }
    const ordered = wanted.map((one) => answers.get(one)!)
    throwRefused(api, ordered)
    return ordered
  }

  /** Resolves when brokers show these topics with so many partitions, and the I/O thread knows it. */
  async shown(topics: readonly { name: string; partitions: number }[]): Promise<void> {
    const names = topics.map(({ name }) => name)
    const seen = async () => {
      const found = await this.#engine.call({ op: 'topics', topics: names, fresh: true }, this.#limits())
      return topics.every(({ partitions }, i) => found[i]!.partitions >= partitions)
    }
    await this.#until('shows the topics', names, () => seen().catch(notYet))
  }

  /** Resolves when brokers show these topics no more. */
  async gone(names: readonly string[]): Promise<void> {
    await this.#until('has forgotten the topics', names, async () => {
      const { topics } = await this.metadata(names)
      return topics.every(({ errorCode }) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    })
  }

  async #until(what: string, names: readonly string[], done: () => Promise<boolean>): Promise<void> {
    if (names.length === 0) return
    for (let attempt = 0; !(await done()); attempt++) {
      if (this.#late) {
        const text = `The change was made, but no broker ${what} ${names.join(', ')} after ${this.#timeoutMs} ms.`
        throw new Timeout('NOT_SHOWN', text, { retriable: false })
      }
      await this.#pause(attempt)
    }
  }

  get #late(): boolean {
    return this.#engine.clock.now() >= this.#deadline
  }

  #limits(): { timeoutMs: number; signal: AbortSignal | undefined } {
    return { timeoutMs: this.leftMs, signal: this.#signal }
  }

  #pause(attempt: number): Promise<void> {
    const delayMs = Math.min(this.leftMs, backoff(attempt, BACKOFF, systemRandom))
    return pause(delayMs, this.#engine.clock, this.#signal)
  }
}

/** Throws what the answers say went wrong. */
export function throwRefused(api: ApiName, answers: readonly TopicAnswer[]): void {
  const errors = answers
    .filter(({ errorCode }) => errorCode !== ErrorCode.NONE)
    .map(({ name, errorCode, errorMessage: brokerMessage }): MillraceError => {
      const topic = name ?? undefined
      return brokerError(errorCode, { what: `${api} of ${topic ?? 'an unknown topic'}`, topic, brokerMessage })
    })
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new TopicsFailed(errors)
}

function notYet(error: unknown): false {
  if (error instanceof TopicNotFound) return false
  throw error
}

function unanswered(api: ApiName, one: unknown): ProtocolViolation {
  return new ProtocolViolation('BAD_RESPONSE', `The answer to ${api} leaves out ${JSON.stringify(one)}.`)
}
