// A typed line for commands: a MessagePort between threads, a queue when both ends share one. [shared commands]
import type { MessagePort, Worker } from 'node:worker_threads'

/** One end of a line. Messages arrive in order, none is lost while both ends are open. */
export interface Port<Out, In> {
  post(message: Out, transfer?: MessagePort[]): void
  /** Starts receiving. */
  onMessage(handle: (message: In) => void): void
  close(): void
}

/** A line over a MessagePort (or a Worker, which has the same methods). */
export function messagePort<Out, In>(port: MessagePort | Worker): Port<Out, In> {
  return {
    post: (message, transfer = []) => port.postMessage(message, transfer),
    onMessage: (handle) => void (port as MessagePort).on('message', handle),
    close: () => 'close' in port && port.close(),
  }
}

/** Both ends of a line on one thread; `post` decides when each message is handled, whatever order it runs things in. */
export function localPorts<A, B>(post: (run: () => void) => void): [Port<A, B>, Port<B, A>] {
  const left = new LocalEnd<B>()
  const right = new LocalEnd<A>()
  const end = <Out, In>(own: LocalEnd<In>, other: LocalEnd<Out>): Port<Out, In> => ({
    post: (message) => {
      other.send(message)
      post(() => other.take())
    },
    onMessage: (handle) => own.open(handle),
    close: () => own.open(undefined),
  })
  return [end(left, right), end(right, left)]
}

/** Keeps what comes before there is a handler. */
class LocalEnd<In> {
  #handle: ((message: In) => void) | undefined
  readonly #underWay: In[] = []
  readonly #early: In[] = []

  send(message: In): void {
    this.#underWay.push(message)
  }

  /** Takes the oldest message, not the one it was posted for: a seeded scheduler may run turns in any order. */
  take(): void {
    const message = this.#underWay.shift()!
    if (this.#handle === undefined) this.#early.push(message)
    else this.#handle(message)
  }

  open(handle: ((message: In) => void) | undefined): void {
    this.#handle = handle
    for (const message of this.#early.splice(0)) handle?.(message)
  }
}
