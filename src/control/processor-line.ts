// How a program and the processors of its run talk: small messages beside the records. [main, workers with a processor]
import { BroadcastChannel } from 'node:worker_threads'

/** Main's end. What it tells all processors is in the address of their module, as they load it. */
export class ProcessorLine<ToMain, ToWorkers> {
  /** What `run` is given as its processor. */
  readonly module: URL
  readonly #channel: BroadcastChannel

  constructor(module: URL, settings: Record<string, string>, hear: (message: ToMain) => void) {
    const name = `millrace ${process.pid} ${++lines}`
    this.module = new URL(`?${new URLSearchParams({ channel: name, ...settings })}`, module)
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = (event) => hear((event as { data: ToMain }).data)
  }

  /** Tells all processors. */
  post(message: ToWorkers): void {
    this.#channel.postMessage(message)
  }

  close(): void {
    this.#channel.close()
  }
}

let lines = 0

/** A processor's end: `address` is its module's `import.meta.url`. It keeps no thread alive. */
export function openProcessorLine<ToMain, ToWorkers>(address: string, hear?: (message: ToWorkers) => void) {
  const settings = new URL(address).searchParams
  const channel = new BroadcastChannel(settings.get('channel')!)
  if (hear !== undefined) channel.onmessage = (event) => hear((event as { data: ToWorkers }).data)
  channel.unref()
  return { settings, post: (message: ToMain) => channel.postMessage(message) }
}
