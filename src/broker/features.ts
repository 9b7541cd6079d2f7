// Features of the whole cluster, which clients look up beside API versions (KIP-584). [broker]

/** A feature of the whole cluster, with the versions that brokers support and the one that is in force (KIP-584). */
export interface Feature {
  name: string
  max: number
  level: number
}

/** Versions of `transaction.version`: from 2 on every end of a transaction bumps the epoch (KIP-890). */
export type TransactionVersion = 0 | 1 | 2

/** The newest version. */
export const TRANSACTION_VERSION_MAX = 2

/** What ApiVersions tells of features. */
export function advertisedFeatures(transactionVersion: TransactionVersion): Feature[] {
  return [
    // From 1 on there are KIP-848 groups; who poses as an older broker hides their APIs.
    { name: 'group.version', max: 1, level: 1 },
    { name: 'transaction.version', max: TRANSACTION_VERSION_MAX, level: transactionVersion },
  ]
}
