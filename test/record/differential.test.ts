// Two kernels, one verdict: the same bytes give the same bound, fault, records and index.

import { expect, it } from 'vitest'
import { seed } from '../support/seed.ts'
import { difference, KernelBench } from './compare-kernels.ts'
import { kernelInputs } from './kernel-inputs.ts'
import { kernels, nativeMissing } from './kernels.ts'

const inputs = Number(process.env['MILLRACE_INPUTS'] ?? 20_000)
if (nativeMissing !== undefined) console.warn(`native kernel beside TypeScript's: skipped, ${nativeMissing}`)

it.skipIf(nativeMissing !== undefined)(
  'the native kernel agrees with the TypeScript kernel on every input',
  async () => {
    console.info(`differential: MILLRACE_INPUTS=${inputs}`)
    const typescript = new KernelBench(kernels['typescript']!, 0xff, true)
    const native = [
      new KernelBench(kernels['native']!, 0x01, true),
      new KernelBench(kernels['native']!, 0x80, false),
    ] as const
    const tally = new Map<string, number>()
    const differing: string[] = []
    let at = 0
    for await (const { kind, bytes } of kernelInputs(seed, inputs)) {
      const checkCrcs = at % 3 > 0
      const expected = await typescript.read(bytes, checkCrcs)
      const actual = await native[at & 1]!.read(bytes, checkCrcs)
      const how = difference(expected, actual)
      if (how !== undefined) {
        differing.push(`input ${at}, ${kind}, checkCrcs ${checkCrcs}: ${how}`)
        if (process.env['DUMP']) differing.push(Buffer.from(bytes.subarray(0, 300)).toString('hex'))
      }
      tally.set(expected.fault, (tally.get(expected.fault) ?? 0) + 1)
      at++
    }
    console.info('differential:', Object.fromEntries([...tally].sort()))
    expect(differing).toEqual([])
    expect(tally.get('NONE')).toBeGreaterThan(inputs / 10)
  },
  60_000 + inputs * 10,
)
