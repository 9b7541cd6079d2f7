// The protocols of the rings in every order of two slots and three threads; and broken ones, which must be caught.
// [test process]
import { describe, expect, test, vi } from 'vitest'

vi.mock('../../src/ring/atomics.ts', async () => (await import('./explorer.ts')).exploredAtomics)
vi.mock('../../src/ring/layout.ts', async (original) => ({ ...(await original<object>()), RING_CAPACITY: 2 }))

const { add, load, store, waitAsync } = await import('../../src/ring/atomics.ts')
const { Doorbell } = await import('../../src/ring/doorbell.ts')
const { DESCRIPTOR_WORDS, RING_DESCRIPTORS, RING_HEAD, RING_TAIL } = await import('../../src/ring/layout.ts')
const { Arena } = await import('../../src/ring/segments.ts')
const { Spsc } = await import('../../src/ring/spsc.ts')
const { WorkerView } = await import('../../src/ring/worker-view.ts')
const { explore, read, until, write } = await import('./explorer.ts')

import type { Words } from '../../src/ring/atomics.ts'
import type { Model } from './explorer.ts'

const RING_WORDS = RING_DESCRIPTORS + 2 * DESCRIPTOR_WORDS
/** Counters that wrap while the model runs: as signed and as unsigned numbers. */
const starts = [
  ['0', 0],
  ['2^31 - 2', 0x7fff_fffe],
  ['2^32 - 2', -2],
] as const

type Ring = InstanceType<typeof Spsc>

interface PipelineParts {
  /** Of all counters. */
  start: number
  of: new (words: Words, at: number) => Ring
  items: number
  rings: number
}

/** Numbers go from thread to thread, through a ring of two slots between each two. */
function pipeline({ start = 0, of = Spsc, items = 4, rings = 1 }: Partial<PipelineParts>): Model {
  const numbers = Array.from({ length: items }, (_, i) => i + 1)
  const ringAt = (ring: number) => ring * RING_WORDS
  const each = Array.from({ length: rings }, (_, ring) => ringAt(ring))
  return {
    words: rings * RING_WORDS,
    initial: Object.fromEntries(each.flatMap((at) => [RING_HEAD, RING_TAIL].map((word) => [at + word, start]))),
    writers: new Map(
      each.flatMap((at, ring) => [
        [at + RING_TAIL, ring],
        [at + RING_HEAD, ring + 1],
      ]),
    ),
    threads: Array.from({ length: rings + 1 }, (_, thread) => (words, say) => {
      const [from, to] = [new of(words, ringAt(thread - 1)), new of(words, ringAt(thread))]
      for (const made of numbers) {
        const number = thread === 0 ? made : take(from, words, ringAt(thread - 1))
        if (thread < rings) put(to, words, ringAt(thread), number)
        else say(number)
      }
    }),
    atRest: (_, said, ended) => {
      if (!ended.every(Boolean)) return `somebody waits for ever: ${ended}`
      return String(said[rings]) === String(numbers) ? undefined : `the last thread got ${said[rings]}`
    },
  }
}

function put(ring: Ring, words: Words, at: number, number: number): void {
  let place = ring.claim()
  if (place < 0) {
    until(() => ((words[at + RING_TAIL]! - words[at + RING_HEAD]!) | 0) < 2)
    place = ring.claim()
  }
  if (place < 0) throw new Error('a ring with room says that it is full')
  write(words, place, number)
  ring.commit()
}

function take(ring: Ring, words: Words, at: number): number {
  let place = ring.peek()
  if (place < 0) {
    until(() => words[at + RING_TAIL] !== words[at + RING_HEAD])
    place = ring.peek()
  }
  if (place < 0) throw new Error('a ring that holds something says that it is empty')
  const number = read(words, place)
  ring.release()
  return number
}

describe('rings of two slots', () => {
  test.each(starts)('hand everything on once and in order, with counters from %s', async (_, start) => {
    const { states, wrong } = await explore(pipeline({ start }))
    expect(wrong).toBeUndefined()
    expect(states).toBeGreaterThan(500)
  })

  test.each(starts)('hand everything on through three threads, with counters from %s', async (_, start) => {
    const { states, wrong } = await explore(pipeline({ start, items: 2, rings: 2 }))
    expect(wrong).toBeUndefined()
    expect(states).toBeGreaterThan(2_000)
  })

  test('that publish before they have written are caught', async () => {
    class TooEarly extends Spsc {
      override claim(): number {
        const place = super.claim()
        if (place >= 0) super.commit()
        return place
      }
      override commit(): void {}
    }
    expect((await explore(pipeline({ of: TooEarly }))).wrong?.what).toMatch(/the last thread got/)
  })

  test('that take one more than they have room for are caught', async () => {
    class TooMany extends Spsc {
      readonly #at: number
      constructor(words: Words, at: number) {
        super(words, at)
        this.#at = at
      }
      override claim(): number {
        const tail = load(this.words, this.#at + RING_TAIL)
        if (((tail - load(this.words, this.#at + RING_HEAD)) | 0) > 2) return -1
        return this.#at + RING_DESCRIPTORS + ((tail >>> 0) % 2) * DESCRIPTOR_WORDS
      }
    }
    expect((await explore(pipeline({ of: TooMany }))).wrong?.what).toMatch(/the last thread got/)
  })

  test('whose counters do not wrap are caught', async () => {
    class NoWrap extends Spsc {
      readonly #at: number
      constructor(words: Words, at: number) {
        super(words, at)
        this.#at = at
      }
      override peek(): number {
        const head = load(this.words, this.#at + RING_HEAD)
        if (load(this.words, this.#at + RING_TAIL) <= head) return -1
        return this.#at + RING_DESCRIPTORS + ((head >>> 0) % 2) * DESCRIPTOR_WORDS
      }
    }
    expect((await explore(pipeline({ of: NoWrap }))).wrong).toBeUndefined()
    expect((await explore(pipeline({ of: NoWrap, start: 0x7fff_fffe }))).wrong?.what).toMatch(/says that it is empty/)
  })
})

// --- segments: claimed by one thread, released by two others --------------------------------------------------------

/** An arena of two segments, its sums; a flag, a bell; what lies in the segments, and which block may be read. */
const HELD = 0
const REFERENCES = 2
const OWNER = 4
const SUMS = 6
const ROOM_WANTED = 8
const BELL = 10
const TAG = 14
const BLOCK = 15
/** Both segments. */
const SIZE = 2 * 16_384
const layout = { held: HELD, detached: HELD, references: REFERENCES, owner: OWNER, segments: 2 }
const memory = new SharedArrayBuffer(SIZE)
const segments = { words: 16, counters: new Set([HELD, SUMS]), writers: new Map([[SUMS + 1, -1]]) }

const arenaOf = (words: Words, of: typeof Arena) =>
  new of(memory, words, layout, { words, at: SUMS, room: () => 2, poison: false })

const leaked = (words: Words) => {
  const left = [HELD, REFERENCES, REFERENCES + 1, SUMS].map((at) => words[at])
  return left.every((count) => count === 0) ? undefined : `something leaked: ${left}`
}

/** One thread claims everything, again and again; two others hold each block together, and release it. */
function sharing(of: typeof Arena = Arena): Model {
  const blocks = [1, 2, 3, 4, 5]
  const reader = (words: Words, say: (what: number) => void) => {
    const arena = arenaOf(words, of)
    for (const block of blocks) {
      until(() => words[BLOCK]! >= block)
      say(read(words, TAG))
      arena.release(0, SIZE)
    }
  }
  return {
    ...segments,
    threads: [
      (words) => {
        const arena = arenaOf(words, of)
        for (const block of blocks) {
          until(() => words[REFERENCES] === 0 && words[REFERENCES + 1] === 0 && words[SUMS] === 0)
          if (arena.claim(SIZE, 0) !== 0) throw new Error('an arena with room gave none')
          write(words, TAG, block)
          arena.retain(0, SIZE)
          write(words, BLOCK, block)
        }
      },
      reader,
      reader,
    ],
    atRest: (words, [, one, other], ended) => {
      if (!ended.every(Boolean)) return `somebody waits for ever: ${ended}`
      if (String(one) !== String(blocks) || String(other) !== String(blocks))
        return `other bytes were seen: ${one} and ${other}`
      return leaked(words)
    },
  }
}

interface Waiting {
  /** Whether the claimer looks again after it has said that it wants room. */
  looksAgain: boolean
  bell: typeof Doorbell
}

/** Two threads hold a segment each; a third one waits for both with its bell. */
function waiting({ looksAgain = true, bell: of = Doorbell }: Partial<Waiting>): Model {
  const view = (words: Words) => ({ words, layout: { roomWanted: ROOM_WANTED } }) as never
  const releaser = (segment: number) => (words: Words) => {
    arenaOf(words, Arena).release(segment * 16_384, 16_384)
    if (WorkerView.prototype.roomWanted.call(view(words))) new of(words, BELL).ring()
  }
  return {
    ...segments,
    initial: { [HELD]: 2, [REFERENCES]: 1, [REFERENCES + 1]: 1, [SUMS]: 2 },
    threads: [
      async (words, say) => {
        const [arena, bell] = [arenaOf(words, Arena), new of(words, BELL)]
        await bell.start(() => {
          if (arena.claim(SIZE, 0) < 0) {
            WorkerView.prototype.wantRoom.call(view(words))
            if (!looksAgain || arena.claim(SIZE, 0) < 0) return
          }
          say(1)
          bell.stop()
        })
      },
      releaser(0),
      releaser(1),
    ],
    atRest: (_, [got]) => (got!.length === 1 ? undefined : 'a wake-up was lost: there is room, and who waits sleeps'),
  }
}

describe('two segments between three threads', () => {
  test('are never seen with other bytes, and never leak', async () => {
    const { states, wrong } = await explore(sharing())
    expect(wrong).toBeUndefined()
    expect(states).toBeGreaterThan(1_000)
  })

  test('are waited for without a wake-up lost', async () => {
    const { states, wrong } = await explore(waiting({}))
    expect(wrong).toBeUndefined()
    expect(states).toBeGreaterThan(1_000)
  })

  test('that are released by a read and a write are caught', async () => {
    class TwoSteps extends Arena {
      override release(start: number, sizeBytes: number): void {
        for (let at = start / 16_384; at < (start + sizeBytes) / 16_384; at++) {
          const before = load(current!, REFERENCES + at)
          store(current!, REFERENCES + at, before - 1)
        }
        add(current!, HELD, -2)
        add(current!, SUMS, -2)
      }
    }
    let current: Words | undefined
    const model = sharing(TwoSteps)
    const threads = model.threads.map((run): typeof run => (words, say) => {
      current = words
      return run(words, say)
    })
    expect((await explore({ ...model, threads })).wrong).toBeDefined()
  })

  test('are caught when who waits does not look again', async () => {
    expect((await explore(waiting({ looksAgain: false }))).wrong?.what).toMatch(/a wake-up was lost/)
  })

  test('are caught when a bell looks at its sequence after it has drained', async () => {
    class LateLook extends Doorbell {
      readonly #words: Words
      #running = false
      constructor(words: Words, at: number) {
        super(words, at)
        this.#words = words
      }
      override async start(onRing: () => void): Promise<void> {
        this.#running = true
        while (this.#running) {
          onRing()
          if (!this.#running) return
          const seen = load(this.#words, BELL)
          store(this.#words, BELL + 1, 1)
          await waitAsync(this.#words, BELL, seen, 1_000)
          store(this.#words, BELL + 1, 0)
        }
      }
      override stop(): void {
        this.#running = false
      }
    }
    expect((await explore(waiting({ bell: LateLook }))).wrong?.what).toMatch(/a wake-up was lost/)
  })
})
