// Question: what does it cost to hand batches to another thread and back, by the rings and by messages? [bench]
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Doorbell } from '../../src/ring/doorbell.ts'
import { allocateMemory, DESCRIPTOR_WORDS, type SharedMemory } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'
import type { Spsc } from '../../src/ring/spsc.ts'
import { ask } from '../question.ts'

const MEMORY_BYTES = 1_048_576

if (isMainThread) await measure()
else echo()

async function measure(): Promise<void> {
  const shared = allocateMemory(MEMORY_BYTES, 1)
  const { words, toWorker, toMain, mainBell, workerBell } = open(shared)
  const worker = new Worker(new URL(import.meta.url), { workerData: shared })
  await new Promise((resolve) => worker.once('message', resolve))
  let missing = 0
  let complete: (() => void) | undefined
  mainBell.start(() => {
    for (let at = toMain.peek(); at >= 0; at = toMain.peek()) {
      missing--
      toMain.release()
    }
    if (missing === 0) complete?.()
  })
  for (const count of [1, 32, 1_000]) {
    const descriptor = Object.fromEntries(Array.from({ length: DESCRIPTOR_WORDS }, (_, i) => [`field${i}`, i]))
    await ask(
      `what does it cost to hand ${count} batches at once to another thread and back?`,
      {
        rings: async () =>
          new Promise<void>((resolve) => {
            missing = count
            complete = resolve
            for (let i = 0; i < count; i++) {
              const at = toWorker.claim()
              for (let word = 0; word < DESCRIPTOR_WORDS; word++) words[at + word] = word
              toWorker.commit()
            }
            workerBell.ring()
          }),
        'one message with all': async () =>
          new Promise<void>((resolve) => {
            worker.once('message', () => resolve())
            // Objects of their own, or only one would be cloned.
            worker.postMessage(Array.from({ length: count }, () => ({ ...descriptor })))
          }),
        'a message each': async () =>
          new Promise<void>((resolve) => {
            let left = count
            const one = () => {
              if (--left > 0) return
              worker.off('message', one)
              resolve()
            }
            worker.on('message', one)
            for (let i = 0; i < count; i++) worker.postMessage(descriptor)
          }),
      },
      { unit: 'batches', perCall: count },
    )
  }
  mainBell.stop()
  await worker.terminate()
}

/** The worker's half: what comes goes back, word by word, as a decoded batch does. */
function echo(): void {
  const { words, toWorker, toMain, mainBell, workerBell } = open(workerData as SharedMemory)
  workerBell.start(() => {
    let moved = 0
    for (let from = toWorker.peek(); from >= 0; from = toWorker.peek()) {
      const to = claim(toMain)
      words.copyWithin(to, from, from + DESCRIPTOR_WORDS)
      toMain.commit()
      toWorker.release()
      moved++
    }
    if (moved > 0) mainBell.ring()
  })
  parentPort!.on('message', (message) => parentPort!.postMessage(message))
  parentPort!.postMessage('ready')
}

function claim(ring: Spsc): number {
  const at = ring.claim()
  if (at < 0) throw new Error('the ring to main is full although main had room for all that it sent')
  return at
}

function open(shared: SharedMemory) {
  const memory = new Memory(shared)
  const { words, layout } = memory
  const { toWorker, toMain, words: own, layout: ownLayout } = memory.workers[0]!
  return {
    words: own,
    toWorker,
    toMain,
    mainBell: new Doorbell(words, layout.mainBell),
    workerBell: new Doorbell(own, ownLayout.bell),
  }
}
