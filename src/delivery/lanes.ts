// Which work may run now: at most so much at once, in the order that was asked for. [any thread that runs handlers]
//
//   order 'partition'   one lane a partition: what follows waits until what runs is done
//   order 'key'         one lane a key of a partition; what has no key is in nobody's way
//   order 'none'        no lanes: only the limits count
import { Fifo } from '../base/fifo.ts'

/** What must stay in order. */
export type Order = 'partition' | 'key' | 'none'

/** How much may happen at once. */
export interface LaneLimits {
  order: Order
  /** Items that run at once, all partitions together. */
  concurrency: number
  /** Items of one partition that are waiting or running; `hasRoom` says when there may be more. */
  maxInFlight: number
}

/** An item that may run now; hand it to `done` when it has. */
export interface Started<T> {
  readonly item: T
  /** Where it belongs, for `done`. */
  readonly place: Place<T>
  readonly lane: string | undefined
}

/** The items of one partition. */
interface Place<T> {
  readonly partition: string
  /** May start, in the order of their arrival. */
  readonly ready: Fifo<Started<T>>
  /** Lanes with something that is ready or runs, and what waits behind it. */
  readonly lanes: Map<string, Fifo<Started<T>>>
  inFlight: number
}

/** Gives work out. The same key of a partition never runs twice at once, and never out of order. */
export class Lanes<T> {
  readonly limits: LaneLimits
  readonly #places = new Map<string, Place<T>>()
  /** Partitions with something ready, served in turn. */
  #turns: Place<T>[] = []
  /** Partitions of which nothing starts for now. */
  readonly #heldBack = new Set<string>()
  #running = 0
  #waiting = 0

  constructor(limits: LaneLimits) {
    this.limits = limits
  }

  /** Items that run now. */
  get running(): number {
    return this.#running
  }

  /** Items that were added and did not start yet. */
  get waiting(): number {
    return this.#waiting
  }

  /** Whether this partition may have one more. */
  hasRoom(partition: string): boolean {
    return (this.#places.get(partition)?.inFlight ?? 0) < this.limits.maxInFlight
  }

  /** Adds work, in the order of its offsets within a partition. The key or its lane counts with `order: 'key'` only. */
  add(partition: string, item: T, key: Uint8Array | string | null = null): void {
    const place = this.#place(partition)
    const lane = this.#laneOf(key)
    const entry: Started<T> = { item, place, lane }
    place.inFlight++
    this.#waiting++
    if (lane !== undefined) {
      const behind = place.lanes.get(lane)
      if (behind !== undefined) {
        behind.push(entry)
        return
      }
      place.lanes.set(lane, new Fifo())
    }
    this.#ready(place, entry)
  }

  /** The next item that may run, which now counts as running; undefined when none may. Partitions take turns. */
  next(): Started<T> | undefined {
    if (this.#running >= this.limits.concurrency) return undefined
    let place = this.#turns.shift()
    while (place !== undefined && this.#heldBack.has(place.partition)) place = this.#turns.shift()
    if (place === undefined) return undefined
    const entry = place.ready.shift()!
    if (place.ready.length > 0) this.#turns.push(place)
    this.#running++
    this.#waiting--
    return entry
  }

  /** An item that was started, and then not run, waits again, before all others of its partition. */
  takeBack(entry: Started<T>): void {
    const { place } = entry
    if (place.ready.length === 0) this.#turns.push(place)
    place.ready.putBack(entry)
    this.#running--
    this.#waiting++
  }

  /** Starts nothing of a partition from here on. */
  hold(partition: string): void {
    this.#heldBack.add(partition)
  }

  /** A partition that was held back may go on. */
  resume(partition: string): void {
    const place = this.#places.get(partition)
    if (this.#heldBack.delete(partition) && place !== undefined && place.ready.length > 0) {
      if (!this.#turns.includes(place)) this.#turns.push(place)
    }
  }

  /** An item has run, well or not: what waited behind it may start. */
  done({ place, lane }: Started<T>): void {
    this.#running--
    place.inFlight--
    if (lane !== undefined) {
      const following = place.lanes.get(lane)!.shift()
      if (following === undefined) place.lanes.delete(lane)
      else this.#ready(place, following)
    }
    if (place.inFlight === 0) this.#places.delete(place.partition)
  }

  /**
   * Forgets what waits in a partition, or in all, and gives it back. What runs keeps its lane until it is done: what is
   * added later, after a seek perhaps, does not overtake it.
   */
  drop(partition?: string): T[] {
    const items: T[] = []
    for (const place of [...this.#places.values()]) {
      if (partition !== undefined && place.partition !== partition) continue
      const ready = place.ready.takeAll()
      const behind = [...place.lanes.values()].flatMap((lane) => lane.takeAll())
      for (const { lane } of ready) if (lane !== undefined) place.lanes.delete(lane)
      for (const { item } of ready) items.push(item)
      for (const { item } of behind) items.push(item)
      this.#forget(place, ready.length + behind.length)
    }
    this.#turns = this.#turns.filter(({ ready }) => ready.length > 0)
    return items
  }

  #forget(place: Place<T>, waiting: number): void {
    this.#waiting -= waiting
    place.inFlight -= waiting
    if (place.inFlight === 0) this.#places.delete(place.partition)
  }

  #place(partition: string): Place<T> {
    let place = this.#places.get(partition)
    if (place === undefined) {
      place = { partition, ready: new Fifo(), lanes: new Map(), inFlight: 0 }
      this.#places.set(partition, place)
    }
    return place
  }

  #ready(place: Place<T>, entry: Started<T>): void {
    if (place.ready.length === 0) this.#turns.push(place)
    place.ready.push(entry)
  }

  /** Keys are the same when their bytes are: Latin-1 is a text with one character a byte. */
  #laneOf(key: Uint8Array | string | null): string | undefined {
    if (this.limits.order === 'none') return undefined
    if (this.limits.order === 'partition') return ''
    if (typeof key === 'string') return key
    return key === null ? undefined : Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
  }
}
