// Question: how many records a second does one core check and index, without decompression?

import { encodeBatch } from '../../src/record/encode.ts'
import type { DecodeJob } from '../../src/record/kernel.ts'
import { indexRecords } from '../../src/record/record-index.ts'
import { typescriptKernel } from '../../src/record/typescript-kernel.ts'

console.log('Question: how many records a second does one core check and index, without decompression?')

const count = 5000

for (const [shape, valueBytes, headers] of [
  ['100-byte values', 100, []],
  ['250-byte values (json8)', 250, []],
  ['10-byte values', 10, []],
  [
    '100-byte values, 2 headers',
    100,
    [
      ['trace', Buffer.alloc(16, 7)],
      ['source', Buffer.from('bench')],
    ],
  ],
] as const) {
  const value = Buffer.alloc(valueBytes, 'x')
  const records = Array.from({ length: count }, (_, at) => ({ value, headers, timestamp: 1_700_000_000_000 + at }))
  const batch = encodeBatch(records) as Uint8Array
  const raw = new Uint8Array(new SharedArrayBuffer(batch.length))
  raw.set(batch)
  const index = new Int32Array(new SharedArrayBuffer(count * 32))
  const job: DecodeJob = {
    raw,
    at: 0,
    sizeBytes: raw.length,
    checkCrcs: true,
    deliver: true,
    out: raw,
    outAt: 0,
    outCapacity: 0,
    index,
    indexAt: 0,
    indexCapacity: index.length,
    recordsBytes: 0,
    count: 0,
  }
  const walked = rate(() => indexRecords(raw, 61, raw.length, count, count - 1, index, 0))
  const checked = rate(() => typescriptKernel.decode(job))
  const encoded = rate(() => (encodeBatch(records) === undefined ? 1 : 0))
  console.log(`${shape.padEnd(28)} index ${walked} · CRC and index ${checked} · encode ${encoded}   M records/s`)
}

/** The median of nine runs of at least 100 ms each, in millions of records a second of CPU time. */
function rate(run: () => unknown): string {
  const runs = Array.from({ length: 9 }, () => {
    const end = performance.now() + 100
    const start = process.cpuUsage()
    let batches = 0
    for (; performance.now() < end; batches++) if (run() !== 0) throw new Error('a sound batch was refused')
    const { user, system } = process.cpuUsage(start)
    return (batches * count) / (user + system)
  })
  return runs
    .sort((one, other) => one - other)[4]!
    .toFixed(1)
    .padStart(5)
}
