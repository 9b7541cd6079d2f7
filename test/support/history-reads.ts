// What a history says of readers: nothing skipped, repeated or committed without cause, one owner at a time.
// [test processes]
import { type Anomaly, type HistoryEvent, type HistoryRules, type Place, partitionName } from './history.ts'

/** What is known of one partition while the history is replayed. */
interface Reading {
  owner: string | undefined
  /** Of the owner, in this assignment: -1 before its first record, and after a seek. */
  lastOffset: number
  completed: Set<number>
  committed: number
  /** Completed, not committed, and then there was a reassignment, a crash or a seek: these may come once more. */
  excused: Set<number>
}

/** The wrongs of the reading side. */
export function readAnomalies(events: readonly HistoryEvent[], rules: HistoryRules): Anomaly[] {
  const visible = visibleOffsets(events)
  const replay = new Replay(visible)
  for (const event of events) replay.see(event)
  return [...replay.found, ...(rules.drained === false ? [] : unseen(events))]
}

/** The offsets of each partition that some reader found: what lies between may not be skipped. */
function visibleOffsets(events: readonly HistoryEvent[]): Map<string, number[]> {
  const offsets = new Map<string, Set<number>>()
  for (const event of events) {
    if (event.do !== 'deliver' && event.do !== 'log') continue
    const known = offsets.get(partitionName(event)) ?? new Set()
    offsets.set(partitionName(event), known.add(event.offset))
  }
  return new Map([...offsets].map(([name, known]) => [name, [...known].sort((a, b) => a - b)]))
}

class Replay {
  readonly found: Anomaly[] = []
  readonly #visible: ReadonlyMap<string, number[]>
  readonly #readings = new Map<string, Reading>()

  constructor(visible: ReadonlyMap<string, number[]>) {
    this.#visible = visible
  }

  see(event: HistoryEvent): void {
    switch (event.do) {
      case 'assign':
        for (const name of event.partitions) this.#assign(event.consumer, name)
        break
      case 'revoke':
        for (const name of event.partitions) this.#release(event.consumer, name)
        break
      case 'crash':
        for (const name of this.#readings.keys()) this.#release(event.consumer, name)
        break
      case 'seek':
        for (const name of event.partitions) this.#jump(this.#reading(name))
        break
      case 'deliver':
        this.#deliver(event.consumer, event)
        break
      case 'complete':
        this.#complete(event.consumer, event)
        break
      case 'commit':
        this.#commit(event)
    }
  }

  #reading(name: string): Reading {
    const known = this.#readings.get(name)
    if (known !== undefined) return known
    const reading = {
      owner: undefined,
      lastOffset: -1,
      completed: new Set<number>(),
      committed: 0,
      excused: new Set<number>(),
    }
    this.#readings.set(name, reading)
    return reading
  }

  #assign(consumer: string, name: string): void {
    const reading = this.#reading(name)
    if (reading.owner !== undefined && reading.owner !== consumer) {
      this.#wrong('two owners', `${name} was given to ${consumer} while ${reading.owner} had it`)
    }
    reading.owner = consumer
    this.#jump(reading)
  }

  #release(consumer: string, name: string): void {
    const reading = this.#reading(name)
    if (reading.owner === consumer) reading.owner = undefined
  }

  #jump(reading: Reading): void {
    reading.lastOffset = -1
    reading.excused = new Set([...reading.completed].filter((offset) => offset >= reading.committed))
  }

  #deliver(consumer: string, place: Place): void {
    const name = partitionName(place)
    const reading = this.#reading(name)
    if (reading.owner !== consumer) {
      this.#wrong('stray delivery', `${consumer} got ${name}@${place.offset}, which is ${reading.owner ?? 'nobody'}'s`)
      return
    }
    const { lastOffset } = reading
    reading.lastOffset = place.offset
    if (lastOffset < 0) return
    if (place.offset <= lastOffset) {
      this.#wrong('nonmonotonic poll', `${consumer} got ${name}@${place.offset} after ${lastOffset}`)
      return
    }
    const skipped = this.#visible.get(name)!.find((offset) => offset > lastOffset && offset < place.offset)
    if (skipped !== undefined) {
      this.#wrong('poll skip', `${consumer} got ${name}@${place.offset} after ${lastOffset}, without ${skipped}`)
    }
  }

  #complete(consumer: string, place: Place): void {
    const name = partitionName(place)
    const reading = this.#reading(name)
    // Who lost the partition may still end what it was at: the new owner does it again.
    if (reading.owner !== consumer) reading.excused.add(place.offset)
    else if (reading.completed.has(place.offset) && !reading.excused.delete(place.offset)) {
      this.#wrong('unexplained repeat', `${name}@${place.offset} was processed again, and nothing had happened`)
    }
    reading.completed.add(place.offset)
  }

  #commit(place: Place): void {
    const name = partitionName(place)
    const reading = this.#reading(name)
    const open = this.#visible
      .get(name)
      ?.find((offset) => offset >= reading.committed && offset < place.offset && !reading.completed.has(offset))
    if (open !== undefined) {
      this.#wrong('commit past processed', `${name}: ${place.offset} was committed, ${open} not processed`)
    }
    reading.committed = place.offset
    for (const offset of reading.excused) if (offset < place.offset) reading.excused.delete(offset)
  }

  #wrong(kind: Anomaly['kind'], text: string): void {
    this.found.push({ kind, text })
  }
}

/** Where all was read to its end, whatever an independent reader found was delivered to somebody. */
function* unseen(events: readonly HistoryEvent[]): Generator<Anomaly> {
  const delivered = new Set<string>()
  for (const event of events) if (event.do === 'deliver') delivered.add(event.value)
  if (delivered.size === 0) return
  for (const event of events) {
    if (event.do !== 'log' || delivered.has(event.value)) continue
    yield { kind: 'unseen', text: `${event.value} at ${partitionName(event)}@${event.offset} reached nobody` }
  }
}
