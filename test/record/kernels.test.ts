// A kernel refuses every batch that is wrong, and says why; Java is the judge.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeBatch } from '../../src/record/encode.ts'
import { Fault } from '../../src/record/faults.ts'
import { unavailable } from '../support/kafka-jars.ts'
import { honestBatches, hostileBatches } from './hostile-corpus.ts'
import { readByJava } from './java-batches.ts'
import { decodeGuarded, kernels, nativeMissing } from './kernels.ts'

const why = unavailable()
if (why !== undefined) console.warn(`hostile batches with Java: skipped, ${why}`)

const mustBeNative = process.env['CI'] !== undefined && spawnSync('cargo', ['--version']).status === 0

it.skipIf(nativeMissing !== undefined && !mustBeNative)('has the native kernel in the suite: it was built', () => {
  expect(nativeMissing).toBeUndefined()
})

it('counts faults alike in Rust and in TypeScript', () => {
  const rust = readFileSync(new URL('../../native/src/fault.rs', import.meta.url), 'utf8')
  const rows = [...rust.matchAll(/^ {4}([A-Z0-9_]+) = (\d+),$/gm)].map(([, name, number]) => [name!, Number(number)])
  const known = Object.entries(Fault).filter(([name]) => name !== 'NONE' && !name.endsWith('_UNAVAILABLE'))
  expect(rows).toEqual(known)
})

describe.each(Object.entries(kernels))('%s', (_, kernel) => {
  it('takes the honest batch under every packing', async () => {
    for (const { name, bytes } of await honestBatches()) {
      const { fault, job } = await decodeGuarded(kernel, bytes)
      expect(`${name}: ${fault}, ${job.count} records`).toBe(`${name}: NONE, 3 records`)
    }
  })

  it('refuses every hostile batch by the right name', async () => {
    const corpus = await hostileBatches()
    expect(corpus.length).toBeGreaterThan(350)
    const wrong: string[] = []
    for (const { name, bytes, faults } of corpus) {
      const { fault } = await decodeGuarded(kernel, bytes)
      if (!faults.includes(fault)) wrong.push(`${name}: ${fault}, not ${faults.join(' or ')}`)
    }
    expect(wrong).toEqual([])
  })

  it('refuses a batch cut at every byte, and one that lies outside of its memory', async () => {
    for (const { name, bytes } of await honestBatches()) {
      for (let cut = 0; cut < bytes.length; cut++) {
        const { fault } = await decodeGuarded(kernel, bytes.subarray(0, cut))
        expect(`${name} ${cut}: ${fault}`).toMatch(/BATCH_TOO_SMALL|BATCH_TRUNCATED/)
      }
      const outside = await decodeGuarded(kernel, bytes, { sizeBytes: bytes.length + 100 })
      expect(outside.fault).toBe('BATCH_TRUNCATED')
    }
  })

  it('refuses every single flipped bit that the CRC covers, and reads on when told not to check', async () => {
    for (const { name, bytes } of await honestBatches()) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const at = bit >> 3
        // The base offset and the leader epoch lie before the CRC: a broker rewrites them.
        if (at < 8 || (at >= 12 && at < 16)) continue
        const flipped = bytes.slice()
        flipped[at]! ^= 1 << (bit & 7)
        const checked = await decodeGuarded(kernel, flipped)
        expect(`${name} bit ${bit}: ${checked.fault}`).not.toMatch(/NONE$/)
        await decodeGuarded(kernel, flipped, { checkCrcs: false }) // throws if it writes where it must not
      }
    }
  })

  it('refuses messages of formats 0 and 1, which are shorter than a batch header', async () => {
    for (const magic of [0, 1]) {
      const message = Buffer.alloc(magic === 0 ? 26 : 34)
      message.writeInt32BE(message.length - 12, 8)
      message[16] = magic
      expect((await decodeGuarded(kernel, message)).fault).toBe('UNSUPPORTED_MAGIC')
    }
  })

  it('indexes a record with a million headers', async () => {
    const headers = Array.from({ length: 1_000_000 }, (): [string, null] => ['', null])
    const { fault, job } = await decodeGuarded(
      kernel,
      await encodeBatch([{ timestamp: 1, headers }], { codec: 'gzip' }),
    )
    expect([fault, job.count, job.recordsBytes]).toEqual(['NONE', 1, 2_000_012])
  })

  it('checks the CRC of what is not delivered, and neither decompresses nor indexes it', async () => {
    for (const { bytes } of await honestBatches()) {
      const { fault, job } = await decodeGuarded(kernel, bytes, { deliver: false })
      expect([fault, job.count, job.recordsBytes, job.index[8], job.out[16]]).toEqual(['NONE', 0, 0, 0x5a, 0x5a])
      const damaged = bytes.slice()
      damaged[22]! ^= 0x20
      expect((await decodeGuarded(kernel, damaged, { deliver: false })).fault).toBe('CRC_MISMATCH')
    }
  })
})

it.skipIf(why !== undefined)('agrees with Java on every hostile batch, with the exceptions listed', async () => {
  const corpus = await hostileBatches()
  const honest = await honestBatches()
  const readings = await readByJava([...corpus, ...honest].map(({ bytes }) => bytes))
  const differing = corpus.filter(({ javaAccepts }, at) => {
    const accepted = readings[at]!.complaint === undefined
    return accepted !== (javaAccepts !== undefined)
  })
  expect(differing.map(({ name }) => name)).toEqual([])
  for (const [at, { name }] of honest.entries()) {
    expect(`${name}: ${readings[corpus.length + at]!.complaint}`).toBe(`${name}: undefined`)
  }
})
