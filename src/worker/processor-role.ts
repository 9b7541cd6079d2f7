// A worker with user code, whatever it runs on: the module, the drain that feeds it, and the line to main.
// [workers with a processor, main when inline]
import type { Clock } from '../base/clock.ts'
import { InvalidOption, MillraceError, toWire, type WireError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Port } from '../control/port.ts'
import type { FromProcessor, ToProcessor } from '../control/processing.ts'
import type { HandlerOptions } from '../delivery/handler-options.ts'
import type { Kernel } from '../record/kernel.ts'
import type { Answer, Bell } from '../ring/doorbell.ts'
import { Ledger } from '../ring/ledger.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import type { WorkerView } from '../ring/worker-view.ts'
import { Drain } from './drain.ts'
import { type Processor, ProcessorHost } from './processor.ts'

/** What the role runs on. */
export interface ProcessorRoleParts {
  memory: Memory
  worker: WorkerView
  /** From 0, among the workers of the run. */
  index: number
  options: HandlerOptions
  maxDecompressedBytes: number
  kernel: Kernel
  clock: Clock
  random: Random
  bell: Answer & Bell
  mainBell: Bell
  ioBell: Bell
  spills: SpillDesk
  port: Port<FromProcessor, ToProcessor>
  /** Looks for messages that were not handled yet; where all roles share a thread there are none. */
  receive(): ToProcessor | undefined
  /** It has ended, and closed its port. */
  ended(): void
}

interface ProcessorModule {
  default: Processor
  init?(context: { worker: number }): unknown
  close?(): unknown
}

/** From the load of the module to the end of the last handler. */
export class ProcessorRole {
  readonly #parts: ProcessorRoleParts
  #module: ProcessorModule | undefined
  #host: ProcessorHost | undefined
  #drain: Drain | undefined
  #stopping = false
  #over = false

  constructor(parts: ProcessorRoleParts) {
    this.#parts = parts
  }

  /** Begins, or says why not. */
  async start(): Promise<void> {
    const { port, options, index, bell } = this.#parts
    // Listened to from the start: that keeps the thread up while it loads.
    port.onMessage((message) => this.#handle(message))
    try {
      const module = await load(options.module)
      await initialize(module, options.module, index)
      if (this.#over) return
      this.#module = module
      this.#begin(module.default)
      bell.start(() => {
        this.#host?.flush()
        this.#drain?.run()
      })
      port.post({ type: 'ready' })
    } catch (error) {
      if (!this.#over) port.post({ type: 'refused', error: toWire(error) })
      this.#end()
    }
  }

  /** Ends it without waiting for anything. */
  abandon(): void {
    this.#host?.abandon()
    this.#end()
  }

  #begin(processor: Processor): void {
    const { memory, worker, index, options, clock, random, mainBell, bell, port, receive, ...rest } = this.#parts
    const host = new ProcessorHost({
      ...{ memory, worker, index, options, clock, random, processor },
      ledger: new Ledger(worker),
      ringMain: () => mainBell.ring(),
      roomMade: () => bell.ring(),
      post: (message) => port.post(message),
      readMessages: () => {
        for (let message = receive(); message !== undefined; message = receive()) this.#handle(message)
      },
    })
    const { kernel, ioBell, spills, maxDecompressedBytes } = rest
    const drain = { worker: worker.id, memory, kernel, clock, mainBell, ioBell, spills, maxDecompressedBytes }
    this.#drain = new Drain({ ...drain, handOver: host })
    this.#host = host
  }

  #handle(message: ToProcessor): void {
    const host = this.#host!
    switch (message.type) {
      case 'starts':
        return host.start(message.starts)
      case 'pause':
        return host.pause(message.slot, message.paused)
      case 'release':
        return host.release(message.slot, message.generation)
      case 'gone':
        return host.lose(message.slot, message.generation)
      case 'answer':
        return host.answered(message.id, message.error)
      case 'stop':
        return void this.#stop(message.graceMs)
    }
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.#stopping) return this.#host!.giveUp(graceMs)
    this.#stopping = true
    const { port, options } = this.#parts
    await this.#host!.stop(graceMs)
    let error: WireError | undefined
    try {
      await this.#module!.close?.()
    } catch (cause) {
      error = toWire(hookFailed('close', options.module, cause))
    }
    if (this.#over) return
    port.post({ type: 'stopped', error })
    this.#end()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    const { bell, port, ended } = this.#parts
    bell.stop()
    this.#drain?.close()
    this.#drain = undefined
    port.close()
    ended()
  }
}

async function load(url: string): Promise<ProcessorModule> {
  let module: Partial<ProcessorModule>
  try {
    module = (await import(url)) as Partial<ProcessorModule>
  } catch (cause) {
    const text = `The processor ${url} cannot be loaded: ${wordsOf(cause)}`
    throw new InvalidOption('PROCESSOR_NOT_LOADED', text, { cause })
  }
  for (const name of ['init', 'close'] as const) {
    const what = typeof module[name]
    if (what === 'function' || what === 'undefined') continue
    throw new InvalidOption(
      'PROCESSOR_INVALID',
      `The processor ${url} exports a ${what} as ${name}; a function is needed.`,
    )
  }
  if (typeof module.default === 'function') return module as ProcessorModule
  const what = module.default === undefined ? 'has no default export' : `exports a ${typeof module.default} as default`
  throw new InvalidOption('PROCESSOR_INVALID', `The processor ${url} ${what}; a function (batch, context) is needed.`)
}

async function initialize(module: ProcessorModule, url: string, worker: number): Promise<void> {
  try {
    await module.init?.({ worker })
  } catch (cause) {
    throw hookFailed('init', url, cause)
  }
}

function hookFailed(hook: 'init' | 'close', url: string, cause: unknown): MillraceError {
  const code = `PROCESSOR_${hook.toUpperCase()}_FAILED`
  return new MillraceError(code, `${hook} of the processor ${url} failed: ${wordsOf(cause)}`, { cause })
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
