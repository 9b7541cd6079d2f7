// The history checker can fail: each thing that may not be is found in a history that is sound but for that.
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { type AnomalyKind, History, type HistoryEvent, type Place } from './history.ts'

const PARTITIONS = 3

/** A sound history: producers with and without transactions, two consumers that take turns, all read in the end. */
function soundHistory(seed: number): HistoryEvent[] {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random.next() * limit)
  const events: HistoryEvent[] = []
  const logs: { value: string; visible: boolean }[][] = Array.from({ length: PARTITIONS }, () => [])
  const at = (partition: number, offset: number): Place => ({ topic: 't', partition, offset })
  let sent = 0
  const send = (producer: string, tx: string | undefined, visible: boolean) => {
    const value = `v${sent++}`
    const partition = below(PARTITIONS)
    events.push({ do: 'send', producer, value, ...(tx === undefined ? {} : { tx }) })
    const offset = logs[partition]!.push({ value, visible }) - 1
    events.push({ do: 'ack', value, ...at(partition, offset) })
  }
  const owners = ['a', 'b', 'a']
  for (const [partition, consumer] of owners.entries()) {
    events.push({ do: 'assign', consumer, partitions: [`t/${partition}`] })
  }
  const floors = Array.from({ length: PARTITIONS }, () => 0)
  const positions = [...floors]
  const consume = (partition: number) => {
    const consumer = owners[partition]!
    for (; positions[partition]! < logs[partition]!.length; positions[partition]!++) {
      const offset = positions[partition]!
      const { value, visible } = logs[partition]![offset]!
      if (!visible) continue
      events.push({ do: 'deliver', consumer, value, ...at(partition, offset) })
      events.push({ do: 'complete', consumer, ...at(partition, offset) })
    }
    if (below(2) === 0) {
      floors[partition] = positions[partition]!
      events.push({ do: 'commit', ...at(partition, floors[partition]!) })
    }
  }
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 3; i++) send('plain', undefined, true)
    events.push({ do: 'send', producer: 'plain', value: `f${round}` }, { do: 'fail', value: `f${round}`, maybe: false })
    const tx = `tx${round}`
    const outcome = round % 3 === 1 ? 'abort' : 'commit'
    for (let i = 0; i < 4; i++) send('transactional', tx, outcome === 'commit')
    events.push({ do: 'end', tx, outcome }, { do: 'ended', tx, outcome })
    for (let partition = 0; partition < PARTITIONS; partition++) if (below(3) > 0) consume(partition)
    const moved = below(PARTITIONS)
    const cause = below(8)
    if (cause > 1) continue
    const consumer = owners[moved]!
    if (cause === 0) events.push({ do: 'revoke', consumer, partitions: [`t/${moved}`] })
    else events.push({ do: 'crash', consumer })
    for (const [partition, owner] of owners.entries()) {
      if (cause === 0 ? partition !== moved : owner !== consumer) continue
      owners[partition] = consumer === 'a' ? 'b' : 'a'
      events.push({ do: 'assign', consumer: owners[partition]!, partitions: [`t/${partition}`] })
      positions[partition] = floors[partition]!
    }
  }
  for (let partition = 0; partition < PARTITIONS; partition++) consume(partition)
  for (const [partition, log] of logs.entries()) {
    for (const [offset, { value, visible }] of log.entries()) {
      if (visible) events.push({ do: 'log', value, ...at(partition, offset) })
    }
  }
  return events
}

const kindsOf = (events: HistoryEvent[]) => {
  const history = new History()
  for (const event of events) history.record(event)
  return new Set(history.anomalies().map(({ kind }) => kind))
}

/** Changes one thing; `pick` chooses among the events of a kind. */
type Mutant = (events: HistoryEvent[], pick: <D extends HistoryEvent['do']>(kind: D) => EventOf<D>) => HistoryEvent[]
type EventOf<D> = Extract<HistoryEvent, { do: D }>

const after = (events: HistoryEvent[], event: HistoryEvent, ...more: HistoryEvent[]) =>
  events.toSpliced(events.indexOf(event) + 1, 0, ...more)
const swap = (events: HistoryEvent[], event: HistoryEvent, by: HistoryEvent) =>
  events.map((one) => (one === event ? by : one))
const without = (events: HistoryEvent[], value: string) =>
  events.filter((event) => !((event.do === 'deliver' || event.do === 'log') && event.value === value))

/** A transaction that was committed. */
function committedOne(pick: (kind: 'ended') => EventOf<'ended'>): EventOf<'ended'> {
  for (;;) {
    const ended = pick('ended')
    if (ended.outcome === 'commit') return ended
  }
}

const mutants: [AnomalyKind, Mutant][] = [
  ['lost write', (events, pick) => without(events, pick('deliver').value)],
  ['duplicate', (events, pick) => [...events, { ...pick('log'), partition: 0, offset: 9999 }]],
  ['inconsistent offsets', (events, pick) => [...events, { ...pick('log'), value: 'another' }]],
  [
    'reordered write',
    (events, pick) => {
      const first = pick('ack')
      const { producer } = events.find((one) => one.do === 'send' && one.value === first.value) as EventOf<'send'>
      return [
        ...events,
        { do: 'send', producer, value: 'late' },
        { ...first, value: 'late', offset: first.offset - 0.5 },
      ]
    },
  ],
  [
    'aborted read',
    (events, pick) => {
      const failed = pick('fail')
      return [...events, { do: 'log', value: failed.value, topic: 't', partition: 0, offset: 9999 }]
    },
  ],
  [
    'precommitted read',
    (events, pick) => {
      const { tx } = committedOne(pick)
      return events.filter((event) => !(event.do === 'end' && event.tx === tx))
    },
  ],
  [
    'torn transaction',
    (events, pick) => {
      const committed = committedOne(pick)
      const values = events.flatMap((one) => (one.do === 'send' && one.tx === committed.tx ? [one.value] : []))
      return swap(without(events, values[0]!), committed, { ...committed, outcome: 'unknown' })
    },
  ],
  ['unsettled send', (events, pick) => [...events, { ...pick('send'), value: 'forgotten' }]],
  [
    'settled twice',
    (events, pick) => {
      const ack = pick('ack')
      return after(events, ack, ack)
    },
  ],
  [
    'poll skip',
    (events, pick) => {
      const skipped = pick('deliver')
      return events.filter((event) => event !== skipped)
    },
  ],
  [
    'nonmonotonic poll',
    (events, pick) => {
      const delivered = pick('deliver')
      return after(events, delivered, delivered)
    },
  ],
  [
    'unseen',
    (events, pick) => {
      const { value } = pick('deliver')
      return events.filter((event) => !(event.do === 'deliver' && event.value === value))
    },
  ],
  [
    'unexplained repeat',
    (events, pick) => {
      const completed = pick('complete')
      return after(events, completed, completed)
    },
  ],
  [
    'commit past processed',
    (events, pick) => {
      const completed = pick('complete')
      const same = ({ partition, offset }: Place) => partition === completed.partition && offset === completed.offset
      return events.filter((event) => !(event.do === 'complete' && same(event)))
    },
  ],
  [
    'two owners',
    (events, pick) => {
      const { partitions } = pick('assign')
      return after(events, events[2]!, { do: 'assign', consumer: 'c', partitions })
    },
  ],
  [
    'stray delivery',
    (events, pick) => {
      const delivered = pick('deliver')
      return swap(events, delivered, { ...delivered, consumer: 'nobody' })
    },
  ],
]

const seeds = [1, 2, 3, 4, 5]

test.each(seeds)('a sound history has nothing wrong (seed %i), also after a trip through a file', (seed) => {
  const history = new History()
  for (const event of soundHistory(seed)) history.record(event)
  expect(history.events.length).toBeGreaterThan(500)
  expect(history.anomalies()).toEqual([])
  expect(History.fromLines(history.toLines()).events).toEqual(history.events)
})

test.each(mutants)('%s is found', (kind, mutate) => {
  for (const seed of seeds) {
    const random = seededRandom(seed)
    const events = soundHistory(seed)
    // From the middle of the history, where much has happened before and after.
    const pick = <D extends HistoryEvent['do']>(wanted: D) => {
      const choice = events.filter((event) => event.do === wanted)
      return choice[Math.floor(choice.length * (0.3 + 0.4 * random.next()))] as EventOf<D>
    }
    expect([...kindsOf(mutate(events, pick))], `seed ${seed}`).toContain(kind)
  }
})
