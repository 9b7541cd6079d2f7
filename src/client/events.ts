// What a Kafka instance tells without being asked: to listeners, and to the logger. [main thread]
import { fromWire, type MillraceError, type WireError } from '../base/errors.ts'
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
  /** A batch was never released, and nobody holds it any more: its memory was given back. `bytes` is what it held. */
  leaked: LeakedBatch
}

type Listener = (event: never) => void

/** Listeners by event. One that throws does not keep the others from hearing. */
export class Events {
  readonly #logger: Logger | undefined
  readonly #listeners = new Map<EventName, Set<Listener>>()
  /** Partitions of which a leak was warned. */
  readonly #warned = new Set<string>()

  constructor(logger: Logger | undefined) {
    this.#logger = logger
  }

  on<N extends keyof KafkaEvents>(name: N, listener: (event: KafkaEvents[N]) => void): () => void {
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
    if (name === 'leaked' && unheard) this.#warn(event as unknown as LeakedBatch)
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

  /** A forgotten batch is a fault of the program: also where nobody listens it is told of, once a partition. */
  #warn({ topic, partition, offset }: LeakedBatch): void {
    const where = `${topic}[${partition}]`
    if (this.#warned.has(where)) return
    this.#warned.add(where)
    const text = `A batch of ${where} at offset ${offset} was never released; its memory was taken back.`
    process.emitWarning(`${text} Call release(), or let the loop over batches() do it.`, 'MillraceWarning')
  }
}
