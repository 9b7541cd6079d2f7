// What a Kafka instance tells without being asked: to listeners, and to the logger. [main thread]
import { fromWire, InvalidOption, type MillraceError, type WireError } from '../base/errors.ts'
import type { EventName } from '../control/commands.ts'
import type { LeakedBatch } from '../engine/leaks.ts'
import type { Logger } from './options-connection.ts'

/** The events and what they carry. `broker` is `host:port`, `role` what the connection is for. */
export interface KafkaEvents {
  connected: { broker: string; role: string }
  disconnected: { broker: string; role: string; error: MillraceError }
  /** KIP-219: the broker asked for silence. `error` (QuotaExceeded) when it asked for more than `throttleMaxMs`. */
  throttled: { broker: string; api: string; askedMs: number; appliedMs: number; error: MillraceError | undefined }
  /** No known broker could be reached: the bootstrap list is used again (KIP-899, KIP-1102). */
  rebootstrapped: { reason: string }
  /** A position was not in the log any more, and was moved by `autoOffsetReset` or to where the log was cut. */
  reset: { topic: string; partition: number; from: number; to: number }
  /**
   * A handler of a member of a group has made no progress for 80 % of `maxPollIntervalMs`: the member leaves when that
   * is over. Told once a stall, and heard when the handler lets the main thread go on.
   */
  stalled: StalledHandler
  /** A batch was never released, and nobody holds it any more: its memory was given back. `bytes` is what it held. */
  leaked: LeakedBatch
}

/** A handler that may cost its consumer the membership. */
export interface StalledHandler {
  groupId: string
  groupInstanceId: string | undefined
  /** For how long nothing was asked for, begun or ended. */
  stalledMs: number
  maxPollIntervalMs: number
}

type Listener = (event: never) => void

const NAMES: Readonly<Record<EventName, true>> = {
  connected: true,
  disconnected: true,
  throttled: true,
  rebootstrapped: true,
  reset: true,
  stalled: true,
  leaked: true,
}

/** Listeners by event. One that throws does not keep the others from hearing. */
export class Events {
  readonly #logger: Logger | undefined
  readonly #listeners = new Map<EventName, Set<Listener>>()
  /** Partitions of which a leak was warned, and groups of which a stall was. */
  readonly #warned = new Set<string>()

  constructor(logger: Logger | undefined) {
    this.#logger = logger
  }

  on<N extends keyof KafkaEvents>(name: N, listener: (event: KafkaEvents[N]) => void): () => void {
    if (!Object.hasOwn(NAMES, name)) {
      const names = Object.keys(NAMES).join(', ')
      throw new InvalidOption('INVALID_ARGUMENT', `kafka.on: there is no event '${String(name)}', but ${names}.`)
    }
    if (typeof listener !== 'function') {
      throw new InvalidOption('INVALID_ARGUMENT', `kafka.on('${name}', listener): the listener must be a function.`)
    }
    const set = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, set)
    set.add(listener)
    return () => void set.delete(listener)
  }

  tell(name: EventName, detail: Record<string, unknown>): void {
    const error = detail['error'] as WireError | undefined
    const event = error === undefined ? detail : { ...detail, error: fromWire(error) }
    this.#log(name, event)
    const unheard = this.#logger === undefined && (this.#listeners.get(name)?.size ?? 0) === 0
    if (unheard && name === 'leaked') this.#warnOfLeak(event as unknown as LeakedBatch)
    if (unheard && name === 'stalled') this.#warnOfStall(event as unknown as StalledHandler)
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(event as never)
      } catch (thrown) {
        // A listener's fault must not stop the engine: it surfaces like any other uncaught error.
        queueMicrotask(() => {
          throw thrown
        })
      }
    }
  }

  #log(name: EventName, event: Record<string, unknown>): void {
    if (this.#logger === undefined) return
    if (name === 'connected') this.#logger.debug(`millrace ${name}`, event)
    else if (name === 'rebootstrapped') this.#logger.info(`millrace ${name}`, event)
    else this.#logger.warn(`millrace ${name}`, event)
  }

  #warnOfLeak({ topic, partition, offset }: LeakedBatch): void {
    const where = `${topic}[${partition}]`
    const text = `A batch of ${where} at offset ${offset} was never released; its memory was taken back.`
    this.#warn(where, `${text} Call release(), or let the loop over batches() do it.`)
  }

  #warnOfStall({ groupId, stalledMs, maxPollIntervalMs }: StalledHandler): void {
    const text = `A consumer of group '${groupId}' has made no progress for ${stalledMs} ms`
    const left = `it leaves the group after maxPollIntervalMs (${maxPollIntervalMs} ms)`
    this.#warn(groupId, `${text}; ${left}. Let handlers do less at a time, or raise maxPollIntervalMs.`)
  }

  /** A fault of the program: also where nobody listens it is told of, once a place. */
  #warn(where: string, text: string): void {
    if (this.#warned.has(where)) return
    this.#warned.add(where)
    process.emitWarning(text, 'MillraceWarning')
  }
}
