// Runs ring code of several threads in every order of their accesses to shared memory. [test process]
//
// The code under test is the real one; only atomics.ts is exchanged for the functions below. A thread is run from its
// beginning each time: accesses it has made already are answered from its log, one more is made, and the next ends it
// (`Suspended`). So a state is the memory and the logs, threads need no stacks that could be saved, and two orders that
// lead to the same state are gone on with once. Waits never time out: a wake-up that is lost is a state in which
// nobody can go on although something is left to do.
import type * as atomics from '../../src/ring/atomics.ts'
import type { Woken, Words } from '../../src/ring/atomics.ts'

/** Several threads over some shared words. */
export interface Model {
  /** Words of shared memory; the threads get views of them. */
  words: number
  /**
   * Words that one thread alone ever writes, by index: its own reads of them commute with everything, so that only one
   * order of those is explored. -1: nobody writes it, and that goes for all reads.
   */
  writers?: ReadonlyMap<number, number>
  /** Words that are only added to, by code that does not look at what they were: it is told 0. */
  counters?: ReadonlySet<number>
  /** What the memory holds at first, by index; 0 elsewhere. */
  initial?: Record<number, number>
  /** Each is called anew for every step; `say` adds to what the thread has to tell in the end. */
  threads: ((words: Words, say: (what: number) => void) => void | Promise<void>)[]
  /** When nobody can go on any more: what is wrong, if anything. `said` by thread, `ended` if it came to its end. */
  atRest(words: Words, said: number[][], ended: boolean[]): string | undefined
}

/** What came of all orders. */
export interface Exploration {
  states: number
  /** The first thing that went wrong, and the order of threads that led there. */
  wrong: { what: string; order: number[] } | undefined
}

/** Ends a thread where its next access would be. */
class Suspended extends Error {}

type Access = () => number
/** An access of one thread, which may have to wait. */
interface Step {
  enabled(): boolean
  run: Access
  /** The word that it reads and does not write; -1 for any other access. */
  reads: number
}

interface ThreadState {
  log: readonly number[]
  /** The words that it sleeps on; -1 awake. */
  asleep: number
  next: Step | undefined
  said: number[]
}

/** More states than any of the models has: a model without an end is an error. */
const STATES_MAX = 300_000
const NOT_EQUAL = 0
const OK = 1

let memory: Words = new Int32Array(new SharedArrayBuffer(4))
let log: number[] = []
let counters: Model['counters']
let replayed = 0
let stepsLeft = 0
let pending: Step | undefined
let fellAsleep = -1
let woken: number[] = []

/** Explores every order; ends at the first thing that is wrong. */
export async function explore(model: Model): Promise<Exploration> {
  const buffer = new SharedArrayBuffer(4 * model.words)
  memory = new Int32Array(buffer)
  counters = model.counters
  for (const [at, value] of Object.entries(model.initial ?? {})) memory[Number(at)] = value
  const first = await Promise.all(model.threads.map(() => ({ log: [], asleep: -1, next: undefined, said: [] })))
  const start: ThreadState[] = []
  // Up to each thread's first access: nothing shared is touched before it.
  for (const [i, thread] of first.entries()) start.push(await advance(model, i, thread, 0))
  const seen = new Set<string>()
  const stack: { words: Int32Array; threads: ThreadState[]; order: number[] }[] = []
  const found = { states: 0, wrong: undefined } as Exploration
  stack.push({ words: memory.slice(), threads: start, order: [] })
  while (stack.length > 0) {
    const { words, threads, order } = stack.pop()!
    const key = `${words.join()}|${threads.map((one) => `${one.asleep}:${one.log.join('.')}`).join('|')}`
    if (seen.has(key)) continue
    seen.add(key)
    if (++found.states > STATES_MAX) throw new Error(`the model has more than ${STATES_MAX} states`)
    let stuck = true
    const alone = threads.findIndex(({ next }, i) => next !== undefined && commutes(model, next.reads, i))
    for (const [i, thread] of threads.entries()) {
      if (alone >= 0 && alone !== i) continue
      memory.set(words)
      if (thread.next === undefined || thread.asleep >= 0 || !thread.next.enabled()) continue
      stuck = false
      try {
        const next = [...threads]
        woken = []
        next[i] = await advance(model, i, thread, 1)
        for (const at of woken)
          for (const [j, one] of next.entries()) if (one.asleep === at) next[j] = await wakeUp(model, j, one)
        stack.push({ words: memory.slice(), threads: next, order: [...order, i] })
      } catch (error) {
        found.wrong = { what: error instanceof Error ? error.message : String(error), order: [...order, i] }
        return found
      }
    }
    if (!stuck) continue
    memory.set(words)
    const said = threads.map((one) => one.said)
    const ended = threads.map(({ next, asleep }) => next === undefined && asleep < 0)
    const what = model.atRest(memory, said, ended)
    if (what === undefined) continue
    found.wrong = { what, order }
    return found
  }
  return found
}

const commutes = ({ writers }: Model, at: number, thread: number): boolean => {
  const writer = at < 0 ? undefined : writers?.get(at)
  return writer === thread || writer === -1
}

/** Runs a thread from its beginning through its log and so many accesses more. */
async function advance(model: Model, index: number, thread: ThreadState, steps: number): Promise<ThreadState> {
  const said: number[] = []
  log = [...thread.log]
  replayed = 0
  stepsLeft = steps
  pending = undefined
  fellAsleep = -1
  try {
    await model.threads[index]!(memory, (what) => said.push(what))
  } catch (error) {
    if (!(error instanceof Suspended)) throw error
  }
  return { log, asleep: fellAsleep, next: pending, said }
}

async function wakeUp(model: Model, index: number, thread: ThreadState): Promise<ThreadState> {
  return advance(model, index, { ...thread, log: [...thread.log, OK] }, 0)
}

/** Every access to shared memory goes through here. */
function access(run: Access, reads = -1, enabled: () => boolean = () => true): number {
  if (replayed < log.length) return log[replayed++]!
  if (fellAsleep >= 0) throw new Suspended()
  if (stepsLeft === 0) {
    pending = { run, enabled, reads }
    throw new Suspended()
  }
  stepsLeft--
  const result = run()
  log.push(result)
  replayed++
  return result
}

/** In the place of atomics.ts. */
export const exploredAtomics = {
  load: (words, at) => access(() => words[at]!, at),
  store: (words, at, value) => {
    access(() => {
      words[at] = value
      return 0
    })
  },
  add: (words, at, delta) =>
    access(() => {
      const before = words[at]!
      words[at] = before + delta
      return counters?.has(at) ? 0 : before
    }),
  exchangeIf: (words, at, expected, value) =>
    access(() => {
      if (words[at] !== expected) return 0
      words[at] = value
      return 1
    }) === 1,
  wake: (_, at) => {
    access(() => {
      woken.push(at)
      return 0
    })
  },
  waitAsync: (words, at, expected): Woken | Promise<Woken> => {
    // A wait is one access that looks and falls asleep at once; what wakes it puts the answer into the log.
    if (replayed < log.length) return log[replayed++] === OK ? 'ok' : 'not-equal'
    if (stepsLeft > 0 && words[at] === expected) {
      stepsLeft--
      fellAsleep = at
      throw new Suspended()
    }
    access(() => NOT_EQUAL)
    return 'not-equal'
  },
  loadLong: () => unexplored(),
  storeLong: () => unexplored(),
} satisfies typeof atomics

function unexplored(): never {
  throw new Error('64-bit words are single facts: no model needs them')
}

/** A plain read of shared memory, which may see anything that was written before. */
export const read = (words: Words, at: number): number => access(() => words[at]!, at)

/** A plain write. */
export const write = (words: Words, at: number, value: number): void => exploredAtomics.store(words, at, value)

/** Waits until something is so: in the place of a loop that looks again and again. */
export const until = (isSo: () => boolean): void => {
  access(() => 0, -1, isSo)
}
