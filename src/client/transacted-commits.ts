// Commits that are part of a transaction. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { TransactedOffset } from '../delivery/acks.ts'
import { AsyncCommits } from './async-commits.ts'
import type { OffsetToCommit } from './committer.ts'
import { notAssigned } from './consumer-checks.ts'
import { type ConsumerPartition, partitionKey } from './consumer-partition.ts'

/** A consumer, as far as transactions need to know. */
export type CommittingConsumer = Pick<AsyncCommits<unknown, unknown, never>, 'commit' | 'assignment'>

/** What `tx.commitOffsets` asks of a consumer. */
export abstract class TransactedCommits<K, V, E extends { [N in keyof E]: unknown[] }> extends AsyncCommits<K, V, E> {
  /** @internal What loops, `poll` and `recv` gave. */
  protected given: { ackInHand(): boolean } | undefined

  /** @internal What user code has in hand and all else that is processed, or these offsets: all of it, or an error. */
  transact(offsets?: readonly OffsetToCommit[]): TransactedOffset[] {
    // Refuses a consumer that was closed.
    this.offsets()
    const partitions = this.partitions()
    for (const partition of partitions) partition.checkGroup()
    return offsets === undefined ? this.#processed(partitions) : exactly(partitions, offsets)
  }

  #processed(partitions: readonly ConsumerPartition[]): TransactedOffset[] {
    const current = this.given?.ackInHand() ?? true
    const transacted = partitions.flatMap((partition) => partition.transactProcessed())
    if (current) return transacted
    // What was acknowledged just now must not be committed without the transaction.
    for (const one of transacted) one.ended(false)
    const text =
      'Records that the consumer gave are of an assignment or a position that is over: they will be read again.'
    throw new InvalidOption('STALE_BATCH', text)
  }
}

function exactly(partitions: readonly ConsumerPartition[], offsets: readonly OffsetToCommit[]): TransactedOffset[] {
  const byKey = new Map(partitions.map((partition) => [partition.key, partition]))
  const found = offsets.map((given) => {
    const partition = byKey.get(partitionKey(given))
    if (partition === undefined) throw notAssigned(given)
    partition.checkFloor(given.offset)
    return { partition, given }
  })
  return found.map(({ partition, given }) => partition.transactOffset(given))
}
