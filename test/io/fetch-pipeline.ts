// Fetch answers to leases without a socket or a thread: landing, walk, feed, outlet, drain and hub by hand. [test]
import type { MillraceError } from '../../src/base/errors.ts'
import type { Random } from '../../src/base/random.ts'
import { LocalSpills } from '../../src/control/spills.ts'
import type { Lease } from '../../src/delivery/lease.ts'
import { Hub } from '../../src/engine/hub.ts'
import { Cursor } from '../../src/io/cursor.ts'
import { Feed } from '../../src/io/feed.ts'
import { FetchAnswer, type FetchOutcome } from '../../src/io/fetch-answer.ts'
import { Outlet } from '../../src/io/outlet.ts'
import { encodeResponse } from '../../src/protocol/frame.ts'
import type { Kernel } from '../../src/record/kernel.ts'
import { typescriptKernel } from '../../src/record/typescript-kernel.ts'
import { load } from '../../src/ring/atomics.ts'
import { READERS_MAX } from '../../src/ring/layout.ts'
import type { Memory } from '../../src/ring/memory.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { Drain } from '../../src/worker/drain.ts'
import { readerSettings } from '../support/reader-settings.ts'

const silent = { ring: () => {} }

/** One partition of an answer. */
export interface AnsweredPartition {
  partition: number
  records: Uint8Array
  aborted?: { producerId: bigint; firstOffset: number }[]
}

/** One reader of the topic `t` at one broker; slot and partition are the same number. */
export class FetchPipeline {
  readonly memory: Memory
  readonly cursors: Cursor[]
  readonly arrived: Lease[] = []
  readonly drains: Drain[]
  readonly hub: Hub
  readonly spills: LocalSpills
  readonly feed: Feed
  readonly #outlet: Outlet

  constructor(memory: Memory, partitions: number, { kernel = typescriptKernel }: { kernel?: Kernel } = {}) {
    const clock = new VirtualClock()
    this.memory = memory
    this.spills = new LocalSpills(memory)
    this.#outlet = new Outlet(memory, () => silent)
    this.feed = new Feed(memory, this.#outlet, this.spills, clock)
    this.drains = memory.workers.map(({ id: worker }) => {
      const bells = { mainBell: silent, ioBell: silent }
      const maxDecompressedBytes = 8_388_608
      return new Drain({ worker, memory, kernel, clock, ...bells, spills: this.spills, maxDecompressedBytes })
    })
    this.hub = new Hub(memory, silent, () => silent)
    this.cursors = Array.from({ length: partitions }, (_, slot) => {
      this.hub.own(slot, { generation: 1, arrived: (lease) => void this.arrived.push(lease) })
      return new Cursor({ slot, generation: 1, topic: 't', partition: slot, position: 0, end: undefined })
    })
  }

  /** An answer that is ready to be received. */
  answer(partitions: readonly AnsweredPartition[], version = 12): Answering {
    return new Answering(this, partitions, version)
  }

  /** Lets workers and main run until nothing moves. */
  run(): void {
    for (let turn = 0; turn < 4; turn++) {
      this.#outlet.flush()
      for (const drain of this.drains) drain.run()
      this.hub.drain()
    }
  }

  /** What is held, charged or spilled; all zero when everything was given back. */
  get left(): Record<string, number> {
    const { memory, cursors } = this
    const { words, layout } = memory
    let used = 0
    for (const arena of [memory.fetch, ...memory.workers.map(({ decode }) => decode)]) {
      for (let reader = 0; reader < READERS_MAX; reader++) if (reader !== 9) used += memory.usedBytes(arena, reader)
    }
    const slots = cursors.reduce((sum, { slot }) => sum + memory.slotRaw(slot) + memory.slotDecoded(slot), 0)
    return { used, slots, raw: load(words, layout.rawSpill), decode: load(words, layout.decodeSpill) }
  }
}

export const nothing = { used: 0, slots: 0, raw: 0, decode: 0 }

/** One answer as a connection delivers it. */
export class Answering {
  readonly sink: FetchAnswer
  readonly body: Uint8Array
  outcome: FetchOutcome | undefined
  error: MillraceError | undefined
  /** What it asked the connection to be closed for. */
  refused: MillraceError | undefined
  settledCount = 0

  constructor(pipeline: FetchPipeline, partitions: readonly AnsweredPartition[], version: number) {
    const { memory, spills, feed, cursors } = pipeline
    const named = partitions.map(({ partition, records, aborted }) => ({
      partitionIndex: partition,
      errorCode: 0,
      highWatermark: 1_000_000,
      lastStableOffset: 1_000_000,
      abortedTransactions: aborted ?? null,
      records,
    }))
    this.body = encodeResponse('Fetch', version, 1, { responses: [{ topic: 't', partitions: named }] }).subarray(8)
    this.sink = new FetchAnswer({
      ...{
        reader: 0,
        broker: 1,
        brokerName: 'broker:1',
        version,
        cursors,
        memory,
        spills,
        feed,
        settings: readerSettings,
      },
      clock: new VirtualClock(),
      reservedBytes: 0,
      unreserve: () => {},
      resumeBody: () => {},
      refuse: (error) => {
        this.refused = error
      },
      done: (outcome) => {
        this.outcome = outcome
        this.settledCount++
      },
      failed: (error) => {
        this.error = error
        this.settledCount++
      },
    })
  }

  /** Receives all of it, in random steps; `step` runs between them. */
  receive(random: Random, step: () => void = () => {}): void {
    if (!this.sink.begin(this.body.length)) throw new Error('there was no room for the answer')
    this.receiveFrom(0, random, step)
  }

  receiveFrom(from: number, random: Random, step: () => void = () => {}, upTo = this.body.length): void {
    for (let at = from; at < upTo; ) {
      const room = this.sink.buffer()
      const count = Math.min(room.length, upTo - at, 1 + Math.floor(random.next() * 30_000))
      room.set(this.body.subarray(at, at + count))
      at += count
      this.sink.received(count)
      step()
    }
    if (upTo === this.body.length) this.sink.end(undefined)
  }
}
