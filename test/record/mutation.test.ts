// Random damage under a right CRC: never a crash, never a record that Java reads otherwise.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { crc32c } from '../../src/bytes/crc32c.ts'
import { ATTRIBUTES_AT, BATCH_HEADER_BYTES, CRC_AT } from '../../src/record/batch.ts'
import { encodeBatch } from '../../src/record/encode.ts'
import { unavailable } from '../support/kafka-jars.ts'
import { seed } from '../support/seed.ts'
import { arbitraryBatch, lines, ours } from './arbitrary-batch.ts'
import { craftBatch, craftRecord, pack, packingId, packings } from './crafted-batch.ts'
import { decodeBatch } from './decode-batch.ts'
import { readByJava } from './java-batches.ts'
import { decodeGuarded, kernels } from './kernels.ts'

const cases = Number(process.env['MILLRACE_MUTATIONS'] ?? 2500)
console.info(`mutations: MILLRACE_MUTATIONS=${cases}`)

// Long runs are asked for by name; the default takes seconds.
const timeout = 60_000 + cases * 10

const why = unavailable()
if (why !== undefined) console.warn(`mutations with Java: skipped, ${why}`)

/**
 * What we refuse and Java does not: it does not look at offsets, reads negative lengths as null, and skips check
 * sums.
 */
const stricter = [
  ...['OFFSET_DELTA', 'OFFSET_OUT_OF_RANGE', 'LAST_OFFSET_DELTA'],
  ...['KEY_LENGTH', 'VALUE_LENGTH', 'HEADER_LENGTH', 'TRAILING_BYTES'],
  ...['BAD_LZ4', 'BAD_ZSTD', 'BAD_GZIP', 'MORE_THAN_ANNOUNCED', 'ZSTD_WINDOW', 'DICTIONARY'],
]

describe.each(Object.entries(kernels))('%s', (_, kernel) => {
  it(
    'survives damage with CRCs right, wrong and unchecked, and stays within its memory',
    async () => {
      for (const bytes of await mutants(seed, cases)) {
        for (const checkCrcs of [true, false]) {
          const { fault, job } = await decodeGuarded(kernel, bytes, { checkCrcs })
          if (fault !== 'NONE') expect([job.count, job.recordsBytes]).toEqual([0, 0])
        }
      }
    },
    timeout,
  )
})

describe.skipIf(why !== undefined)('with Java', () => {
  it.each([true, false])(
    'reads the same records or is stricter (checkCrcs %s)',
    async (checkCrcs) => {
      const corpus = await mutants(seed + 1, cases)
      const readings = await readByJava(corpus, checkCrcs)
      const tally = { both: 0, neither: 0, stricter: 0 }
      for (const [at, bytes] of corpus.entries()) {
        const reading = readings[at]!
        const mine = await read(bytes, checkCrcs)
        const verdicts = `${mine.fault ?? 'accepted'}, Java: ${reading.complaint ?? 'accepted'}`
        const what = `mutant ${at}: ${verdicts}\n${hex(bytes)}`
        if (reading.complaint !== undefined) {
          expect(mine.fault, what).toBeDefined()
          tally.neither++
        } else if (mine.fault !== undefined) {
          expect(stricter, what).toContain(mine.fault)
          tally.stricter++
        } else {
          expect(difference(mine.text!, lines(reading.records)), what).toBe('')
          tally.both++
        }
      }
      console.info(`mutations, checkCrcs ${checkCrcs}:`, tally)
      expect(tally.both).toBeGreaterThan(cases / 100)
      expect(tally.neither).toBeGreaterThan(cases / 10)
    },
    timeout,
  )
})

async function read(bytes: Uint8Array, checkCrcs: boolean): Promise<{ fault?: string; text?: string }> {
  try {
    return { text: lines((await decodeBatch(bytes, 0, { checkCrcs })).records) }
  } catch (error) {
    return { fault: (error as { code: string }).code }
  }
}

/** The first lines that differ, short. */
function difference(mine: string, theirs: string): string {
  const [ours, java] = [mine.split('\n'), theirs.split('\n')]
  const at = ours.findIndex((line, index) => line !== java[index])
  if (mine === theirs) return ''
  return `record ${at} of ${java.length}:\n${ours[at]?.slice(0, 200)}\n${java[at]?.slice(0, 200)}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 300)).toString('hex')
}

/** Batches with one to four wrong places: in the packed bytes, or in the records before they are packed. */
async function mutants(from: number, count: number): Promise<Uint8Array[]> {
  const random = seededRandom(from)
  const below = (limit: number) => Math.floor(random.next() * limit)
  const sources = fc.sample(arbitraryBatch, { seed: from, numRuns: 100 })
  const encoded = await Promise.all(sources.map((batch) => encodeBatch(...ours(batch))))
  const small = Buffer.concat([0, 1, 2, 3].map((index) => craftRecord(index)))
  const out: Uint8Array[] = []
  for (let at = 0; at < count; at++) {
    if (at % 2 === 0) {
      const packing = packings[below(packings.length)]!
      const packed = await pack(packing, damage(small.slice(), 0, below))
      out.push(craftBatch(packingId(packing), packed, { count: 4 }))
      continue
    }
    const bytes = damage(
      encoded[below(encoded.length)]!.slice(),
      below(3) === 0 ? ATTRIBUTES_AT : BATCH_HEADER_BYTES,
      below,
    )
    if (below(10) > 0) new DataView(bytes.buffer).setUint32(CRC_AT, crc32c(bytes, ATTRIBUTES_AT))
    out.push(bytes)
  }
  return out
}

function damage(bytes: Uint8Array, from: number, below: (limit: number) => number): Uint8Array {
  for (let times = 1 + below(4); times > 0 && from < bytes.length; times--) {
    // Most places that matter are near the start of something: the first bytes, then anywhere.
    const at = from + below(below(2) === 0 ? Math.min(80, bytes.length - from) : bytes.length - from)
    const how = below(4)
    if (how === 0) bytes[at]! ^= 1 << below(8)
    else if (how === 1) bytes[at] = below(256)
    else if (how === 2) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!
    else bytes[at] = bytes[at]! + 1
  }
  return bytes
}
