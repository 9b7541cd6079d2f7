// What a worker with user code has written down: found again by main at whatever moment the worker ends. [test]
import { beforeEach, describe, expect, it } from 'vitest'
import { Field } from '../../src/ring/descriptor.ts'
import { allocateMemory, allocateWorker, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { Ledger } from '../../src/ring/ledger.ts'
import { Memory } from '../../src/ring/memory.ts'
import type { WorkerView } from '../../src/ring/worker-view.ts'

const ENTRIES = 2_000
let worker: WorkerView
let ledger: Ledger

beforeEach(() => {
  const memory = new Memory(allocateMemory(32 * SEGMENT_BYTES, 1))
  worker = memory.addWorker(allocateWorker(7, 1, 4, { notes: 300, entries: ENTRIES }))
  ledger = new Ledger(worker)
})

/** A batch that came from the I/O thread, and was taken. */
function take(start: number, { leavesRing = true } = {}): number {
  const at = worker.toWorker.claim()
  worker.words[at + Field.slot] = 3
  worker.words[at + Field.bytesStart] = start
  worker.words[at + Field.bytesSize] = 70
  worker.toWorker.commit()
  const entry = ledger.take(at)
  if (leavesRing) worker.toWorker.release()
  return entry
}

const left = () => new Ledger(worker).left().map(({ start }) => start)

describe('the ledger of a worker', () => {
  it('has a row for every batch, however many of one partition there are', () => {
    const starts = Array.from({ length: ENTRIES }, (_, i) => i * 70)
    for (const start of starts) take(start)
    expect(left()).toEqual(starts)
    expect(() => take(0)).toThrow('a ledger has a row for whatever its worker may have at once')
  })

  it('names bytes that are with the worker, and none that a ring still has or has again', () => {
    const handed = [take(0), take(70)] as const
    take(140)
    take(210, { leavesRing: false })
    for (const entry of handed) {
      ledger.handing(entry)
      if (entry === handed[0]) worker.toMain.commit()
    }
    expect(left()).toEqual([70, 140])
  })

  it('uses rows anew', () => {
    for (let i = 0; i < 3 * ENTRIES; i++) {
      const entry = take(i)
      expect(left()).toEqual([i])
      ledger.handed(entry)
    }
    expect(left()).toEqual([])
  })

  it('notes all user code that is at work', () => {
    const notes = Array.from({ length: 300 }, (_, i) => ledger.begin(5, 9, 2 ** 40 + i))
    ledger.ended(notes[1]!)
    const running = new Ledger(worker).running()
    expect(running).toHaveLength(299)
    expect(running[1]).toEqual({ slot: 5, generation: 9, sequence: 3, offset: 2 ** 40 + 2 })
  })
})
