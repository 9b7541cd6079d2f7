// An embedded broker in a thread of its own: the demo and the benches read from it. [main thread]
import { Worker } from 'node:worker_threads'
import { ClosedOnce } from '../base/closed-once.ts'
import { fromWire, type MillraceError, ThreadDied } from '../base/errors.ts'
import type { TopicSpec } from '../broker/cluster.ts'
import type { Generated, GenerateOptions } from '../broker/generate.ts'
import type { SeedItem, SeedOptions } from '../broker/seed.ts'
import type { BrokerCommand, BrokerCommands, BrokerReply, ThreadedBrokerOptions } from '../broker/thread-commands.ts'
import { messagePort, type Port } from '../control/port.ts'

interface Pending {
  resolve: (value: unknown) => void
  reject: (error: MillraceError) => void
}

/** A broker that takes its commands by message. It keeps the process alive until it is closed. */
export class BrokerThread extends ClosedOnce {
  /** `host:port` of every listener, by node id. */
  readonly addresses: readonly string[]
  readonly #line: CommandLine

  private constructor(line: CommandLine, addresses: readonly string[]) {
    super()
    this.#line = line
    this.addresses = addresses
  }

  /** Starts the thread and its broker; resolves when clients can connect. Options as for `Broker.start`. */
  static async start(options: ThreadedBrokerOptions = {}): Promise<BrokerThread> {
    const line = new CommandLine()
    try {
      return new BrokerThread(line, await line.call('start', options))
    } catch (error) {
      await line.end()
      throw error
    }
  }

  /** `host:port` of the first listener. */
  get address(): string {
    return this.addresses[0]!
  }

  /** The share of its life that the thread was busy, from 0 to 1. */
  get busy(): number {
    return this.#line.busy
  }

  createTopic(name: string, spec: TopicSpec = {}): Promise<void> {
    return this.#line.call('createTopic', name, spec)
  }

  deleteTopic(name: string): Promise<void> {
    return this.#line.call('deleteTopic', name)
  }

  /** Appends values or records, as `Broker.seed`; they are copied to the thread. */
  seed(topic: string, items: Iterable<SeedItem>, options: SeedOptions = {}): Promise<void> {
    return this.#line.call('seed', topic, [...items], options)
  }

  /** Appends synthetic click events, made in the thread. */
  generate(topic: string, options: GenerateOptions): Promise<Generated> {
    return this.#line.call('generate', topic, options)
  }

  /** Cuts every connection, or those to one node. */
  disconnectAll(nodeId?: number): Promise<void> {
    return this.#line.call('disconnectAll', nodeId)
  }

  /** Ends the broker and its thread. */
  protected async closeNow(): Promise<void> {
    try {
      await this.#line.call('close')
    } catch (error) {
      // A thread that is dead already has closed everything.
      if (!(error instanceof ThreadDied)) throw error
    } finally {
      await this.#line.end()
    }
  }
}

/** Commands to the thread and their answers. */
class CommandLine {
  readonly #worker = new Worker(new URL(`../broker/thread${import.meta.url.slice(-3)}`, import.meta.url), {
    name: 'millrace broker',
  })
  readonly #port: Port<BrokerCommand, BrokerReply> = messagePort(this.#worker)
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #death: MillraceError | undefined

  constructor() {
    this.#port.onMessage((reply) => this.#settle(reply))
    this.#worker.on('error', (cause) => this.#died(cause))
    this.#worker.on('exit', (code) => this.#died(new Error(`it exited with code ${code}`)))
  }

  get busy(): number {
    return this.#worker.performance.eventLoopUtilization().utilization
  }

  call<C extends keyof BrokerCommands>(
    name: C,
    ...args: Parameters<BrokerCommands[C]>
  ): Promise<ReturnType<BrokerCommands[C]>> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) return reject(this.#death)
      const id = this.#nextId++
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#port.post({ id, name, args } as BrokerCommand)
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(reply: BrokerReply): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('error' in reply) pending?.reject(fromWire(reply.error))
    else pending?.resolve(reply.value)
  }

  #died(cause: Error): void {
    const text = `The broker thread stopped unexpectedly: ${cause.message}. Start another one.`
    this.#death ??= new ThreadDied('THREAD_DIED', text, { fatal: true, cause })
    for (const { reject } of this.#pending.values()) reject(this.#death)
    this.#pending.clear()
  }
}
