// Takes raw batches from one ring, checks, decompresses and indexes them, and passes them on to main. [pool threads]
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { BATCH_HEADER_BYTES, CODEC_MASK } from '../record/batch.ts'
import { INDEX_BYTES_PER_RECORD, WORDS_PER_RECORD } from '../record/columns.ts'
import { Fault } from '../record/faults.ts'
import type { DecodeJob, Kernel } from '../record/kernel.ts'
import type { Words } from '../ring/atomics.ts'
import { Field, Kind } from '../ring/descriptor.ts'
import { DescriptorQueue } from '../ring/descriptor-queue.ts'
import type { Bell } from '../ring/doorbell.ts'
import { DESCRIPTOR_WORDS } from '../ring/layout.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import type { WorkerView } from '../ring/worker-view.ts'

/** What a drain works with. */
export interface DrainParts {
  /** The id of this worker. */
  worker: number
  memory: Memory
  kernel: Kernel
  clock: Clock
  mainBell: Bell
  ioBell: Bell
  spills: SpillDesk
  /** A batch that decompresses to more is refused. */
  maxDecompressedBytes: number
  /** Default: batches go to main. */
  handOver?: HandOver
}

/** User code in this thread, which gets the batches in the place of main. */
export interface HandOver {
  /** Whether batches may be taken from the ring. What one partition has waiting must not keep it from the others. */
  readonly hasRoom: boolean
  /** The descriptor at the head of the ring is written down before it leaves the ring; gives the entry's number. */
  take(at: number): number
  /** A batch is decoded: its descriptor lies at word 0. Its raw bytes are the entry's, never released here. */
  deliver(words: Words): void
}

/** Where a decoded block lies. */
interface Block {
  home: number
  start: number
  sizeBytes: number
}

const NO_BLOCK: Block = { home: 0, start: 0, sizeBytes: 0 }

/**
 * One worker's loop, run at every ring of its bell. A partition whose share of decode memory is full is parked: its
 * batches wait here in order, all other partitions go on.
 */
export class Drain {
  readonly #parts: DrainParts
  readonly #memory: Memory
  readonly #own: WorkerView
  readonly #control: Words
  /** Batches that wait for room, by slot. What they hold is bounded by the fetch credit. */
  readonly #parked = new Map<number, DescriptorQueue>()
  /** What left the ring last, for user code in this thread. */
  readonly #taken = new Int32Array(new SharedArrayBuffer(DESCRIPTOR_WORDS * 4))
  readonly #job: DecodeJob
  readonly #out: { words: Words; claim(): number; commit(): void }
  /** A kernel's promise is pending; nothing may overtake its batch. */
  #busy = false
  /** When the batch in hand was taken up. */
  #startedMs = 0

  constructor(parts: DrainParts) {
    this.#parts = parts
    this.#memory = parts.memory
    this.#own = parts.memory.worker(parts.worker)!
    this.#control = this.#own.words
    this.#out = parts.handOver === undefined ? this.#own.toMain : deskOf(parts.handOver)
    const { bytes, words } = parts.memory.fetch
    this.#job = {
      raw: bytes,
      at: 0,
      sizeBytes: 0,
      checkCrcs: true,
      deliver: true,
      out: bytes,
      outAt: 0,
      outCapacity: 0,
      index: words,
      indexAt: 0,
      indexCapacity: 0,
      recordsBytes: 0,
      count: 0,
    }
    for (const memory of this.#lasting()) parts.kernel.attach?.(memory)
  }

  /** After the last run: the kernel forgets this drain's memory. */
  close(): void {
    for (const memory of this.#lasting()) this.#parts.kernel.detach?.(memory)
  }

  /** What most batches lie in; spills come and go. */
  #lasting(): (Uint8Array | Int32Array)[] {
    const { fetch } = this.#memory
    const { decode } = this.#own
    return [fetch.bytes, fetch.words, decode.bytes, decode.words]
  }

  /** Works until the ring is empty, main's ring is full, or the kernel needs to wait. */
  run(): void {
    if (this.#busy) return
    this.#memory.forgetSpills()
    const ring = this.#own.toWorker
    let worked = this.#retryParked()
    if (this.#parts.handOver !== undefined) return this.#handOver(this.#parts.handOver)
    for (let at = ring.peek(); at >= 0 && !this.#busy; at = ring.peek()) {
      const outcome = this.#passInTurn(this.#control, at)
      if (outcome === 'full') break
      if (outcome === 'passed') worked = true
      ring.release()
    }
    if (worked) this.#parts.mainBell.ring()
  }

  /** Every batch leaves the ring before it is looked at: user code may end the thread at any moment. */
  #handOver(handOver: HandOver): void {
    const ring = this.#own.toWorker
    const from = this.#taken
    for (let at = ring.peek(); at >= 0 && !this.#busy && handOver.hasRoom; at = ring.peek()) {
      for (let i = 0; i < DESCRIPTOR_WORDS; i++) from[i] = this.#control[at + i]!
      from[Field.entry] = handOver.take(at)
      ring.release()
      this.#passInTurn(from, 0)
    }
    this.#parts.mainBell.ring()
  }

  /** Passes one batch on unless others of its partition wait, or has it wait. */
  #passInTurn(from: Words, at: number): 'passed' | 'full' | 'parked' {
    const slot = from[at + Field.slot]!
    const waiting = this.#parked.get(slot)
    const outcome = waiting === undefined ? this.#pass(from, at) : 'parked'
    if (outcome !== 'parked') return outcome
    const queue = waiting ?? new DescriptorQueue()
    this.#parked.set(slot, queue)
    queue.push(from, at)
    return outcome
  }

  #retryParked(): boolean {
    let worked = false
    for (const [slot, waiting] of this.#parked) {
      while (waiting.length > 0 && !this.#busy) {
        if (this.#pass(waiting.words, waiting.at) !== 'passed') break
        waiting.shift()
        worked = true
      }
      if (waiting.length === 0) this.#parked.delete(slot)
      if (this.#busy) break
    }
    return worked
  }

  /** Passes one batch on to main, or says what it waits for. A batch whose kernel call is pending counts as passed. */
  #pass(from: Words, at: number): 'passed' | 'full' | 'parked' {
    const out = this.#out
    let to = out.claim()
    if (to < 0) {
      // Asked for before looking again: main may have drained the ring in between.
      this.#own.wantRoom()
      to = out.claim()
      if (to < 0) return 'full'
    }
    if (from[at + Field.kind] === Kind.position) {
      this.#copy(from, at, to)
      out.commit()
      return 'passed'
    }
    this.#startedMs = this.#parts.clock.now()
    const prepared = this.#prepare(from, at)
    if (prepared === 'no room') return 'parked'
    if (typeof prepared === 'number') {
      this.#finish(from, at, to, prepared, NO_BLOCK)
      return 'passed'
    }
    const verdict = this.#parts.kernel.decode(this.#job)
    if (typeof verdict === 'number') this.#finish(from, at, to, verdict, prepared)
    else this.#await(verdict, copyOf(from, at), to, prepared)
    return 'passed'
  }

  /** Sets the job up: a fault when there is nothing to decode, else the block that will take the result. */
  #prepare(from: Words, at: number): Block | number | 'no room' {
    const { kernel, maxDecompressedBytes } = this.#parts
    const raw = this.#memory.home(from[at + Field.bytesHome]!)
    const job = this.#job
    job.raw = raw.bytes
    job.at = from[at + Field.bytesStart]!
    job.sizeBytes = from[at + Field.bytesSize]!
    job.checkCrcs = from[at + Field.checkCrcs] === 1
    job.deliver = from[at + Field.kind] === Kind.data
    job.outCapacity = 0
    job.indexCapacity = 0
    job.recordsBytes = 0
    if (!job.deliver) return NO_BLOCK
    const bound = kernel.measure(raw.bytes, job.at, job.sizeBytes, maxDecompressedBytes)
    if (bound < 0) return -bound
    const count = from[at + Field.count]!
    const need = count * INDEX_BYTES_PER_RECORD + bound
    if (need === 0) return NO_BLOCK
    // Tiny records need more bytes of index than they have themselves: the limit holds for both together.
    if (need > maxDecompressedBytes) return Fault.DECOMPRESSED_TOO_LARGE
    const block = this.#claim(from[at + Field.slot]!, from[at + Field.reader]!, need)
    if (block === undefined) return 'no room'
    const home = this.#memory.home(block.home)
    job.index = home.words
    job.indexAt = block.start / 4
    job.indexCapacity = count * WORDS_PER_RECORD
    job.out = home.bytes
    job.outAt = block.start + count * INDEX_BYTES_PER_RECORD
    job.outCapacity = bound
    return block
  }

  /**
   * Claims a block within the partition's and the reader's share. What does not fit goes to a spill, one at a time,
   * unless the partition holds other blocks: then their release will make room.
   */
  #claim(slot: number, reader: number, need: number): Block | undefined {
    const { spills } = this.#parts
    const block = this.#claimShare(slot, reader, need)
    if (block !== undefined) return block
    // Asked for before the last try: main may have released everything in between, and would never ring again.
    this.#own.wantRoom()
    const second = this.#claimShare(slot, reader, need)
    if (second !== undefined) return second
    if (this.#memory.slotDecoded(slot) > 0 && need <= this.#memory.shareBytes(this.#own.decode)) return
    const home = spills.open(need, this.#memory.layout.decodeSpill)
    return home === undefined ? undefined : this.#count(slot, { home, start: 0, sizeBytes: need })
  }

  #claimShare(slot: number, reader: number, need: number): Block | undefined {
    const arena = this.#own.decode
    const free = this.#memory.freeBytes(arena, reader)
    const slotHeld = this.#memory.slotDecoded(slot)
    // A partition that holds nothing may go over the share once: otherwise one that holds it all would stop the others.
    const may = slotHeld === 0 ? this.#memory.mayClaim(arena, reader, need) : need <= free && slotHeld <= 2 * free
    if (!may) return undefined
    const start = arena.claim(need, reader)
    return start < 0 ? undefined : this.#count(slot, { home: 1 + this.#own.id, start, sizeBytes: need })
  }

  #count(slot: number, block: Block): Block {
    this.#memory.addDecoded(slot, block.sizeBytes)
    return block
  }

  #await(verdict: Promise<number>, from: Words, to: number, block: Block): void {
    this.#busy = true
    const done = (fault: number) => {
      this.#busy = false
      this.#finish(from, 0, to, fault, block)
      this.#parts.mainBell.ring()
      this.run()
    }
    verdict.then(done, () => done(Fault.BAD_ZSTD))
  }

  /** Fills main's descriptor, frees what main does not need, and publishes. */
  #finish(from: Words, at: number, to: number, fault: number, block: Block): void {
    const { clock } = this.#parts
    const { words } = this.#out
    this.#copy(from, at, to)
    words[to + Field.fault] = fault
    words[to + Field.decodeUs] = (clock.now() - this.#startedMs) * 1000
    if (fault === 0 && from[at + Field.kind] === Kind.data) this.#deliver(from, at, to, block)
    else {
      if (block.sizeBytes > 0) this.#releaseBlock(from[at + Field.slot]!, block)
      this.#releaseRaw(from, at)
      // Main looks up only what it gets: a spill that was released here may be forgotten there already.
      words.fill(0, to + Field.bytesHome, to + Field.count + 1)
    }
    this.#out.commit()
  }

  /** Says where the records are: where they arrived, or in the block that they were decompressed to. */
  #deliver(from: Words, at: number, to: number, block: Block): void {
    const { words } = this.#out
    const { recordsBytes, outAt } = this.#job
    const inPlace = !isCompressed(from, at)
    const usedBytes = from[at + Field.count]! * INDEX_BYTES_PER_RECORD + (inPlace ? 0 : recordsBytes)
    const kept = this.#shrink(from[at + Field.slot]!, block, usedBytes)
    words[to + Field.blockHome] = kept.home
    words[to + Field.blockStart] = kept.start
    words[to + Field.blockSize] = kept.sizeBytes
    words[to + Field.recordsHome] = inPlace ? from[at + Field.bytesHome]! : kept.home
    words[to + Field.recordsStart] = inPlace ? from[at + Field.bytesStart]! + BATCH_HEADER_BYTES : outAt
    words[to + Field.recordsSize] = inPlace ? from[at + Field.bytesSize]! - BATCH_HEADER_BYTES : recordsBytes
    if (inPlace) return
    this.#releaseRaw(from, at)
    words.fill(0, to + Field.bytesHome, to + Field.bytesSize + 1)
  }

  /** Gives back what the bound had claimed too much. */
  #shrink(slot: number, block: Block, usedBytes: number): Block {
    assert(usedBytes <= block.sizeBytes, 'a decoded batch fits the block that was claimed for it')
    const arena = this.#own.decode
    if (block.home !== 1 + this.#own.id) return block
    const sizeBytes = arena.shrink(block.start, block.sizeBytes, usedBytes)
    this.#memory.addDecoded(slot, sizeBytes - block.sizeBytes)
    return { home: block.home, start: block.start, sizeBytes }
  }

  #releaseBlock(slot: number, block: Block): void {
    this.#memory.home(block.home).release(block.start, block.sizeBytes)
    this.#memory.addDecoded(slot, -block.sizeBytes)
  }

  #releaseRaw(from: Words, at: number): void {
    if (this.#parts.handOver !== undefined) return
    const sizeBytes = from[at + Field.bytesSize]!
    this.#memory.home(from[at + Field.bytesHome]!).release(from[at + Field.bytesStart]!, sizeBytes)
    this.#memory.addRaw(from[at + Field.slot]!, -sizeBytes)
    if (this.#memory.readerRoomWanted(from[at + Field.reader]!)) this.#parts.ioBell.ring()
  }

  #copy(from: Words, at: number, to: number): void {
    const { words } = this.#out
    for (let i = 0; i < DESCRIPTOR_WORDS; i++) words[to + i] = from[at + i]!
  }
}

/** A ring of one descriptor that never fills. */
function deskOf(handOver: HandOver) {
  const words = new Int32Array(new SharedArrayBuffer(DESCRIPTOR_WORDS * 4))
  return { words, claim: () => 0, commit: () => handOver.deliver(words) }
}

const copyOf = (words: Words, at: number): Words => words.slice(at, at + DESCRIPTOR_WORDS) as unknown as Words

const isCompressed = (words: Words, at: number): boolean => (words[at + Field.attributes]! & CODEC_MASK) !== 0
