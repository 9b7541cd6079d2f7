// The native kernel keeps to its memory whatever numbers it is given, on every thread, and lets go of it.

import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { encodeBatch } from '../../src/record/encode.ts'
import type { DecodeJob } from '../../src/record/kernel.ts'
import { loadNative } from '../../src/record/native-addon.ts'
import { NativeKernel } from '../../src/record/native-kernel.ts'

const native = loadNative()
if (native.reason !== undefined) console.warn(`native kernel: skipped, ${native.reason}`)

const batch = encodeBatch(
  Array.from({ length: 10 }, (_, at) => ({ timestamp: at, value: Buffer.from(`value ${at}`) })),
  { codec: 'lz4' },
) as Uint8Array

function jobOver(shared: SharedArrayBuffer): DecodeJob {
  const raw = new Uint8Array(shared)
  raw.set(batch, 1000)
  return {
    raw,
    at: 1000,
    sizeBytes: batch.length,
    checkCrcs: true,
    deliver: true,
    out: raw,
    outAt: 4096,
    outCapacity: 1000,
    index: new Int32Array(shared),
    indexAt: 2048,
    indexCapacity: 80,
    recordsBytes: 0,
    count: 0,
  }
}

describe.skipIf(native.reason !== undefined)('native kernel', () => {
  const open = () => new NativeKernel(native.addon!)

  it('reads attached memory and memory of one call alike', () => {
    const job = jobOver(new SharedArrayBuffer(16_384))
    const kernel = open()
    for (const step of ['of one call', 'attached', 'attached twice', 'detached']) {
      if (step.startsWith('attached')) for (const memory of [job.raw, job.index]) kernel.attach(memory)
      if (step === 'detached') for (const memory of [job.raw, job.index]) kernel.detach(memory)
      job.index.fill(0, 2048, 2128)
      expect([step, kernel.measure(job.raw, job.at, job.sizeBytes, 1000) > 0, kernel.decode(job)]).toEqual([
        step,
        true,
        0,
      ])
      expect([job.count, job.index[2048 + 9 * 8]]).toEqual([10, 9])
    }
  })

  it('refuses output and index that are not inside of their memory, or lie over one another', () => {
    const wrong: Partial<DecodeJob>[] = [
      { outAt: 16_000, outCapacity: 385 },
      { outAt: -1 },
      { outAt: Number.NaN },
      { outAt: 2 ** 53 },
      { outAt: 2 ** 60 },
      { outCapacity: Number.POSITIVE_INFINITY },
      { indexAt: 4096 - 79 },
      { indexAt: -8 },
      { indexAt: 2 ** 51 },
      { indexCapacity: 79 },
      { indexAt: 1030 },
      { outAt: 1050 },
      { indexAt: 250 },
      { at: -1 },
      { at: Number.NaN },
    ]
    for (const attached of [false, true]) {
      const kernel = open()
      for (const numbers of wrong) {
        const job = jobOver(new SharedArrayBuffer(16_384))
        if (attached) for (const memory of [job.raw, job.index]) kernel.attach(memory)
        const before = Buffer.from(job.raw)
        expect(() => kernel.decode({ ...job, ...numbers }), JSON.stringify(numbers)).toThrow('invariant broken')
        const changed = job.raw.findIndex((byte, at) => byte !== before[at] && (at < 4096 || at >= 5096))
        expect(`${JSON.stringify(numbers)} changed ${changed}`).toBe(`${JSON.stringify(numbers)} changed -1`)
      }
    }
  })

  it('takes batches that are not inside of their memory for truncated', () => {
    const job = jobOver(new SharedArrayBuffer(16_384))
    for (const at of [16_384, 16_383, 2 ** 40, 2 ** 53]) {
      expect(open().measure(job.raw, at, job.sizeBytes, 1000)).toBe(-2)
      expect(open().decode({ ...job, at })).toBe(2)
    }
    for (const sizeBytes of [-5, 0, Number.NaN]) expect(open().measure(job.raw, 1000, sizeBytes, 1000)).toBe(-1)
  })

  it('attaches shared memory only: any other may be moved away', () => {
    expect(() => open().attach(new Uint8Array(100))).toThrow('only shared memory')
  })

  it('lets detached memory go, and all of it when it goes itself', { timeout: 60_000 }, async () => {
    const script = `
      const { loadNative } = await import('${new URL('../../src/record/native-addon.ts', import.meta.url)}')
      const { NativeKernel } = await import('${new URL('../../src/record/native-kernel.ts', import.meta.url)}')
      const kernel = new NativeKernel(loadNative().addon)
      // 32 GiB if it were kept.
      for (let round = 0; round < 1000; round++) {
        const memory = new Uint8Array(new SharedArrayBuffer(32 << 20)).fill(1, 0, 1 << 20)
        const owner = round % 2 === 0 ? kernel : new NativeKernel(loadNative().addon)
        owner.attach(memory)
        if (owner === kernel) owner.detach(memory)
        if (round % 50 === 49) { globalThis.gc(); await new Promise((resolve) => setImmediate(resolve)) }
      }
      globalThis.gc()
      await new Promise((resolve) => setImmediate(resolve))
      globalThis.gc()
      process.stdout.write(String(process.memoryUsage().rss))
    `
    const { spawnSync } = await import('node:child_process')
    const args = ['--expose-gc', '--input-type=module', '--eval', script]
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(Number(stdout)).toBeLessThan(300 * 1024 * 1024)
  })

  it('serves many threads at once, also such as are terminated', { timeout: 60_000 }, async () => {
    const shared = new SharedArrayBuffer(16_384)
    const job = jobOver(shared)
    const script = `
      const { parentPort, workerData } = await import('node:worker_threads')
      const { loadNative } = await import(workerData.addon)
      const { NativeKernel } = await import(workerData.kernel)
      const kernel = new NativeKernel(loadNative().addon)
      const { job } = workerData
      const out = new Uint8Array(new SharedArrayBuffer(4096))
      const index = new Int32Array(new SharedArrayBuffer(4096))
      for (const memory of [job.raw, out, index]) kernel.attach(memory)
      const decode = () => kernel.decode({ ...job, out, outAt: 0, index, indexAt: 0 })
      for (let round = 0; round < 20_000; round++) if (decode() !== 0) throw new Error('refused')
      parentPort.postMessage(index[72])
      for (;;) decode()
    `
    const workers = Array.from({ length: 8 }, () => {
      const [addon, kernel] = ['native-addon', 'native-kernel'].map(
        (name) => new URL(`../../src/record/${name}.ts`, import.meta.url).href,
      )
      return new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
        workerData: { job, addon, kernel },
      })
    })
    const answers = await Promise.all(
      workers.map((worker) => new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))),
    )
    expect(answers).toEqual(Array(8).fill(9))
    expect(await Promise.all(workers.map((worker) => worker.terminate()))).toEqual(Array(8).fill(1))
  })
})
