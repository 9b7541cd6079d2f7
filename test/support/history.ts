// What clients did to a Kafka and what came of it, event by event, and whether any of it may not be. [test processes]
// The classes are those of Jepsen's checker for Kafka, and our own for commits, ownership and settling.
import { readAnomalies } from './history-reads.ts'
import { writeAnomalies } from './history-writes.ts'

/** A place in a log. */
export interface Place {
  topic: string
  partition: number
  offset: number
}

/** One thing that happened. Values are unique: each is sent once. */
export type HistoryEvent =
  /** A producer sends; `tx` names the transaction that it belongs to. */
  | { do: 'send'; producer: string; value: string; tx?: string }
  /** The send was confirmed. */
  | ({ do: 'ack'; value: string } & Place)
  /** The send failed; `maybe`: it may be stored all the same. */
  | { do: 'fail'; value: string; maybe: boolean }
  /** The client asks for the end of a transaction: from here on its records may be seen. */
  | { do: 'end'; tx: string; outcome: 'commit' | 'abort' }
  /** What became of that; `unknown`: nobody can say. */
  | { do: 'ended'; tx: string; outcome: 'commit' | 'abort' | 'unknown' }
  /** A consumer got partitions, `topic/partition` each, or goes elsewhere in them. */
  | { do: 'assign' | 'revoke' | 'seek'; consumer: string; partitions: string[] }
  /** A consumer ended without a word: it owns nothing any more. */
  | { do: 'crash'; consumer: string }
  /** A record reached user code. */
  | ({ do: 'deliver'; consumer: string; value: string } & Place)
  /** User code is done with it. */
  | ({ do: 'complete'; consumer: string } & Place)
  /** A broker stored this offset for the group. */
  | ({ do: 'commit' } & Place)
  /** What an independent reader found in the end, in the order of offsets. With one of these all must be given. */
  | ({ do: 'log'; value: string } & Place)

/** The classes of what may not be. */
export type AnomalyKind =
  | 'lost write'
  | 'duplicate'
  | 'inconsistent offsets'
  | 'reordered write'
  | 'aborted read'
  | 'precommitted read'
  | 'torn transaction'
  | 'unsettled send'
  | 'settled twice'
  | 'poll skip'
  | 'nonmonotonic poll'
  | 'unseen'
  | 'unexplained repeat'
  | 'commit past processed'
  | 'two owners'
  | 'stray delivery'

/** One wrong. */
export interface Anomaly {
  kind: AnomalyKind
  /** What happened to which value, place or client. */
  text: string
}

/** What the clients did not promise, or what was not recorded. */
export interface HistoryRules {
  /** Readers see uncommitted and aborted records. Default false. */
  uncommitted?: boolean
  /** Consumers read everything to its end, so that each confirmed value is delivered. Default true. */
  drained?: boolean
}

/** Collects events; usable as JSON lines. */
export class History {
  readonly events: HistoryEvent[] = []

  record(event: HistoryEvent): void {
    this.events.push(event)
  }

  /** All that is wrong with it; empty when nothing is. */
  anomalies(rules: HistoryRules = {}): Anomaly[] {
    return [...writeAnomalies(this.events, rules), ...readAnomalies(this.events, rules)]
  }

  /** One event a line. */
  toLines(): string {
    return this.events.map((event) => `${JSON.stringify(event)}\n`).join('')
  }

  static fromLines(text: string): History {
    const history = new History()
    for (const line of text.split('\n')) if (line !== '') history.record(JSON.parse(line))
    return history
  }
}

/** `topic/partition`. */
export function partitionName({ topic, partition }: Pick<Place, 'topic' | 'partition'>): string {
  return `${topic}/${partition}`
}
