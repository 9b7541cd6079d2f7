// What a leader asks the coordinator before the first write of a transaction (KIP-890). [broker]
import type { Clock } from '../../base/clock.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import type { ProducerIdentity, TransactionPartition } from './transaction.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'

/** What a client's version brings with it. */
export interface WriteVersion {
  /** The write itself adds the partition to the transaction. */
  adds: boolean
  /** It knows TRANSACTION_ABORTABLE. */
  knowsAbortable: boolean
}

/** As `add.partitions.to.txn.retry.backoff.max.ms`: the last transaction may still be writing its markers. */
const RETRY_MS_MAX = 100
/** As `add.partitions.to.txn.retry.backoff.ms`. */
const RETRY_MS = 20

/** Adds the partition, or makes sure that it was added; gives 'NONE' or the error as a leader tells it. */
export async function verifyWrite(
  { transactions, clock }: { transactions: TransactionCoordinator; clock: Clock },
  id: string,
  by: ProducerIdentity,
  partition: TransactionPartition,
  { adds, knowsAbortable }: WriteVersion,
): Promise<ErrorName> {
  const ask = () => (adds ? transactions.addPartitions(id, by, [partition]) : transactions.verify(id, by, partition))
  let error = ask()
  for (let waitedMs = 0; adds && error === 'CONCURRENT_TRANSACTIONS' && waitedMs < RETRY_MS_MAX; waitedMs += RETRY_MS) {
    await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve))
    error = ask()
  }
  switch (error) {
    case 'PRODUCER_FENCED':
      return 'INVALID_PRODUCER_EPOCH'
    case 'TRANSACTION_ABORTABLE':
      return knowsAbortable ? error : 'INVALID_TXN_STATE'
    case 'CONCURRENT_TRANSACTIONS':
      // Older clients would not try again: this they do, and without asking for metadata.
      return adds ? error : 'NOT_ENOUGH_REPLICAS'
    default:
      return error
  }
}
