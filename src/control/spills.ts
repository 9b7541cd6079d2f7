// How a spill made by one thread becomes known to the others before the first descriptor that names it.
// [shared commands]
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { FIRST_SPILL, type Memory } from '../ring/memory.ts'
import { Spill, type SpillDesk, takeSpillToken } from '../ring/spill.ts'

interface Announcement {
  id: number
  buffer: SharedArrayBuffer
}

/** Numbers of makers: the I/O thread is 0, worker w is 1 + w. */
const MAKERS_MAX = 1_000

/** Spills of one thread: it announces its own on `out`, and looks for others' on `into` when it meets their number. */
export class PortSpills implements SpillDesk {
  readonly #memory: Memory
  readonly #maker: number
  readonly #out: MessagePort[]
  #made = 0

  constructor(memory: Memory, maker: number, out: MessagePort[], into: MessagePort[]) {
    this.#memory = memory
    this.#maker = maker
    this.#out = out
    memory.onMissingSpill((id) => findOn(into, id))
  }

  open(sizeBytes: number, token: number): number | undefined {
    if (!takeSpillToken(this.#memory.words, token)) return undefined
    const id = FIRST_SPILL + this.#made++ * MAKERS_MAX + this.#maker
    const buffer = Spill.allocate(sizeBytes, token)
    this.#memory.addSpill(id, buffer)
    for (const port of this.#out) port.postMessage({ id, buffer } satisfies Announcement)
    return id
  }
}

/** The announcement was posted before its number was published, so it is in the port by now, behind older ones. */
function findOn(ports: MessagePort[], id: number): SharedArrayBuffer | undefined {
  for (const port of ports) {
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
      const announcement = got.message as Announcement
      if (announcement.id === id) return announcement.buffer
    }
  }
  return undefined
}

/** Spills where all roles share a thread, and one view of the memory. */
export class LocalSpills implements SpillDesk {
  readonly #memory: Memory
  #made = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  open(sizeBytes: number, token: number): number | undefined {
    if (!takeSpillToken(this.#memory.words, token)) return undefined
    const id = FIRST_SPILL + this.#made++
    this.#memory.addSpill(id, Spill.allocate(sizeBytes, token))
    return id
  }
}
