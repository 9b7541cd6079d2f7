// What threads that die leave behind for a test: words in shared memory, written at the very moment. [test]

/** By offset of each partition: begun in which life, processed how often, whether its kill was carried out. */
export class KillMarks {
  readonly words: Int32Array<SharedArrayBuffer>
  readonly records: number
  readonly partitions: number

  constructor(partitions: number, records: number) {
    this.partitions = partitions
    this.records = records
    this.words = new Int32Array(new SharedArrayBuffer(4 * (HEAD + partitions * records * ROW)))
  }

  /** How often user code came to the end of a record. */
  processed(partition: number, offset: number): number {
    return this.words[this.#row(partition, offset) + PROCESSED]!
  }

  /** How often a record was begun. */
  begun(partition: number, offset: number): number {
    return this.words[this.#row(partition, offset) + BEGUN]!
  }

  /** Whether anything was begun at all. */
  get inUse(): boolean {
    return this.words[BEGINS]! > 0
  }

  /** Records that one life of a worker began twice. */
  get twice(): number {
    return this.words[TWICE]!
  }

  /** Kills that user code carried out on itself, by state. */
  get kills(): Record<string, number> {
    return Object.fromEntries(STATES.map((state, i) => [state, this.words[KILLS + i]!]))
  }

  #row(partition: number, offset: number): number {
    return HEAD + (partition * this.records + offset) * ROW
  }
}

/** Where user code is when it ends its thread. */
export const STATES = ['running', 'acked, not reported', 'reported', 'done']
const HEAD = 16
const LIVES = 0
const TWICE = 1
const BEGINS = 2
const KILLS = 4
const ROW = 4
const LIFE = 0
const PROCESSED = 1
const KILLED = 2
const BEGUN = 3

/** Body of a module that processes records and dies where its seed says. */
export const dyingModule = (seed: number, records: number, one: number) => `
  import { Worker } from 'node:worker_threads'
  let words, life
  export const init = ({ worker }) => new Promise((resolve) => {
    note({ born: worker, threadId })
    channel.onmessage = ({ data }) => {
      if (words !== undefined || data.marks === undefined) return
      words = data.marks
      life = 1 + Atomics.add(words, ${LIVES}, 1)
      resolve()
      // A thread that is ended before main heard that it is ready says nothing; five in a row end the run.
      setImmediate(announce)
    }
    channel.ref()
    note('marks?')
  }).finally(() => channel.unref())

  const row = (partition, offset) => ${HEAD} + (partition * ${records} + offset) * ${ROW}
  const forever = new Promise(() => {})
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

  /** A number that the seed, the record and nothing else decide. */
  function draw(partition, offset, salt) {
    const where = Math.imul(offset + 1, 0x9e3779b1) ^ Math.imul(partition + 1, 0x85ebca6b)
    let mixed = Math.imul(${seed} ^ where ^ salt, 0x2c1b3c6d)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x297a2d39)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x100000000
  }

  async function die(partition, offset) {
    const way = draw(partition, offset, 77)
    if (way < 0.4) process.exit(3)
    if (way < 0.8) setImmediate(() => { throw new Error('loose') })
    else {
      const hoard = []
      for (;;) hoard.push(new Array(300_000).fill(hoard.length))
    }
    await forever
  }

  function now(partition, offset, state) {
    const at = row(partition, offset)
    if (draw(partition, offset, 0) >= 1 / ${one} || Math.floor(draw(partition, offset, 1) * 4) !== state) return false
    if (Atomics.compareExchange(words, at + ${KILLED}, 0, 1) !== 0) return false
    Atomics.add(words, ${KILLS} + state, 1)
    return true
  }

  let serving = false
  export default async (batch, { ack, worker }) => {
    if (!serving) note({ serving: worker, at: performance.timeOrigin + performance.now() })
    serving = true
    Atomics.store(words, ${BEGINS}, 1)
    const { partition } = batch
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsetAt(i)
      const at = row(partition, offset)
      if (Atomics.exchange(words, at + ${LIFE}, life) === life) Atomics.add(words, ${TWICE}, 1)
      Atomics.add(words, at + ${BEGUN}, 1)
    }
    if (batch.baseOffset % 3 === 0) await pause(1)
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsetAt(i)
      if (now(partition, offset, 0)) await die(partition, offset)
      Atomics.add(words, row(partition, offset) + ${PROCESSED}, 1)
      if (offset % 2 === 0) ack(i)
      if (now(partition, offset, 1)) await die(partition, offset)
      if (now(partition, offset, 2)) {
        await pause(1)
        await die(partition, offset)
      }
    }
    if (now(partition, batch.lastOffset, 3)) {
      ack()
      await pause(1)
      await die(partition, batch.lastOffset)
    }
  }`
