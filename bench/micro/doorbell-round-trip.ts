// Question: how long does it take to wake another thread and be woken by it, by doorbell and by message? [bench]
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Doorbell } from '../../src/ring/doorbell.ts'
import { ask } from '../question.ts'

/** Words between the two bells: a cache line each. */
const FAR_BELL = 16

if (isMainThread) await measure()
else answer()

async function measure(): Promise<void> {
  const words = new Int32Array(new SharedArrayBuffer(128))
  const near = new Doorbell(words, 0)
  const far = new Doorbell(words, FAR_BELL)
  const worker = new Worker(new URL(import.meta.url), { workerData: words })
  await new Promise((resolve) => worker.once('message', resolve))
  let rung: (() => void) | undefined
  near.start(() => rung?.())
  await ask(
    'how long does it take to wake an idle thread and be woken by it?',
    {
      doorbell: async () =>
        new Promise<void>((resolve) => {
          rung = resolve
          far.ring()
        }),
      postMessage: async () =>
        new Promise<void>((resolve) => {
          worker.once('message', () => resolve())
          worker.postMessage(0)
        }),
    },
    { unit: 'round trips', perCall: 1 },
  )
  near.stop()
  await worker.terminate()
}

function answer(): void {
  const words = workerData as Int32Array<SharedArrayBuffer>
  const near = new Doorbell(words, 0)
  let started = false
  new Doorbell(words, FAR_BELL).start(() => {
    // It is also called once at the start.
    if (started) near.ring()
    started = true
  })
  parentPort!.on('message', () => parentPort!.postMessage(0))
  parentPort!.postMessage('ready')
}
