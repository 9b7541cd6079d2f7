// One question about one partition until it is answered, and how an API asks such questions. [I/O thread]
import { type MillraceError, Timeout } from '../base/errors.ts'
import type { ApiName, RequestInput, ResponseOf } from '../protocol/apis.ts'
import type { Leader } from './cluster.ts'
import type { Deadline } from './deadline.ts'

/** What every question names. */
export interface PartitionItem {
  topic: string
  partition: number
}

/** An item on its way, with the epoch of the leader that is asked (-1: unknown). */
export interface Addressed<Item> {
  item: Item
  leaderEpoch: number
}

/** One partition of an answer. */
export interface PartitionOutcome<Result> {
  topic: string
  partition: number
  errorCode: number
  result: Result
}

/** How one API asks about partitions. */
export interface PartitionApi<A extends ApiName, Item extends PartitionItem, Result> {
  api: A
  /** Items of different kinds do not fit into one request. */
  kindOf(item: Item): string
  minVersion(item: Item): number
  body(asked: readonly Addressed<Item>[]): RequestInput<A>
  read(body: ResponseOf<A>): Iterable<PartitionOutcome<Result>>
}

/** An item, how often it was asked about, and the promise of its outcome. */
export class PartitionQuestion<Item extends PartitionItem, Result> {
  readonly item: Item
  readonly deadline: Deadline
  readonly outcome: Promise<Result | MillraceError>
  attempt = 0
  /** Whom it was asked of last. */
  asked: Leader | undefined
  /** Metadata was refreshed because of it, once. */
  looked = false
  /** Nobody waits for it any more. */
  over = false
  lastError: MillraceError | undefined
  #resolve!: (outcome: Result | MillraceError) => void

  constructor(item: Item, deadline: Deadline) {
    this.item = item
    this.deadline = deadline
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Settles it; the first outcome counts. */
  settle(outcome: Result | MillraceError): void {
    this.over = true
    this.#resolve(outcome)
  }

  outOfTime(api: ApiName): void {
    const { topic, partition } = this.item
    const last = this.lastError === undefined ? '' : ` Last error: ${this.lastError.message}`
    const text = `${api} for ${topic}[${partition}] did not succeed within ${this.deadline.timeoutMs} ms.${last}`
    this.settle(new Timeout('API_TIMEOUT', text, { topic, partition, retriable: true, cause: this.lastError }))
  }
}
