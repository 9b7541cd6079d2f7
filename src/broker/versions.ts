// Which versions of which APIs a broker admits to; by default all that its handlers know. [broker]
import { InvalidOption } from '../base/errors.ts'
import { type ApiName, apis } from '../protocol/apis.ts'
import { TRANSACTION_VERSION_MAX, type TransactionVersion } from './features.ts'
import { handlers } from './handlers.ts'

/** The first and last version of an API. */
export type VersionRange = readonly [min: number, max: number]
/** Versions by API, to pose as an older broker; null hides an API. Others stay as they are. */
export type VersionOverrides = { readonly [A in ApiName]?: VersionRange | null }

/** Brokers of releases that behave differently (KIP-896 removed old versions in 4.0). */
export type BrokerRelease = keyof typeof releases

const releases = {
  '2.1': {
    Produce: [0, 7],
    Fetch: [0, 10],
    ListOffsets: [0, 4],
    Metadata: [0, 7],
    OffsetCommit: [0, 6],
    OffsetFetch: [0, 5],
    FindCoordinator: [0, 2],
    JoinGroup: [0, 3],
    Heartbeat: [0, 2],
    LeaveGroup: [0, 2],
    SyncGroup: [0, 2],
    DescribeGroups: [0, 2],
    ListGroups: [0, 2],
    DeleteGroups: [0, 1],
    OffsetDelete: null,
    ConsumerGroupHeartbeat: null,
    ConsumerGroupDescribe: null,
    ApiVersions: [0, 2],
    CreateTopics: [0, 3],
    DeleteTopics: [0, 3],
    DeleteRecords: [0, 1],
    InitProducerId: [0, 1],
    AddPartitionsToTxn: [0, 1],
    AddOffsetsToTxn: [0, 1],
    EndTxn: [0, 1],
    WriteTxnMarkers: [0, 0],
    TxnOffsetCommit: [0, 2],
    DescribeProducers: null,
    DescribeTransactions: null,
    ListTransactions: null,
    OffsetForLeaderEpoch: [0, 2],
    DescribeConfigs: [0, 2],
    CreatePartitions: [0, 1],
    DescribeCluster: null,
  },
  '2.8': {
    Produce: [0, 9],
    Fetch: [0, 12],
    ListOffsets: [0, 6],
    Metadata: [0, 11],
    OffsetCommit: [0, 8],
    OffsetFetch: [0, 7],
    FindCoordinator: [0, 3],
    JoinGroup: [0, 7],
    Heartbeat: [0, 4],
    LeaveGroup: [0, 4],
    SyncGroup: [0, 5],
    DescribeGroups: [0, 5],
    ListGroups: [0, 4],
    DeleteGroups: [0, 2],
    ConsumerGroupHeartbeat: null,
    ConsumerGroupDescribe: null,
    ApiVersions: [0, 3],
    CreateTopics: [0, 7],
    DeleteTopics: [0, 6],
    DeleteRecords: [0, 2],
    InitProducerId: [0, 4],
    AddPartitionsToTxn: [0, 3],
    AddOffsetsToTxn: [0, 3],
    EndTxn: [0, 3],
    WriteTxnMarkers: [0, 1],
    TxnOffsetCommit: [0, 3],
    DescribeProducers: [0, 0],
    DescribeTransactions: null,
    ListTransactions: null,
    OffsetForLeaderEpoch: [0, 4],
    DescribeConfigs: [0, 4],
    CreatePartitions: [0, 3],
    DescribeCluster: [0, 0],
  },
  '3.9': {
    Produce: [0, 11],
    Fetch: [0, 17],
    ListOffsets: [0, 9],
    Metadata: [0, 12],
    OffsetCommit: [0, 9],
    OffsetFetch: [0, 9],
    FindCoordinator: [0, 6],
    DescribeGroups: [0, 5],
    ConsumerGroupHeartbeat: null,
    ConsumerGroupDescribe: null,
    ApiVersions: [0, 4],
    CreateTopics: [0, 7],
    DeleteTopics: [0, 6],
    DeleteRecords: [0, 2],
    InitProducerId: [0, 5],
    AddPartitionsToTxn: [0, 5],
    AddOffsetsToTxn: [0, 4],
    EndTxn: [0, 4],
    WriteTxnMarkers: [0, 1],
    TxnOffsetCommit: [0, 4],
    ListTransactions: [0, 1],
    OffsetForLeaderEpoch: [0, 4],
    DescribeConfigs: [0, 4],
    CreatePartitions: [0, 3],
    DescribeCluster: [0, 1],
  },
  '4.0': {
    Produce: [0, 12],
    Fetch: [4, 17],
    ListOffsets: [1, 10],
    Metadata: [0, 13],
    OffsetCommit: [2, 9],
    OffsetFetch: [1, 9],
    FindCoordinator: [0, 6],
    ApiVersions: [0, 4],
    CreateTopics: [2, 7],
    DeleteTopics: [1, 6],
    DeleteRecords: [0, 2],
    InitProducerId: [0, 5],
    AddPartitionsToTxn: [0, 5],
    AddOffsetsToTxn: [0, 4],
    EndTxn: [0, 5],
    WriteTxnMarkers: [1, 1],
    TxnOffsetCommit: [0, 5],
    ListTransactions: [0, 1],
    OffsetForLeaderEpoch: [2, 4],
    DescribeConfigs: [1, 4],
    CreatePartitions: [0, 3],
    DescribeCluster: [0, 2],
  },
} as const satisfies Record<string, VersionOverrides>

/** What the broker tells: handlers' versions, then those of a release, then single overrides. */
export function advertisedVersions(given: BrokerRelease | VersionOverrides = {}): Map<ApiName, VersionRange> {
  const versions = new Map<ApiName, VersionRange>()
  for (const name of Object.keys(handlers) as ApiName[]) versions.set(name, apis[name].request.versions)
  // As Kafka 4 does (KAFKA-18659): librdkafka believes that a broker without Produce v0 cannot take compressed batches.
  versions.set('Produce', [0, apis.Produce.request.versions[1]])
  const overrides: VersionOverrides = typeof given === 'string' ? releases[given] : given
  for (const [name, range] of Object.entries(overrides) as [ApiName, VersionRange | null][]) {
    if (apis[name] === undefined) throw new InvalidOption('INVALID_OPTION', `apiVersions: there is no API ${name}.`)
    if (range === null) versions.delete(name)
    else versions.set(name, range)
  }
  return versions
}

/** The version of a release: those older than 4.0 have none in force. */
export function latestTransactionVersion(given: BrokerRelease | VersionOverrides = {}): TransactionVersion {
  return typeof given !== 'string' || given === '4.0' ? TRANSACTION_VERSION_MAX : 0
}

/** Whether a request of this version can be decoded and answered. */
export function isServed(versions: ReadonlyMap<ApiName, VersionRange>, name: ApiName, version: number): boolean {
  const advertised = versions.get(name)
  const [min, max] = apis[name].request.versions
  return advertised !== undefined && version >= Math.max(min, advertised[0]) && version <= Math.min(max, advertised[1])
}
