// Question: what does a batch cost to decode where it arrives, and what to hand it to another thread and back? [bench]
// Beside doorbell-round-trip.ts, which tells what waking takes alone. docs/decisions/0002 says what follows.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { clickEvents } from '../../src/broker/click-events.ts'
import { bestKernel } from '../../src/record/best-kernel.ts'
import { encodeBatch } from '../../src/record/encode.ts'
import type { DecodeJob } from '../../src/record/kernel.ts'
import { Doorbell } from '../../src/ring/doorbell.ts'
import { ask } from '../question.ts'

/** Words between the two bells: a cache line each. */
const FAR_BELL = 16
const OUT_BYTES = 1 << 20

if (isMainThread) await measure()
else answer(workerData)

type Shared = { words: Int32Array<SharedArrayBuffer>; raw: Uint8Array }

async function measure(): Promise<void> {
  for (const codec of ['none', 'lz4'] as const) {
    for (const records of [1, 10, 100, 600]) {
      const batch = await encodeBatch(
        [...clickEvents(records)].map((value) => ({ value: Buffer.from(value), timestamp: 1 })),
        { codec },
      )
      const raw = new Uint8Array(new SharedArrayBuffer(batch.length))
      raw.set(batch)
      const words = new Int32Array(new SharedArrayBuffer(128))
      const decode = decoder(raw)
      const far = new Doorbell(words, FAR_BELL)
      const near = new Doorbell(words, 0)
      const worker = new Worker(new URL(import.meta.url), { workerData: { words, raw } })
      await new Promise((resolve) => worker.once('message', resolve))
      let rung: (() => void) | undefined
      near.start(() => rung?.())
      await ask(
        `a batch of ${records} records, ${codec}`,
        {
          'decoded where it is': decode,
          'decoded by an idle worker, and back': async () =>
            new Promise<void>((resolve) => {
              rung = resolve
              far.ring()
            }),
        },
        { unit: 'records', perCall: records },
      )
      near.stop()
      await worker.terminate()
    }
  }
}

function answer({ words, raw }: Shared): void {
  const near = new Doorbell(words, 0)
  const decode = decoder(raw)
  let started = false
  new Doorbell(words, FAR_BELL).start(() => {
    // It is also called once at the start.
    if (started) {
      decode()
      near.ring()
    }
    started = true
  })
  parentPort!.on('message', () => {})
  parentPort!.postMessage('ready')
}

/** Checks, decompresses and indexes the batch at the beginning of `raw`. */
function decoder(raw: Uint8Array): () => void {
  const kernel = bestKernel()
  const job: DecodeJob = {
    ...{ raw, at: 0, sizeBytes: raw.length, checkCrcs: true, deliver: true },
    ...{ out: new Uint8Array(new SharedArrayBuffer(OUT_BYTES)), outAt: 0, outCapacity: OUT_BYTES },
    ...{ index: new Int32Array(new SharedArrayBuffer(600 * 32)), indexAt: 0, indexCapacity: 600 * 8 },
    ...{ recordsBytes: 0, count: 0 },
  }
  for (const memory of [raw, job.out, job.index]) kernel.attach?.(memory)
  return () => {
    job.outCapacity = kernel.measure(raw, 0, raw.length, OUT_BYTES)
    if (kernel.decode(job) !== 0) throw new Error('a sound batch was refused')
  }
}
