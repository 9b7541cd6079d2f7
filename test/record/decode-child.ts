// Decodes one batch from stdin and reports the fault and how far the memory rose. [a process of its own]

import { readFileSync } from 'node:fs'
import { type CodecName, codecNames } from '../../src/record/compression/codec.ts'
import { encodeBatch } from '../../src/record/encode.ts'
import { faultName } from '../../src/record/faults.ts'
import type { DecodeJob } from '../../src/record/kernel.ts'
import { kernels } from './kernels.ts'

const kernel = kernels[process.argv[2] === 'decode' ? 'typescript' : 'typescript, zstd by promise']!
const limitBytes = Number(process.argv[3])
const batch = readFileSync(0)

// Libraries and their threads are loaded before the memory is first looked at.
for (const codec of codecNames) await decode(await encodeBatch([{ timestamp: 1 }], { codec: codec as CodecName }))
const before = peakBytes()
const fault = await decode(batch)
process.stdout.write(JSON.stringify({ fault: faultName(fault), peakBytes: peakBytes() - before }))

async function decode(bytes: Uint8Array): Promise<number> {
  const bound = kernel.measure(bytes, 0, bytes.length, limitBytes)
  if (bound < 0) return -bound
  const words = new DataView(bytes.buffer, bytes.byteOffset).getInt32(57) * 8
  const job: DecodeJob = {
    raw: bytes,
    at: 0,
    sizeBytes: bytes.length,
    checkCrcs: true,
    deliver: true,
    out: new Uint8Array(bound),
    outAt: 0,
    outCapacity: bound,
    index: new Int32Array(words),
    indexAt: 0,
    indexCapacity: words,
    recordsBytes: 0,
    count: 0,
  }
  return kernel.decode(job)
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024
}
