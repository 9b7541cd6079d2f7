// The batch kernel in Rust, seen from TypeScript: numbers into a shared array, one call a batch. [pure: any thread]

import { assert } from '../base/assert.ts'
import type { DecodeJob, Kernel } from './kernel.ts'
import type { JobNumbers, KernelMemory, NativeAddon, NativeHandle } from './native-addon.ts'
import { codecAt, typescriptKernel } from './typescript-kernel.ts'

/** Where the numbers of a job lie: the same as `slot` in native/src/kernel.rs. */
const JobSlot = {
  RAW: 0,
  AT: 1,
  SIZE: 2,
  FLAGS: 3,
  OUT: 4,
  OUT_AT: 5,
  OUT_CAPACITY: 6,
  INDEX: 7,
  INDEX_AT: 8,
  INDEX_CAPACITY: 9,
  LIMIT: 10,
  RECORDS_BYTES: 11,
  COUNT: 12,
} as const
const JOB_SLOTS = 13
const CHECK_CRCS = 1
const DELIVER = 2

/** The addon leaves the verdict to the TypeScript kernel: on gzip that it refuses, and if it ever panics. */
const SECOND_OPINION = -1000

/** A kernel by an addon that was loaded; each thread makes its own. */
export class NativeKernel implements Kernel {
  readonly name = 'native'
  readonly #addon: NativeAddon
  readonly #handle: NativeHandle
  readonly #numbers: JobNumbers
  readonly #attached = new Map<KernelMemory, number>()

  constructor(addon: NativeAddon) {
    this.#numbers = new Float64Array(new SharedArrayBuffer(JOB_SLOTS * 8))
    this.#addon = addon
    this.#handle = addon.open(this.#numbers)
  }

  attach(memory: KernelMemory): void {
    // Any other buffer could be moved to another thread, and its memory freed, while the addon knows its address.
    assert(memory.buffer instanceof SharedArrayBuffer, 'only shared memory is attached to the native kernel')
    if (!this.#attached.has(memory)) this.#attached.set(memory, this.#addon.attach(this.#handle, memory))
  }

  detach(memory: KernelMemory): void {
    const number = this.#attached.get(memory)
    if (number === undefined) return
    this.#attached.delete(memory)
    this.#addon.detach(this.#handle, number)
  }

  measure(raw: Uint8Array, at: number, sizeBytes: number, limitBytes: number): number {
    // Without compression only the header is looked at, which costs less than a call.
    if (codecAt(raw, at) === 0) return typescriptKernel.measure(raw, at, sizeBytes, limitBytes)
    const numbers = this.#numbers
    numbers[JobSlot.AT] = at
    numbers[JobSlot.SIZE] = sizeBytes
    numbers[JobSlot.LIMIT] = limitBytes
    const attached = this.#attached.get(raw)
    let bound: number
    if (attached === undefined) bound = this.#addon.measureIn(this.#handle, raw)
    else {
      numbers[JobSlot.RAW] = attached
      bound = this.#addon.measure(this.#handle)
    }
    if (bound > SECOND_OPINION) return bound
    assert(bound === SECOND_OPINION, 'a batch is measured where there is memory')
    return typescriptKernel.measure(raw, at, sizeBytes, limitBytes)
  }

  decode(job: DecodeJob): number | Promise<number> {
    job.recordsBytes = 0
    job.count = 0
    const verdict = this.#call(job)
    if (verdict === 0) {
      job.recordsBytes = this.#numbers[JobSlot.RECORDS_BYTES]!
      job.count = this.#numbers[JobSlot.COUNT]!
      return 0
    }
    if (verdict > 0) return verdict
    assert(verdict === SECOND_OPINION, 'output and index of a batch are reserved before it is decoded')
    return typescriptKernel.decode(job)
  }

  #call(job: DecodeJob): number {
    const numbers = this.#numbers
    numbers[JobSlot.AT] = job.at
    numbers[JobSlot.SIZE] = job.sizeBytes
    numbers[JobSlot.FLAGS] = (job.checkCrcs ? CHECK_CRCS : 0) + (job.deliver ? DELIVER : 0)
    numbers[JobSlot.OUT_AT] = job.outAt
    numbers[JobSlot.OUT_CAPACITY] = job.outCapacity
    numbers[JobSlot.INDEX_AT] = job.indexAt
    numbers[JobSlot.INDEX_CAPACITY] = job.indexCapacity
    const raw = this.#attached.get(job.raw)
    const out = this.#attached.get(job.out)
    const index = this.#attached.get(job.index)
    if (raw === undefined || out === undefined || index === undefined) {
      return this.#addon.decodeIn(this.#handle, job.raw, job.out, job.index)
    }
    numbers[JobSlot.RAW] = raw
    numbers[JobSlot.OUT] = out
    numbers[JobSlot.INDEX] = index
    return this.#addon.decode(this.#handle)
  }
}
