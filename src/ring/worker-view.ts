// One thread's view of one worker's memory: its decode arena, its rings, its bell. [shared bytes]
import { exchangeIf, load, store, type Words } from './atomics.ts'
import { type WorkerLayout, type WorkerMemory, workerLayoutOf } from './layout.ts'
import { Arena, type ArenaSums } from './segments.ts'
import { Spsc } from './spsc.ts'

/** What any thread sees of a worker. */
export class WorkerView {
  readonly id: number
  readonly memory: WorkerMemory
  readonly layout: WorkerLayout
  readonly words: Words
  readonly decode: Arena
  readonly toWorker: Spsc
  readonly toMain: Spsc

  constructor(memory: WorkerMemory, sums: ArenaSums) {
    const layout = workerLayoutOf(memory)
    const words = new Int32Array(memory.control)
    this.id = memory.id
    this.memory = memory
    this.layout = layout
    this.words = words
    this.decode = new Arena(memory.decode, words, layout.decode, sums)
    this.toWorker = new Spsc(words, layout.toWorker)
    this.toMain = new Spsc(words, layout.toMain)
  }

  /** The worker found no room: whoever releases next rings its bell. */
  wantRoom(): void {
    store(this.words, this.layout.roomWanted, 1)
  }

  /** After a release: whether to ring it, once. */
  roomWanted(): boolean {
    return load(this.words, this.layout.roomWanted) === 1 && exchangeIf(this.words, this.layout.roomWanted, 1, 0)
  }
}
