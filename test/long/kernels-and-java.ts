// Both kernels and Kafka's MemoryRecords read the same batches: `node test/long/kernels-and-java.ts [--inputs 100000]
// [--seed N]`. The kernels must agree in everything; Java is the judge, with the exceptions listed here. Prints what
// came of it and exits with 1 when anything differs. [a process of its own]

import { parseArgs } from 'node:util'
import { lines } from '../record/arbitrary-batch.ts'
import { difference, KernelBench } from '../record/compare-kernels.ts'
import { type DecodedRecord, decodeBatch } from '../record/decode-batch.ts'
import { type JavaReading, readByJava } from '../record/java-batches.ts'
import { type KernelInput, kernelInputs } from '../record/kernel-inputs.ts'
import { kernels, nativeMissing } from '../record/kernels.ts'

/** What both kernels refuse although Java takes it. */
const stricter: Record<string, string> = {
  UNSUPPORTED_MAGIC: 'Java still reads formats 0 and 1',
  OFFSET_DELTA: 'Java does not look at the order of offsets',
  OFFSET_OUT_OF_RANGE: 'Java does not look at offsets; ours are numbers, exact to 2^53',
  LAST_OFFSET_DELTA: 'Java does not compare the last offset with the count',
  KEY_LENGTH: 'Java reads every negative length as null',
  VALUE_LENGTH: 'Java reads every negative length as null',
  HEADER_LENGTH: 'Java reads every negative length of a header value as null',
  TRAILING_BYTES: 'Java reads as many records as the count says and looks no further',
  BAD_GZIP: 'Java reads no further than the last record: not the check sum behind it',
  BAD_LZ4: 'Java reads no further than the last record, and skips the check sum of the content',
  BAD_ZSTD: 'Java reads no further than the last record: not the check sum behind it',
  BAD_SNAPPY: 'Java reads no further than the last record: not the chunks behind it',
  MORE_THAN_ANNOUNCED: 'Java knows no limit',
  DECOMPRESSED_TOO_LARGE: 'Java knows no limit',
  ZSTD_WINDOW: 'zstd-jni takes windows above 128 MiB',
  DICTIONARY: 'Java skips the dictionary id of an lz4 frame',
}

const { values } = parseArgs({ options: { inputs: { type: 'string' }, seed: { type: 'string' } } })
const inputs = Number(values.inputs ?? 100_000)
const seed = Number(values.seed ?? Date.now() % 0x7fffffff)
/** Java starts anew for each: it keeps everything it read. */
const PER_RUN = 5_000

if (nativeMissing !== undefined) throw new Error(`the native kernel is missing: ${nativeMissing}`)
const typescript = new KernelBench(kernels['typescript']!, 0xff, true)
const native = new KernelBench(kernels['native']!, 0x01, true)
const tally = new Map<string, number>()
const wrong: string[] = []
let read = 0

console.log(`kernels and Java: --seed ${seed} --inputs ${inputs}`)
let chunk: KernelInput[] = []
for await (const input of kernelInputs(seed, inputs)) {
  chunk.push(input)
  if (chunk.length === PER_RUN) await judge()
}
await judge()
for (const [name, count] of [...tally].sort()) console.log(`${String(count).padStart(8)}  ${name}`)
for (const line of wrong.slice(0, 50)) console.log(line)
console.log(`${read} inputs, ${wrong.length} wrong`)
process.exitCode = wrong.length > 0 || read !== inputs ? 1 : 0

async function judge(): Promise<void> {
  if (chunk.length === 0) return
  const checkCrcs = (read / PER_RUN) % 3 !== 2
  const readings = await readByJava(
    chunk.map(({ bytes }) => bytes),
    checkCrcs,
  )
  for (const [at, input] of chunk.entries()) {
    const what = `input ${read + at}, ${input.kind}, checkCrcs ${checkCrcs}`
    const how = difference(await typescript.read(input.bytes, checkCrcs), await native.read(input.bytes, checkCrcs))
    if (how !== undefined) wrong.push(`${what}: the kernels differ in ${how}`)
    const verdict = await againstJava(input, readings[at]!, checkCrcs)
    if (verdict.wrong) wrong.push(`${what}: ${verdict.text}\n  ${Buffer.from(input.bytes).toString('base64')}`)
    tally.set(verdict.text, (tally.get(verdict.text) ?? 0) + 1)
  }
  read += chunk.length
  chunk = []
}

async function againstJava({ bytes, unlikeJava }: KernelInput, java: JavaReading, checkCrcs: boolean) {
  const mine = await decode(bytes, checkCrcs)
  const { complaint } = java
  if (mine.fault !== undefined && complaint !== undefined) return { text: 'refused by both' }
  if (mine.records !== undefined && complaint === undefined && alike(mine.records, java.records)) {
    return { text: 'read alike' }
  }
  const reason = mine.fault === undefined ? undefined : stricter[mine.fault]
  if (reason !== undefined) return { text: `${mine.fault}, and Java takes it: ${reason}` }
  if (unlikeJava !== undefined) return { text: `otherwise than Java: ${unlikeJava}` }
  return { wrong: true, text: `${mine.fault ?? 'read'}, and Java: ${complaint ?? 'read'}` }
}

/** Where a damaged base makes timestamps pass 2^53, ours are the nearest doubles: they are not compared. */
function alike(ours: readonly DecodedRecord[], theirs: readonly DecodedRecord[]): boolean {
  if (lines(ours) === lines(theirs)) return true
  if (ours.every(({ timestamp }) => Math.abs(timestamp) < 2 ** 51)) return false
  const timeless = (records: readonly DecodedRecord[]) => lines(records.map((record) => ({ ...record, timestamp: 0 })))
  return timeless(ours) === timeless(theirs)
}

async function decode(
  bytes: Uint8Array,
  checkCrcs: boolean,
): Promise<{ fault?: string; records?: readonly DecodedRecord[] }> {
  try {
    return { records: (await decodeBatch(bytes, 0, { checkCrcs, kernel: kernels['native']! })).records }
  } catch (error) {
    return { fault: (error as { code: string }).code }
  }
}
