// What a history says of writes: each confirmed one is there once, in its place and order, whole transactions only.
// [test processes]
import { type Anomaly, type HistoryEvent, type HistoryRules, type Place, partitionName } from './history.ts'

/** What became of one send. */
interface Write {
  value: string
  producer: string
  tx: string | undefined
  settled: number
  failed: boolean
  acked: Place | undefined
  /** Where it was found by readers; more than one place is a duplicate. */
  places: Map<string, Place>
}

/** The wrongs of the writing side. */
export function writeAnomalies(events: readonly HistoryEvent[], rules: HistoryRules): Anomaly[] {
  const writes = collect(events)
  const ends = endsOf(events)
  return [
    ...settling(writes),
    ...places(writes, events),
    ...orders(writes),
    ...losses(writes, ends, events),
    ...(rules.uncommitted === true
      ? []
      : [...abortedReads(events, writes, ends), ...tornTransactions(writes, ends, events)]),
  ]
}

type Ends = ReadonlyMap<string, 'commit' | 'abort' | 'unknown'>

function endsOf(events: readonly HistoryEvent[]): Ends {
  const ends = new Map<string, 'commit' | 'abort' | 'unknown'>()
  for (const event of events) if (event.do === 'ended') ends.set(event.tx, event.outcome)
  return ends
}

function collect(events: readonly HistoryEvent[]): Map<string, Write> {
  const writes = new Map<string, Write>()
  for (const event of events) {
    if (event.do === 'send') {
      const { value, producer, tx } = event
      writes.set(value, { value, producer, tx, settled: 0, failed: false, acked: undefined, places: new Map() })
    } else if (event.do === 'ack' || event.do === 'fail') {
      const write = writes.get(event.value)
      if (write === undefined) continue
      write.settled++
      if (event.do === 'ack') write.acked = event
      else write.failed = !event.maybe
    } else if (event.do === 'deliver' || event.do === 'log') {
      writes.get(event.value)?.places.set(nameOf(event), event)
    }
  }
  return writes
}

function* settling(writes: ReadonlyMap<string, Write>): Generator<Anomaly> {
  for (const { value, settled } of writes.values()) {
    if (settled === 0) yield { kind: 'unsettled send', text: `nobody heard what became of ${value}` }
    if (settled > 1) yield { kind: 'settled twice', text: `${value} was settled ${settled} times` }
  }
}

function* places(writes: ReadonlyMap<string, Write>, events: readonly HistoryEvent[]): Generator<Anomaly> {
  for (const { value, acked, places: found } of writes.values()) {
    if (found.size > 1) yield { kind: 'duplicate', text: `${value} stands at ${[...found.keys()].join(' and ')}` }
    if (acked === undefined || found.size === 0 || found.has(nameOf(acked))) continue
    const text = `${value} was confirmed at ${nameOf(acked)} and found at ${[...found.keys()].join(' and ')}`
    yield { kind: 'inconsistent offsets', text }
  }
  const values = new Map<string, string>()
  for (const event of events) {
    if (event.do !== 'deliver' && event.do !== 'log' && event.do !== 'ack') continue
    const place = nameOf(event)
    const before = values.get(place)
    if (before !== undefined && before !== event.value) {
      yield { kind: 'inconsistent offsets', text: `${place} is ${before} and ${event.value}` }
    }
    values.set(place, event.value)
  }
}

/** The order of one producer's sends is the order of their offsets in each partition. */
function* orders(writes: ReadonlyMap<string, Write>): Generator<Anomaly> {
  const last = new Map<string, { value: string; offset: number }>()
  for (const { value, producer, acked, places: found } of writes.values()) {
    const place = acked ?? [...found.values()][0]
    if (place === undefined) continue
    const line = `${producer} to ${partitionName(place)}`
    const before = last.get(line)
    if (before !== undefined && before.offset > place.offset) {
      const text = `${line}: ${value} was sent after ${before.value} and stands before it, at ${place.offset}`
      yield { kind: 'reordered write', text }
    }
    last.set(line, { value, offset: place.offset })
  }
}

/** A confirmed write that no independent reader finds, or that readers went past without seeing it. */
function* losses(writes: ReadonlyMap<string, Write>, ends: Ends, events: readonly HistoryEvent[]): Generator<Anomaly> {
  const hasLog = events.some((event) => event.do === 'log')
  const seenUpTo = new Map<string, number>()
  for (const event of events) {
    if (event.do !== 'deliver' && event.do !== 'log') continue
    const partition = partitionName(event)
    seenUpTo.set(partition, Math.max(seenUpTo.get(partition) ?? -1, event.offset))
  }
  for (const { value, tx, acked, places: found } of writes.values()) {
    if (acked === undefined || found.size > 0) continue
    if (tx !== undefined && ends.get(tx) !== 'commit') continue
    const passed = (seenUpTo.get(partitionName(acked)) ?? -1) > acked.offset
    if (hasLog || passed) yield { kind: 'lost write', text: `${value}, confirmed at ${nameOf(acked)}, is not there` }
  }
}

/** Nothing of a failed send or an aborted transaction is seen, and nothing before its transaction is told to end. */
function* abortedReads(
  events: readonly HistoryEvent[],
  writes: ReadonlyMap<string, Write>,
  ends: Ends,
): Generator<Anomaly> {
  const committing = new Set<string>()
  for (const event of events) {
    if (event.do === 'end' && event.outcome === 'commit') committing.add(event.tx)
    if (event.do !== 'deliver' && event.do !== 'log') continue
    const write = writes.get(event.value)
    if (write === undefined) continue
    const { tx, failed } = write
    const at = `${event.value} at ${nameOf(event)}`
    if (tx !== undefined && ends.get(tx) === 'abort') yield { kind: 'aborted read', text: `${at}, of aborted ${tx}` }
    else if (failed) yield { kind: 'aborted read', text: `${at}, whose send failed for good` }
    else if (tx !== undefined && !committing.has(tx)) yield { kind: 'precommitted read', text: `${at}, of open ${tx}` }
  }
}

/** In the end a transaction is there whole or not at all, also one of which nobody knows how it ended. */
function* tornTransactions(
  writes: ReadonlyMap<string, Write>,
  ends: Ends,
  events: readonly HistoryEvent[],
): Generator<Anomaly> {
  if (!events.some((event) => event.do === 'log')) return
  const parts = new Map<string, { there: string[]; missing: string[] }>()
  for (const { value, tx, acked, places: found } of writes.values()) {
    if (tx === undefined || acked === undefined || !ends.has(tx)) continue
    const part = parts.get(tx) ?? { there: [], missing: [] }
    parts.set(tx, part)
    if (found.size > 0) part.there.push(value)
    else part.missing.push(value)
  }
  for (const [tx, { there, missing }] of parts) {
    if (there.length === 0 || missing.length === 0) continue
    yield { kind: 'torn transaction', text: `of ${tx} there is ${there[0]}, but not ${missing[0]}` }
  }
}

function nameOf(place: Place): string {
  return `${partitionName(place)}@${place.offset}`
}
