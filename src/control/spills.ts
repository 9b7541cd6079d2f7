// How a spill made by one thread becomes known to the others before the first descriptor that names it.
// [shared commands]
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { FIRST_SPILL, type Memory } from '../ring/memory.ts'
import { giveSpillTokenBack, Spill, type SpillDesk, takeSpillToken } from '../ring/spill.ts'

interface Announcement {
  id: number
  buffer: SharedArrayBuffer
}

/** Numbers of makers: the I/O thread is 0, worker w is 1 + w; later workers share them, one spill is open at a time. */
const MAKERS_MAX = 1_000
/** Numbers start anew after so many: an id is a positive word. */
const MADE_MAX = 1_000_000

/** What a token holds while a spill of this maker is open: its death gives it back. */
export const spillHolder = (maker: number): number => 1 + maker

/** Spills of one thread: it announces its own on `out`, and learns of others' on `into`. */
export class PortSpills implements SpillDesk {
  readonly #memory: Memory
  readonly #maker: number
  readonly #out: MessagePort[]
  readonly #holder: number
  #made = 0

  constructor(memory: Memory, maker: number, out: MessagePort[], into: MessagePort[]) {
    this.#memory = memory
    this.#maker = maker % MAKERS_MAX
    this.#out = [...out]
    this.#holder = spillHolder(maker)
    memory.onMissingSpill(() => {
      for (const port of into) learnFrom(port, memory)
    })
    for (const port of into) {
      // Most threads never meet most spills: one left in the port would keep its memory for ever.
      port.on('message', ({ id, buffer }: Announcement) => memory.addSpill(id, buffer))
      port.unref()
    }
  }

  /** A thread came that may meet spills made here. */
  tell(port: MessagePort): void {
    this.#out.push(port)
  }

  /** It is gone. */
  untell(port: MessagePort): void {
    const at = this.#out.indexOf(port)
    if (at >= 0) this.#out.splice(at, 1)
  }

  open(sizeBytes: number, token: number): number | undefined {
    const id = FIRST_SPILL + (this.#made % MADE_MAX) * MAKERS_MAX + this.#maker
    const buffer = allocate(this.#memory, sizeBytes, token, this.#holder)
    if (buffer === undefined) return undefined
    this.#made++
    this.#memory.addSpill(id, buffer)
    for (const port of this.#out) port.postMessage({ id, buffer } satisfies Announcement)
    return id
  }
}

/** An announcement was posted before its number was published, so it is in its port by now; others may be as well. */
function learnFrom(port: MessagePort, memory: Memory): void {
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
    const { id, buffer } = got.message as Announcement
    memory.addSpill(id, buffer)
  }
}

/** Spills where all roles share a thread, and one view of the memory. */
export class LocalSpills implements SpillDesk {
  readonly #memory: Memory
  #made = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  open(sizeBytes: number, token: number): number | undefined {
    const buffer = allocate(this.#memory, sizeBytes, token)
    if (buffer === undefined) return undefined
    const id = FIRST_SPILL + (this.#made++ % MADE_MAX)
    this.#memory.addSpill(id, buffer)
    return id
  }
}

/** Takes the token and the memory, or neither. */
function allocate(memory: Memory, sizeBytes: number, token: number, holder = 1): SharedArrayBuffer | undefined {
  if (!takeSpillToken(memory.words, token, holder)) return undefined
  try {
    return Spill.allocate(sizeBytes, token)
  } catch (error) {
    giveSpillTokenBack(memory.words, token)
    throw error
  }
}
