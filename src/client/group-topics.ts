// What a consumer is subscribed to: names, or an expression that the broker or this client matches. [main thread]

import type { Timer } from '../base/clock.ts'
import { InvalidOption, MillraceError } from '../base/errors.ts'
import type { GroupSubscription } from '../control/grouping.ts'
import type { Engine } from '../engine/engine.ts'
import type { ResponseOf } from '../protocol/apis.ts'

/** What `subscribe` takes. */
export type TopicsWanted = string | readonly string[] | RegExp

/** Checked, each name once; throws `InvalidOption`. */
export function checkTopics(wanted: TopicsWanted): readonly string[] | RegExp {
  if (wanted instanceof RegExp) return wanted
  const names = typeof wanted === 'string' ? [wanted] : wanted
  const right = Array.isArray(names) && names.length > 0 && names.every((one) => typeof one === 'string' && one !== '')
  if (right) return [...new Set<string>(names)]
  const text = `subscribe: ${JSON.stringify(wanted)} is not a topic, a list of topics or a RegExp.`
  throw new InvalidOption('INVALID_OPTION', text)
}

/** Lookaround, back references, named groups, and escapes that RE2J reads otherwise or not at all. */
const NOT_IN_RE2J = /\(\?<|\(\?[=!]|\\[1-9kucpP]|\[\^?\]/

/**
 * The expression as the broker reads it (RE2J), which matches whole names where JavaScript searches; undefined when it
 * cannot be said there.
 */
export function brokerPattern({ source, flags }: RegExp): string | undefined {
  if (NOT_IN_RE2J.test(source) || /[uvm]/.test(flags)) return undefined
  return `${flags.includes('i') ? '(?i)' : ''}.*(?:${source}).*`
}

/** The end of a member that the broker has no topics of; retriable or not, nothing tries it again. */
export function topicsUnmatched(pattern: RegExp, cause: Error): MillraceError {
  const text = `Which topics match ${pattern} could not be found out, so the consumer left its group: subscribe again.`
  return new MillraceError('TOPICS_UNMATCHED', `${text} ${cause.message}`, { cause })
}

/** Looks again and again which topics match, and tells when they are others. */
export class TopicMatcher {
  readonly #engine: Engine
  readonly #pattern: RegExp
  readonly #everyMs: number
  readonly #timeoutMs: number
  readonly #changed: (subscription: GroupSubscription) => void
  #topics: string[] | undefined
  #timer: Timer | undefined
  readonly #stopping = new AbortController()

  constructor(
    engine: Engine,
    pattern: RegExp,
    { everyMs, timeoutMs }: { everyMs: number; timeoutMs: number },
    changed: (subscription: GroupSubscription) => void,
  ) {
    this.#engine = engine
    // Without the flags that give an expression a memory.
    this.#pattern = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
    this.#everyMs = everyMs
    this.#timeoutMs = timeoutMs
    this.#changed = changed
  }

  /** Looks for the first time; rejects when no broker answers, unless it was stopped. Goes on looking in any case. */
  async start(): Promise<void> {
    try {
      await this.#look()
    } catch (error) {
      if (!this.#stopped) throw error
    } finally {
      this.#later()
    }
  }

  /** Looks no more, also where it is at it. */
  stop(): void {
    this.#stopping.abort()
    this.#timer?.cancel()
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted
  }

  #later(): void {
    if (this.#stopped) return
    this.#timer = this.#engine.clock.after(this.#everyMs, () => {
      // What failed is tried at the next turn.
      void this.#look()
        .catch(() => undefined)
        .then(() => this.#later())
    })
  }

  async #look(): Promise<void> {
    const call = { op: 'request', target: 'any', api: 'Metadata', body: { topics: null }, minVersion: 1 } as const
    const limits = { timeoutMs: this.#timeoutMs, signal: this.#stopping.signal }
    const answer = (await this.#engine.call(call, limits)) as ResponseOf<'Metadata'>
    const topics = answer.topics
      .filter(({ errorCode, isInternal, name }) => errorCode === 0 && !isInternal && this.#pattern.test(name ?? ''))
      .map(({ name }) => name!)
      .sort()
    if (this.#stopped || topics.join('\n') === this.#topics?.join('\n')) return
    this.#topics = topics
    this.#changed({ topics })
  }
}
