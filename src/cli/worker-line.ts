// How a command and its processors talk: small messages beside the records. [main thread, workers with a processor]

/** Main's end. What it tells all processors is in the address of their module, as they load it. */
export class WorkerLine<ToMain, ToWorkers> {
  /** What `run` is given as its processor. */
  readonly module: URL
  readonly #channel: BroadcastChannel

  constructor(name: string, settings: Record<string, string>, hear: (message: ToMain) => void) {
    const channel = `millrace ${name} ${process.pid} ${++lines}`
    // As for a thread's entry: `.ts` from source, `.js` from dist.
    this.module = new URL(`./${name}-processor${import.meta.url.slice(-3)}`, import.meta.url)
    this.module.search = String(new URLSearchParams({ channel, ...settings }))
    this.#channel = new BroadcastChannel(channel)
    this.#channel.onmessage = (event) => hear((event as MessageEvent<ToMain>).data)
  }

  post(message: ToWorkers): void {
    this.#channel.postMessage(message)
  }

  close(): void {
    this.#channel.close()
  }
}

let lines = 0

/** A processor's end: `address` is its module's `import.meta.url`. It keeps no thread alive. */
export function openWorkerLine<ToMain, ToWorkers>(address: string, hear: (message: ToWorkers) => void = () => {}) {
  const settings = new URL(address).searchParams
  const channel = new BroadcastChannel(settings.get('channel')!)
  channel.onmessage = (event) => hear((event as MessageEvent<ToWorkers>).data)
  ;(channel as unknown as { unref(): void }).unref()
  return { settings, post: (message: ToMain) => channel.postMessage(message) }
}
