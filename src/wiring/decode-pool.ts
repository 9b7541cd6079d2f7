// The decode workers: as many piscina tasks as threads, which end when all run and leave their drains. [main thread]
import { createRequire } from 'node:module'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import type { ToCompressor } from '../control/compressing.ts'
import type { CompressorLines } from '../engine/producers.ts'
import type { SharedMemory } from '../ring/layout.ts'
import type { WorkerTask } from '../worker/thread.ts'
import { busyShare } from './busy-share.ts'

/** How long a thread may take to end by itself. */
const STOP_MS = 500

/** One worker's channels. */
interface Lines {
  stop: MessageChannel
  /** Spills made by the worker, to main. */
  out: MessageChannel
  /** Spills made by the I/O thread, to the worker. */
  into: MessageChannel
  /** Batches to compress, from main. */
  compress: MessageChannel
}

/** Its ports are there from the start, its threads from `start` on. */
export class DecodePool {
  readonly #lines: Lines[]
  readonly #tasks: Promise<unknown>[] = []
  #piscina: Piscina | undefined

  constructor(workers: number) {
    this.#lines = Array.from({ length: workers }, () => ({
      stop: new MessageChannel(),
      out: new MessageChannel(),
      into: new MessageChannel(),
      compress: new MessageChannel(),
    }))
  }

  /** Where the I/O thread announces its spills. */
  get fromIo(): MessagePort[] {
    return this.#lines.map(({ into }) => into.port1)
  }

  /** Where main hears of the workers' spills. */
  get toMain(): MessagePort[] {
    return this.#lines.map(({ out }) => out.port2)
  }

  /** The workers as those who compress. */
  get compressors(): CompressorLines {
    const ports = this.#lines.map(({ compress }) => compress.port1)
    return {
      count: ports.length,
      open: (producer, memory) =>
        ports.map((port) => {
          const { port1, port2 } = new MessageChannel()
          const message: ToCompressor = { type: 'openProducer', producer, memory, io: port1 }
          port.postMessage(message, [port1])
          return port2
        }),
      post: (worker, message) => ports[worker]!.postMessage(message),
    }
  }

  /** Starts the threads, whose entry is `filename`. */
  start(filename: URL, memory: SharedMemory, maxDecompressedBytes: number): void {
    // Not imported above: it takes 12 ms, in which the I/O thread is on its way up.
    const { Piscina } = createRequire(import.meta.url)('piscina') as typeof import('piscina')
    const workers = this.#lines.length
    this.#piscina = new Piscina({
      filename: filename.href,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Piscina's own wait between tasks would freeze the thread; its one task never ends anyway.
      atomics: 'disabled',
    })
    for (const [worker, { stop, out, into, compress }] of this.#lines.entries()) {
      const ports = { stop: stop.port2, spillsOut: out.port1, spillsIn: into.port2, compress: compress.port2 }
      const task: WorkerTask = { worker, memory, maxDecompressedBytes, ...ports }
      this.#tasks.push(this.#piscina.run(task, { transferList: Object.values(ports) }))
    }
    for (const thread of this.#piscina.threads) thread.unref()
    let startingCount = workers
    for (const stop of this.#stops) {
      stop.on('message', () => {
        startingCount--
        if (startingCount === 0) for (const one of this.#stops) one.postMessage('settled')
      })
      stop.unref()
    }
  }

  /** Tells why a thread ended, whoever ended it. */
  onDeath(tell: (cause: unknown) => void): void {
    for (const task of this.#tasks) task.catch(tell)
    this.#piscina?.on('error', tell)
    for (const thread of this.#piscina?.threads ?? []) {
      thread.once('error', tell)
      thread.once('exit', (code) => tell(new Error(`it exited with code ${code}`)))
    }
  }

  /** The share of time each thread was busy, by name. */
  busy(): Record<string, number> {
    const threads = this.#piscina?.threads ?? []
    return Object.fromEntries(threads.map((thread, i) => [`worker ${i}`, busyShare(thread.performance)] as const))
  }

  /** Ends the threads: they are asked first. */
  async stop(): Promise<void> {
    const stopped = this.#stops.map((stop) => new Promise<void>((resolve) => stop.once('close', resolve)))
    for (const stop of this.#stops) stop.postMessage('stop')
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS)
    })
    await Promise.race([Promise.all(stopped), limit])
    clearTimeout(timer)
    await this.#piscina?.destroy()
    const ports = this.#lines.map(({ compress }) => compress.port1)
    for (const port of [...this.#stops, ...this.toMain, ...ports]) port.close()
  }

  get #stops(): MessagePort[] {
    return this.#lines.map(({ stop }) => stop.port1)
  }
}
