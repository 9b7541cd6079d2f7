// Which APIs the embedded broker serves, and by which handler. [broker]
import type { ApiName } from '../protocol/apis.ts'
import type { FetchAnswer } from './fetch-answer.ts'
import type { Handler } from './handler.ts'
import { addOffsetsToTxn } from './handlers/add-offsets-to-txn.ts'
import { addPartitionsToTxn } from './handlers/add-partitions-to-txn.ts'
import { apiVersions } from './handlers/api-versions.ts'
import { consumerGroupDescribe } from './handlers/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from './handlers/consumer-group-heartbeat.ts'
import { createPartitions } from './handlers/create-partitions.ts'
import { createTopics } from './handlers/create-topics.ts'
import { deleteGroups } from './handlers/delete-groups.ts'
import { deleteRecords } from './handlers/delete-records.ts'
import { deleteTopics } from './handlers/delete-topics.ts'
import { describeCluster } from './handlers/describe-cluster.ts'
import { describeConfigs } from './handlers/describe-configs.ts'
import { describeGroups } from './handlers/describe-groups.ts'
import { describeProducers } from './handlers/describe-producers.ts'
import { describeTransactions } from './handlers/describe-transactions.ts'
import { endTxn } from './handlers/end-txn.ts'
import { fetch } from './handlers/fetch.ts'
import { findCoordinator } from './handlers/find-coordinator.ts'
import { heartbeat } from './handlers/heartbeat.ts'
import { initProducerId } from './handlers/init-producer-id.ts'
import { joinGroup } from './handlers/join-group.ts'
import { leaveGroup } from './handlers/leave-group.ts'
import { listGroups } from './handlers/list-groups.ts'
import { listOffsets } from './handlers/list-offsets.ts'
import { listTransactions } from './handlers/list-transactions.ts'
import { metadata } from './handlers/metadata.ts'
import { offsetCommit } from './handlers/offset-commit.ts'
import { offsetDelete } from './handlers/offset-delete.ts'
import { offsetFetch } from './handlers/offset-fetch.ts'
import { offsetForLeaderEpoch } from './handlers/offset-for-leader-epoch.ts'
import { produce } from './handlers/produce.ts'
import { syncGroup } from './handlers/sync-group.ts'
import { txnOffsetCommit } from './handlers/txn-offset-commit.ts'
import { writeTxnMarkers } from './handlers/write-txn-markers.ts'

type Handlers = { readonly [A in ApiName]?: A extends 'Fetch' ? Handler<'Fetch', FetchAnswer> : Handler<A> }

/** The handlers by the name of their API. */
export const handlers: Handlers = {
  Produce: produce,
  Fetch: fetch,
  ListOffsets: listOffsets,
  Metadata: metadata,
  OffsetCommit: offsetCommit,
  OffsetFetch: offsetFetch,
  FindCoordinator: findCoordinator,
  JoinGroup: joinGroup,
  Heartbeat: heartbeat,
  LeaveGroup: leaveGroup,
  SyncGroup: syncGroup,
  DescribeGroups: describeGroups,
  ListGroups: listGroups,
  ApiVersions: apiVersions,
  CreateTopics: createTopics,
  DeleteTopics: deleteTopics,
  DeleteRecords: deleteRecords,
  InitProducerId: initProducerId,
  OffsetForLeaderEpoch: offsetForLeaderEpoch,
  AddPartitionsToTxn: addPartitionsToTxn,
  AddOffsetsToTxn: addOffsetsToTxn,
  EndTxn: endTxn,
  WriteTxnMarkers: writeTxnMarkers,
  TxnOffsetCommit: txnOffsetCommit,
  DescribeConfigs: describeConfigs,
  CreatePartitions: createPartitions,
  DeleteGroups: deleteGroups,
  OffsetDelete: offsetDelete,
  DescribeCluster: describeCluster,
  DescribeProducers: describeProducers,
  DescribeTransactions: describeTransactions,
  ListTransactions: listTransactions,
  ConsumerGroupHeartbeat: consumerGroupHeartbeat,
  ConsumerGroupDescribe: consumerGroupDescribe,
}
