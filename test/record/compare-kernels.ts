// Lets two kernels read the same batch in memories of their own, and says where they differ. [test processes]

import { COUNT_AT } from '../../src/record/batch.ts'
import { WORDS_PER_RECORD } from '../../src/record/columns.ts'
import { faultName } from '../../src/record/faults.ts'
import type { DecodeJob, Kernel } from '../../src/record/kernel.ts'

/** What a kernel made of a batch; `trace` holds its index and its records as well. */
export interface Reading {
  fault: string
  bound: number
  count: number
  trace: Buffer
}

/** Decompressed batches above this are refused. */
const LIMIT_BYTES = 4 * 1024 * 1024
const RAW_BYTES = 1024 * 1024
const INDEX_WORDS = Math.ceil(LIMIT_BYTES / 7) * WORDS_PER_RECORD

/** One kernel with shared memory of its own, as a worker has it. */
export class KernelBench {
  readonly #kernel: Kernel
  readonly #raw = new Uint8Array(new SharedArrayBuffer(RAW_BYTES))
  readonly #out = new Uint8Array(new SharedArrayBuffer(LIMIT_BYTES))
  readonly #index = new Int32Array(new SharedArrayBuffer(INDEX_WORDS * 4))
  readonly #noise: number

  /** What lies around the batch and its records is filled with `noise`: it must not show in any result. */
  constructor(kernel: Kernel, noise: number, attach: boolean) {
    this.#kernel = kernel
    this.#noise = noise
    if (attach) for (const memory of [this.#raw, this.#out, this.#index]) kernel.attach?.(memory)
  }

  async read(bytes: Uint8Array, checkCrcs: boolean, deliver = true): Promise<Reading> {
    const [raw, out, index] = [this.#raw, this.#out, this.#index]
    raw.fill(this.#noise, 0, bytes.length + 100)
    raw.set(bytes, 64)
    const bound = this.#kernel.measure(raw, 64, bytes.length, LIMIT_BYTES)
    if (bound < 0) return { fault: faultName(-bound), bound, count: 0, trace: Buffer.alloc(0) }
    out.fill(this.#noise, 0, Math.min(out.length, bound + 64))
    const job: DecodeJob = {
      raw,
      at: 64,
      sizeBytes: bytes.length,
      checkCrcs,
      deliver,
      out,
      outAt: 0,
      outCapacity: bound,
      index,
      indexAt: 0,
      indexCapacity: new DataView(raw.buffer).getInt32(64 + COUNT_AT) * WORDS_PER_RECORD,
      recordsBytes: 0,
      count: 0,
    }
    const fault = await this.#kernel.decode(job)
    const fits = out.subarray(bound, bound + 64).every((byte) => byte === this.#noise)
    if (!fits) throw new Error(`the ${this.#kernel.name} kernel wrote behind its output`)
    const words = index.subarray(0, job.count * WORDS_PER_RECORD)
    const records = bound === 0 ? [] : out.subarray(0, job.recordsBytes)
    const trace = Buffer.concat([Buffer.from(words.slice().buffer), Buffer.from(records)])
    return { fault: fault === 0 ? 'NONE' : faultName(fault), bound, count: job.count, trace }
  }
}

/** Where two readings differ, in a few words; undefined when they do not. */
export function difference(one: Reading, other: Reading): string | undefined {
  if (one.bound !== other.bound) return `bounds ${one.bound} (${one.fault}) and ${other.bound} (${other.fault})`
  if (one.fault !== other.fault) return `verdicts ${one.fault} and ${other.fault}`
  if (one.count !== other.count) return `counts ${one.count} and ${other.count}`
  return one.trace.equals(other.trace) ? undefined : `index or records of ${one.count} records`
}
