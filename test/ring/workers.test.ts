// Workers that come and go: each has memory of its own, all together stay within one bound. [test]
import { describe, expect, it } from 'vitest'
import { allocateMemory, allocateWorker, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'

const shared = () => allocateMemory(32 * SEGMENT_BYTES, 2)

describe('a worker that came later', () => {
  it('shares the bound on decoded bytes with those that were there', () => {
    const main = new Memory(shared())
    const late = main.addWorker(allocateWorker(7, 2, 16))
    expect(main.workers[0]!.decode.claim(8 * SEGMENT_BYTES, 0)).toBe(0)
    expect(late.decode.claim(9 * SEGMENT_BYTES, 1)).toBe(-1)
    expect(late.decode.claim(8 * SEGMENT_BYTES, 1)).toBe(0)
    expect(main.workers[1]!.decode.claim(1, 0)).toBe(-1)
    late.decode.release(0, SEGMENT_BYTES)
    expect(main.workers[1]!.decode.claim(1, 0)).toBe(0)
  })

  it('is found by its number in every view that learnt of it, and by no other', () => {
    const buffers = shared()
    const [main, io] = [new Memory(buffers), new Memory(buffers)]
    const late = main.addWorker(allocateWorker(7, 2, 4))
    expect(main.home(8)).toBe(late.decode)
    expect(() => io.home(8)).toThrow('worker 7 is not known here')
    main.removeWorker(7)
    expect(() => main.home(8)).toThrow('worker 7 is not known here')
    expect(main.workers.map(({ id }) => id)).toEqual([0, 1])
  })

  it('has a ring and a wish for room that the others do not see as theirs', () => {
    const memory = new Memory(shared())
    const late = memory.addWorker(allocateWorker(7, 2, 4))
    const at = late.toWorker.claim()
    late.words[at] = 42
    late.toWorker.commit()
    memory.wantRoom(1 + 7)
    expect(memory.workers.map(({ toWorker }) => toWorker.peek())).toEqual([-1, -1, at])
    expect(memory.workers.map((one) => one.roomWanted())).toEqual([false, false, true])
    expect(late.roomWanted(), 'once').toBe(false)
  })
})
