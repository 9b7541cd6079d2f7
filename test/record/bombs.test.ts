// A decompression bomb costs no memory: it is refused before it inflates. Each runs in a process of its own, whose
// peak counts.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compress } from '../../src/record/compression/registry.ts'
import { craftBatch, packingId, xerial } from './crafted-batch.ts'

const MiB = 1024 * 1024
const limitBytes = 64 * MiB
const zeros = Buffer.alloc(192 * MiB)
const child = fileURLToPath(new URL('./decode-child.ts', import.meta.url))

/** 192 MiB of zeros each, under a limit of 64 MiB: honest about it, or announcing less. */
const bombs: [name: string, codec: number, make: () => Uint8Array | Promise<Uint8Array>][] = [
  ['gzip', packingId('gzip'), () => gzipSync(zeros)],
  ['gzip announcing 100 bytes', packingId('gzip'), () => patched(gzipSync(zeros), -4, [100, 0, 0, 0])],
  ['gzip of many members', packingId('gzip'), () => repeated(gzipSync(zeros.subarray(0, MiB)), 192)],
  ['snappy', packingId('snappy'), () => compress('snappy', zeros)],
  [
    'snappy announcing 128 bytes',
    packingId('snappy'),
    async () => patched(await compress('snappy', zeros), 0, [0x80, 0x81, 0x80, 0]),
  ],
  ['xerial', packingId('xerial'), () => xerial(zeros, MiB)],
  ['lz4', packingId('lz4'), () => compress('lz4', zeros)],
  ['lz4 of many frames', packingId('lz4'), async () => repeated(await compress('lz4', zeros.subarray(0, MiB)), 192)],
  ['zstd', packingId('zstd'), () => compress('zstd', zeros)],
  ['zstd of many frames', packingId('zstd'), async () => repeated(await compress('zstd', zeros.subarray(0, MiB)), 192)],
  ['zstd announcing 300 bytes', packingId('zstd'), () => zstdLie()],
]

interface ChildReport {
  fault: string
  peakBytes: number
}

describe.each(['decode', 'decode with zstd by promise'])('%s', (mode) => {
  it.each(bombs)('refuses %s', async (_, codec, make) => {
    const batch = craftBatch(codec, await make(), { count: 10 })
    const { stdout, stderr } = spawnSync(process.execPath, [child, mode, String(limitBytes)], { input: batch })
    expect(String(stderr)).toBe('')
    const { fault, peakBytes } = JSON.parse(String(stdout)) as ChildReport
    expect(fault).toMatch(/^(DECOMPRESSED_TOO_LARGE|MORE_THAN_ANNOUNCED|BAD_\w+)$/)
    // The output that the limit allows, once; not the 192 MiB that wait inside.
    expect(peakBytes).toBeLessThan(limitBytes + batch.length + 64 * MiB)
  })
})

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => bytes))
}

function patched(bytes: Uint8Array, at: number, patch: number[]): Uint8Array {
  const copy = Buffer.from(bytes)
  copy.set(patch, at < 0 ? copy.length + at : at)
  return copy
}

/** Announces 300 bytes in a single segment, then repeats a byte 300 times in each of 700,000 blocks. */
function zstdLie(): Uint8Array {
  const block = (last: number) => [...Buffer.of(((300 << 3) | (1 << 1) | last) & 0xff, (300 << 3) >> 8, 0), 0]
  const blocks = repeated(Uint8Array.from(block(0)), 700_000)
  return Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x60, 44, 0), blocks, Uint8Array.from(block(1))])
}
