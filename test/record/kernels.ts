// Every kernel there is: one suite runs over all of them. [test processes]

import { codecs } from '../../src/record/compression/registry.ts'
import { zstdAddon } from '../../src/record/compression/zstd.ts'
import { Fault, faultName } from '../../src/record/faults.ts'
import type { DecodeJob, Kernel } from '../../src/record/kernel.ts'
import { loadNative } from '../../src/record/native-addon.ts'
import { NativeKernel } from '../../src/record/native-kernel.ts'
import { typescriptKernel, typescriptKernelOf } from '../../src/record/typescript-kernel.ts'

const native = loadNative()

/** Why the native kernel is not among them, if it is not. */
export const nativeMissing: string | undefined = native.reason

/** By name; the second decodes zstd as Node.js before 22.15 does, the third is there where it was built. */
export const kernels: Record<string, Kernel> = {
  typescript: typescriptKernel,
  'typescript, zstd by promise': typescriptKernelOf([...codecs.slice(0, 4), zstdAddon]),
  ...(native.addon === undefined ? {} : { native: new NativeKernel(native.addon) }),
}

/** What a kernel made of a batch. */
export interface Outcome {
  /** 'NONE', or the name of the fault. */
  fault: string
  bound: number
  job: DecodeJob
}

/** Guard bytes around the output and guard words around the index must survive. */
const GUARD = 0x5a

/**
 * Measures and decodes `batch` where it lies in shared memory, between guards; throws if a kernel writes out of
 * bounds.
 */
export async function decodeGuarded(
  kernel: Kernel,
  batch: Uint8Array,
  options: { checkCrcs?: boolean; deliver?: boolean; limitBytes?: number; sizeBytes?: number } = {},
): Promise<Outcome> {
  const raw = new Uint8Array(new SharedArrayBuffer(batch.length + 13))
  raw.set(batch, 7)
  const sizeBytes = options.sizeBytes ?? batch.length
  const bound = kernel.measure(raw.subarray(0, batch.length + 7), 7, sizeBytes, options.limitBytes ?? 64 * 1024 * 1024)
  const count = bound < 0 ? 0 : new DataView(raw.buffer).getInt32(7 + 57)
  const room = Math.max(0, bound)
  const out = new Uint8Array(new SharedArrayBuffer(room + 32)).fill(GUARD)
  const index = new Int32Array(new SharedArrayBuffer((count + 2) * 32)).fill(GUARD)
  const job: DecodeJob = {
    raw: raw.subarray(0, batch.length + 7),
    at: 7,
    sizeBytes,
    checkCrcs: options.checkCrcs ?? true,
    deliver: options.deliver ?? true,
    out,
    outAt: 16,
    outCapacity: room,
    index,
    indexAt: 8,
    indexCapacity: count * 8,
    recordsBytes: 0,
    count: 0,
  }
  if (bound < 0) return { fault: faultName(-bound), bound, job }
  const fault = await kernel.decode(job)
  const untouched =
    out.subarray(0, 16).every((byte) => byte === GUARD) &&
    out.subarray(16 + room).every((byte) => byte === GUARD) &&
    index.subarray(0, 8).every((word) => word === GUARD) &&
    index.subarray(8 + count * 8).every((word) => word === GUARD)
  if (!untouched) throw new Error('the kernel wrote outside of the space it was given')
  if (!raw.subarray(7, batch.length + 7).every((byte, at) => byte === batch[at]))
    throw new Error('the kernel wrote to raw')
  return { fault: fault === Fault.NONE ? 'NONE' : faultName(fault), bound, job }
}
