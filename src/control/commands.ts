// Every message that crosses between main and the I/O thread. Bytes never do: they lie in the rings. [shared commands]
import type { MessagePort } from 'node:worker_threads'
import type { WireError } from '../base/errors.ts'
import type { WorkerMemory } from '../ring/layout.ts'
import type { GroupCommand, GroupEvent } from './grouping.ts'
import type { ProducerCall, ProducerCallResults, ProducerCommand, ProducerEvent } from './producing.ts'

/** The line on which a thread hears of spills. */
export type SpillPort = MessagePort

/** Where a partition is read from: an absolute offset that main resolved. */
export interface CursorStart {
  /** The (reader, partition) word in the credit table, chosen by main. */
  slot: number
  /** Rises with every seek; what I/O sends carries it. */
  generation: number
  topic: string
  partition: number
  /** The next offset to fetch. */
  position: number
  /** Nothing at or after this offset is fetched; undefined reads on for ever. */
  end: number | undefined
}

/** How one reader fetches: the fetch part of its options. */
export interface ReaderSettings {
  fetchMinBytes: number
  fetchMaxBytes: number
  maxPartitionFetchBytes: number
  fetchMaxWaitMs: number
  isolationLevel: 'read_committed' | 'read_uncommitted'
  /** What to do when a position is not in the log any more. */
  autoOffsetReset: 'earliest' | 'latest' | 'none' | Date
  checkCrcs: boolean
  clientRack: string
}

/** What a call may be addressed to. */
export type CallTarget =
  | 'any'
  | 'controller'
  | { broker: number }
  | { leader: { topic: string; partition: number } }
  | { coordinator: 'group'; key: string }

/** One entry of a batched ListOffsets: -2 earliest, -1 latest, else the first offset at or after a timestamp. */
export interface OffsetQuery {
  topic: string
  partition: number
  timestamp: number
}

/** The answer to one `OffsetQuery`. */
export interface OffsetAnswer {
  topic: string
  partition: number
  /** Undefined: no record has such a timestamp. */
  offset: number | undefined
  error: WireError | undefined
}

/** Versions of an API in which a body makes sense; default: all that both sides know. */
export interface VersionWish {
  minVersion?: number
  maxVersion?: number
}

/** A call from main that the I/O thread answers with `reply`. */
export type Call =
  /** `fresh`: the brokers are asked, whatever was known. */
  | { op: 'topics'; topics: string[]; fresh?: boolean }
  /** `orEnd`: a time that no record is as young as means the end of the log. */
  | { op: 'offsets'; queries: OffsetQuery[]; isolationLevel: ReaderSettings['isolationLevel']; orEnd?: boolean }
  | ({ op: 'request'; target: CallTarget; api: string; body: unknown } & VersionWish)
  | { op: 'closeReader'; reader: number }
  /** A worker came; spills are announced to it on the port. */
  | { op: 'addWorker'; worker: WorkerMemory; spills: SpillPort | undefined }
  /** A reader sends to these from here on; answered when nothing goes to those before any more. */
  | { op: 'route'; reader: number; workers: number[] | undefined; gone: number[] }
  /** A consumer leaves its group; a static member is expected back, unless `permanently`. */
  | { op: 'leaveGroup'; consumer: number; permanently: boolean }
  | { op: 'close' }
  | ProducerCall

/** What each call resolves to. */
export interface CallResults extends ProducerCallResults {
  topics: TopicPartitions[]
  offsets: OffsetAnswer[]
  request: unknown
  closeReader: undefined
  addWorker: undefined
  route: undefined
  leaveGroup: undefined
  close: undefined
}

/** One topic as metadata shows it. */
export interface TopicPartitions {
  topic: string
  partitions: number
}

/** Main to I/O. */
export type ToIo =
  | { type: 'call'; id: number; timeoutMs: number; call: Call }
  | { type: 'cancel'; id: number }
  | { type: 'openReader'; reader: number; settings: ReaderSettings }
  | { type: 'assign'; reader: number; cursors: CursorStart[] }
  | { type: 'seek'; reader: number; slot: number; generation: number; position: number }
  | { type: 'unassign'; reader: number; slots: number[] }
  | ProducerCommand
  | { type: 'group'; consumer: number; command: GroupCommand }

/** What the I/O thread tells without being asked; of leaks main tells itself. */
export type EventName = 'connected' | 'disconnected' | 'throttled' | 'rebootstrapped' | 'reset' | 'stalled' | 'leaked'

/** I/O to main. */
export type ToMain =
  | { type: 'reply'; id: number; result: unknown; error: WireError | undefined }
  | { type: 'broker'; id: number; address: string }
  | { type: 'failed'; slot: number; generation: number; position: number; error: WireError }
  | { type: 'event'; name: EventName; detail: Record<string, unknown> }
  | ProducerEvent
  | { type: 'group'; consumer: number; event: GroupEvent }
  /** Topics that a producer sent to have other numbers of partitions now. */
  | { type: 'partitionsChanged'; topics: TopicPartitions[] }
