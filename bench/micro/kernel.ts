// Question: how many records a second does one core decode, in each kernel and codec?

import { clickEvents } from '../../src/broker/click-events.ts'
import { codecNames } from '../../src/record/compression/codec.ts'
import { encodeBatch } from '../../src/record/encode.ts'
import type { DecodeJob, Kernel } from '../../src/record/kernel.ts'
import { loadNative } from '../../src/record/native-addon.ts'
import { NativeKernel } from '../../src/record/native-kernel.ts'
import { typescriptKernel } from '../../src/record/typescript-kernel.ts'

console.log('Question: how many records a second does one core decode, in each kernel and codec?')
console.log('Click events of 205 bytes, CRC checked, measured and decoded; millions a second of CPU time.')

/** As a producer with batch.size=131072 makes them; together more than fits a cache. */
const RECORDS_PER_BATCH = 600
const BATCHES = 48
/** Of one record: what a batch costs beside its records. */
const SMALL_BATCHES = 4096
const OUT_BYTES = 1 << 20

const native = loadNative()
if (native.reason !== undefined) console.log(`The native kernel is missing: ${native.reason}`)
const kernels: Kernel[] = [typescriptKernel, ...(native.addon === undefined ? [] : [new NativeKernel(native.addon)])]
const lines = [...clickEvents(RECORDS_PER_BATCH * BATCHES)]

for (const [shape, perBatch, batches] of [
  ['batches of 600', RECORDS_PER_BATCH, BATCHES],
  ['batches of one', 1, SMALL_BATCHES],
] as const) {
  for (const codec of codecNames) {
    const stored: Uint8Array[] = []
    for (let at = 0; at < batches; at++) {
      const values = lines.slice(at * perBatch, (at + 1) * perBatch)
      const records = values.map((value, i) => ({ value: Buffer.from(value), timestamp: 1_700_000_000_000 + i }))
      stored.push(await encodeBatch(records, { codec }))
    }
    const rates = kernels.map((kernel) => `${kernel.name} ${rate(kernel, stored, perBatch)}`)
    console.log(`${shape}  ${codec.padEnd(7)} ${rates.join(' · ')}`)
  }
}

/** The best of nine runs of at least 100 ms each: other programs only ever slow it down. */
function rate(kernel: Kernel, batches: readonly Uint8Array[], perBatch: number): string {
  const raw = new Uint8Array(new SharedArrayBuffer(batches.reduce((sum, { length }) => sum + length, 0)))
  const out = new Uint8Array(new SharedArrayBuffer(OUT_BYTES))
  const index = new Int32Array(new SharedArrayBuffer(perBatch * 32))
  const places: { at: number; sizeBytes: number }[] = []
  for (let i = 0, at = 0; i < batches.length; at += batches[i++]!.length) {
    raw.set(batches[i]!, at)
    places.push({ at, sizeBytes: batches[i]!.length })
  }
  const job: DecodeJob = {
    raw,
    at: 0,
    sizeBytes: 0,
    checkCrcs: true,
    deliver: true,
    out,
    outAt: 0,
    outCapacity: 0,
    index,
    indexAt: 0,
    indexCapacity: index.length,
    recordsBytes: 0,
    count: 0,
  }
  for (const memory of [raw, out, index]) kernel.attach?.(memory)
  const runs = Array.from({ length: 9 }, () => {
    const end = performance.now() + 100
    const start = process.cpuUsage()
    let records = 0
    while (performance.now() < end) {
      for (const { at, sizeBytes } of places) {
        job.at = at
        job.sizeBytes = sizeBytes
        job.outCapacity = kernel.measure(raw, at, sizeBytes, OUT_BYTES)
        if (kernel.decode(job) !== 0) throw new Error('a sound batch was refused, or this Node.js has no zstd')
        records += job.count
      }
    }
    const { user, system } = process.cpuUsage(start)
    return records / (user + system)
  })
  for (const memory of [raw, out, index]) kernel.detach?.(memory)
  return Math.max(...runs)
    .toFixed(2)
    .padStart(6)
}
