// What the I/O thread does, as a state machine over transport, clock, randomness and hand-off. [I/O thread]

import type { Clock } from '../base/clock.ts'
import { type MillraceError, toWire } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Transport } from '../base/transport.ts'
import type { Call, CallResults, OffsetAnswer, SpillPort, ToIo, ToMain } from '../control/commands.ts'
import type { Port } from '../control/port.ts'
import type { ApiName, ResponseOf } from '../protocol/apis.ts'
import { firstError } from '../protocol/first-error.ts'
import type { Answer, Bell } from '../ring/doorbell.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import type { WorkerView } from '../ring/worker-view.ts'
import { Cluster } from './cluster.ts'
import { Feed } from './feed.ts'
import { GroupDesk } from './group/group-desk.ts'
import type { IoOptions } from './io-options.ts'
import { OffsetLookup } from './offsets.ts'
import { Outlet } from './outlet.ts'
import { Producers } from './producer/producers.ts'
import { Reader } from './reader.ts'
import { Requester } from './requester.ts'

/** What the role runs on. */
export interface IoParts {
  transport: Transport
  clock: Clock
  random: Random
  port: Port<ToMain, ToIo>
  memory: Memory
  /** Rung when there may be room again. */
  bell: Answer
  /** The bell of a worker. */
  bellOf(worker: WorkerView): Bell
  spills: SpillDesk
  /** Whom spills made here are announced to: a worker that came, or is gone. Not where threads are shared. */
  tellSpills?(worker: number, port: SpillPort | undefined): void
  options: IoOptions
}

/** Answers main's commands, owns all readers. */
export class IoRole {
  readonly #parts: IoParts
  readonly #cluster: Cluster
  readonly #requester: Requester
  readonly #producers: Producers
  readonly #groups: GroupDesk
  readonly #offsets: OffsetLookup
  readonly #outlet: Outlet
  readonly #feed: Feed
  readonly #readers = new Map<number, Reader>()
  readonly #calls = new Map<number, AbortController>()

  constructor(parts: IoParts) {
    const { transport, clock, random, options, memory, bellOf, spills, port } = parts
    this.#parts = parts
    this.#cluster = new Cluster({
      transport,
      clock,
      random,
      options,
      onEvent: ({ type, ...detail }) => port.post({ type: 'event', name: type, detail: plain(detail) }),
    })
    this.#requester = new Requester(this.#cluster)
    this.#producers = new Producers({
      cluster: this.#cluster,
      requester: this.#requester,
      post: (message) => port.post(message),
    })
    this.#groups = new GroupDesk({
      cluster: this.#cluster,
      requester: this.#requester,
      random,
      post: (consumer, event) => port.post({ type: 'group', consumer, event }),
    })
    this.#offsets = new OffsetLookup(this.#cluster)
    this.#outlet = new Outlet(memory, bellOf)
    this.#feed = new Feed(memory, this.#outlet, spills, clock)
  }

  /** Starts to listen. */
  start(): void {
    this.#parts.port.onMessage((message) => this.#message(message))
    this.#parts.bell.start(() => this.#pump())
  }

  #pump(): void {
    this.#parts.memory.forgetSpills()
    this.#outlet.flush()
    for (const reader of this.#readers.values()) reader.pump()
  }

  #message(message: ToIo): void {
    switch (message.type) {
      case 'call':
        return void this.#call(message.id, message.call, message.timeoutMs)
      case 'cancel':
        return this.#calls.get(message.id)?.abort()
      case 'group':
        return this.#groups.command(message.consumer, message.command)
      case 'openReader':
        return this.#open(message.reader, message.settings)
      case 'assign':
        return this.#readers.get(message.reader)?.assign(message.cursors)
      case 'seek':
        return this.#readers.get(message.reader)?.seek(message.slot, message.generation, message.position)
      case 'unassign':
        return this.#readers.get(message.reader)?.unassign(message.slots)
      default:
        return this.#producers.command(message)
    }
  }

  #open(id: number, settings: Reader['settings']): void {
    const { memory, spills, clock, port } = this.#parts
    const post = (message: ToMain) => port.post(message)
    const roomMade = () => {
      if (memory.readerRoomWanted(id)) this.#pump()
    }
    const roles = { feed: this.#feed, cluster: this.#cluster, offsets: this.#offsets }
    const shared = { memory, spills, clock, ...roles, post, roomMade }
    this.#readers.set(id, new Reader({ id, settings, ...shared }))
  }

  async #call(id: number, call: Call, timeoutMs: number): Promise<void> {
    const { port } = this.#parts
    const cancel = new AbortController()
    this.#calls.set(id, cancel)
    try {
      const result = await this.#answer(call, { timeoutMs, signal: cancel.signal })
      port.post({ type: 'reply', id, result, error: undefined })
    } catch (error) {
      port.post({ type: 'reply', id, result: undefined, error: toWire(error) })
    }
    this.#calls.delete(id)
  }

  #answer(call: Call, bounds: { timeoutMs: number; signal: AbortSignal }): Promise<CallResults[Call['op']]> {
    switch (call.op) {
      case 'topics':
        return this.#topics(call, bounds)
      case 'offsets':
        return this.#listOffsets(call, bounds)
      case 'request':
        return this.#request(call, bounds)
      case 'closeReader':
        return this.#closeReader(call.reader)
      case 'addWorker': {
        this.#parts.memory.addWorker(call.worker)
        this.#outlet.addWorker(call.worker.id)
        if (call.spills !== undefined) this.#parts.tellSpills?.(call.worker.id, call.spills)
        return Promise.resolve(undefined)
      }
      case 'route':
        return this.#route(call)
      case 'leaveGroup':
        return this.#groups.leave(call.consumer, call.permanently, bounds.timeoutMs)
      case 'close':
        return this.#close()
      default:
        return this.#producers.call(call, bounds)
    }
  }

  async #request(
    { target, api, body, minVersion, maxVersion }: Extract<Call, { op: 'request' }>,
    bounds: { timeoutMs: number; signal: AbortSignal },
  ): Promise<unknown> {
    const name = api as ApiName
    // A coordinator that moved says so wherever its API has an error code: for OffsetCommit, beside each partition.
    const errorCodeOf = (answer: ResponseOf<ApiName>) => firstError(name, answer as never)?.code ?? 0
    const options = { ...bounds, minVersion, maxVersion, errorCodeOf }
    const answer = await this.#requester.request(target, name, body as never, options)
    return answer.body
  }

  async #route({ reader, workers, gone }: Extract<Call, { op: 'route' }>): Promise<undefined> {
    this.#outlet.route(reader, workers)
    for (const id of gone) {
      this.#outlet.removeWorker(id)
      this.#parts.tellSpills?.(id, undefined)
      this.#parts.memory.removeWorker(id)
    }
    return undefined
  }

  async #topics(
    { topics, fresh }: Extract<Call, { op: 'topics' }>,
    bounds: { timeoutMs: number; signal: AbortSignal },
  ) {
    // Who asks for none wants a connection.
    if (topics.length === 0 || fresh) await this.#cluster.refresh(topics, bounds)
    const found = await Promise.all(topics.map((topic) => this.#cluster.topic(topic, bounds)))
    return found.map(({ name, partitions }) => ({ topic: name, partitions: partitions.length }))
  }

  async #listOffsets(
    { queries, isolationLevel, orEnd }: Extract<Call, { op: 'offsets' }>,
    bounds: { timeoutMs: number; signal: AbortSignal },
  ): Promise<OffsetAnswer[]> {
    const answers = await this.#offsets.listOffsets(queries, { isolationLevel, orEnd, ...bounds })
    return answers.map(({ topic, partition, offset, error }) => {
      return { topic, partition, offset, error: error === undefined ? undefined : toWire(error) }
    })
  }

  async #closeReader(id: number): Promise<undefined> {
    const reader = this.#readers.get(id)
    await reader?.close()
    if (this.#readers.get(id) === reader) this.#readers.delete(id)
    return undefined
  }

  async #close(): Promise<undefined> {
    this.#parts.bell.stop()
    const closing = [...this.#readers.values()].map((reader) => reader.close())
    const producers = this.#producers.close()
    this.#groups.close()
    this.#cluster.close()
    await Promise.all([...closing, producers])
    return undefined
  }
}

/** An event without anything that cannot be posted. */
function plain(detail: Record<string, unknown>): Record<string, unknown> {
  const { error, ...rest } = detail as { error?: MillraceError }
  return error === undefined ? rest : { ...rest, error: toWire(error) }
}
