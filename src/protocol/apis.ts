// Every API that a Kafka 4.3 broker serves, by name and by key. [pure: any thread]

import { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './messages/add-offsets-to-txn.ts'
import { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './messages/add-partitions-to-txn.ts'
import { AddRaftVoterRequest, AddRaftVoterResponse } from './messages/add-raft-voter.ts'
import { AlterClientQuotasRequest, AlterClientQuotasResponse } from './messages/alter-client-quotas.ts'
import { AlterConfigsRequest, AlterConfigsResponse } from './messages/alter-configs.ts'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './messages/alter-partition-reassignments.ts'
import { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from './messages/alter-replica-log-dirs.ts'
import { AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse } from './messages/alter-share-group-offsets.ts'
import {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './messages/alter-user-scram-credentials.ts'
import { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions.ts'
import { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from './messages/consumer-group-describe.ts'
import { ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse } from './messages/consumer-group-heartbeat.ts'
import { CreateAclsRequest, CreateAclsResponse } from './messages/create-acls.ts'
import { CreateDelegationTokenRequest, CreateDelegationTokenResponse } from './messages/create-delegation-token.ts'
import { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/create-partitions.ts'
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics.ts'
import { DeleteAclsRequest, DeleteAclsResponse } from './messages/delete-acls.ts'
import { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/delete-groups.ts'
import { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/delete-records.ts'
import {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from './messages/delete-share-group-offsets.ts'
import { DeleteShareGroupStateRequest, DeleteShareGroupStateResponse } from './messages/delete-share-group-state.ts'
import { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/delete-topics.ts'
import { DescribeAclsRequest, DescribeAclsResponse } from './messages/describe-acls.ts'
import { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './messages/describe-client-quotas.ts'
import { DescribeClusterRequest, DescribeClusterResponse } from './messages/describe-cluster.ts'
import { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/describe-configs.ts'
import {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from './messages/describe-delegation-token.ts'
import { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/describe-groups.ts'
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/describe-log-dirs.ts'
import { DescribeProducersRequest, DescribeProducersResponse } from './messages/describe-producers.ts'
import { DescribeQuorumRequest, DescribeQuorumResponse } from './messages/describe-quorum.ts'
import {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './messages/describe-share-group-offsets.ts'
import {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './messages/describe-topic-partitions.ts'
import { DescribeTransactionsRequest, DescribeTransactionsResponse } from './messages/describe-transactions.ts'
import {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './messages/describe-user-scram-credentials.ts'
import { ElectLeadersRequest, ElectLeadersResponse } from './messages/elect-leaders.ts'
import { EndTxnRequest, EndTxnResponse } from './messages/end-txn.ts'
import { ExpireDelegationTokenRequest, ExpireDelegationTokenResponse } from './messages/expire-delegation-token.ts'
import { FetchRequest, FetchResponse } from './messages/fetch.ts'
import { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/find-coordinator.ts'
import {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './messages/get-telemetry-subscriptions.ts'
import { HeartbeatRequest, HeartbeatResponse } from './messages/heartbeat.ts'
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/incremental-alter-configs.ts'
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id.ts'
import {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './messages/initialize-share-group-state.ts'
import { JoinGroupRequest, JoinGroupResponse } from './messages/join-group.ts'
import { LeaveGroupRequest, LeaveGroupResponse } from './messages/leave-group.ts'
import { ListConfigResourcesRequest, ListConfigResourcesResponse } from './messages/list-config-resources.ts'
import { ListGroupsRequest, ListGroupsResponse } from './messages/list-groups.ts'
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets.ts'
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './messages/list-partition-reassignments.ts'
import { ListTransactionsRequest, ListTransactionsResponse } from './messages/list-transactions.ts'
import { MetadataRequest, MetadataResponse } from './messages/metadata.ts'
import { OffsetCommitRequest, OffsetCommitResponse } from './messages/offset-commit.ts'
import { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/offset-delete.ts'
import { OffsetFetchRequest, OffsetFetchResponse } from './messages/offset-fetch.ts'
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from './messages/offset-for-leader-epoch.ts'
import { ProduceRequest, ProduceResponse } from './messages/produce.ts'
import { PushTelemetryRequest, PushTelemetryResponse } from './messages/push-telemetry.ts'
import { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from './messages/read-share-group-state.ts'
import {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './messages/read-share-group-state-summary.ts'
import { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './messages/remove-raft-voter.ts'
import { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from './messages/renew-delegation-token.ts'
import { SaslAuthenticateRequest, SaslAuthenticateResponse } from './messages/sasl-authenticate.ts'
import { SaslHandshakeRequest, SaslHandshakeResponse } from './messages/sasl-handshake.ts'
import { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './messages/share-acknowledge.ts'
import { ShareFetchRequest, ShareFetchResponse } from './messages/share-fetch.ts'
import { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './messages/share-group-describe.ts'
import { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from './messages/share-group-heartbeat.ts'
import { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from './messages/streams-group-describe.ts'
import { StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse } from './messages/streams-group-heartbeat.ts'
import { SyncGroupRequest, SyncGroupResponse } from './messages/sync-group.ts'
import { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './messages/txn-offset-commit.ts'
import { UnregisterBrokerRequest, UnregisterBrokerResponse } from './messages/unregister-broker.ts'
import { UpdateFeaturesRequest, UpdateFeaturesResponse } from './messages/update-features.ts'
import { WriteShareGroupStateRequest, WriteShareGroupStateResponse } from './messages/write-share-group-state.ts'
import { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './messages/write-txn-markers.ts'
import type { Infer, Input, Message } from './schema.ts'

/** The registry: the key, the name and the two tables of each API. */
export const apis = {
  Produce: { key: 0, name: 'Produce', request: ProduceRequest, response: ProduceResponse },
  Fetch: { key: 1, name: 'Fetch', request: FetchRequest, response: FetchResponse },
  ListOffsets: { key: 2, name: 'ListOffsets', request: ListOffsetsRequest, response: ListOffsetsResponse },
  Metadata: { key: 3, name: 'Metadata', request: MetadataRequest, response: MetadataResponse },
  OffsetCommit: { key: 8, name: 'OffsetCommit', request: OffsetCommitRequest, response: OffsetCommitResponse },
  OffsetFetch: { key: 9, name: 'OffsetFetch', request: OffsetFetchRequest, response: OffsetFetchResponse },
  FindCoordinator: {
    key: 10,
    name: 'FindCoordinator',
    request: FindCoordinatorRequest,
    response: FindCoordinatorResponse,
  },
  JoinGroup: { key: 11, name: 'JoinGroup', request: JoinGroupRequest, response: JoinGroupResponse },
  Heartbeat: { key: 12, name: 'Heartbeat', request: HeartbeatRequest, response: HeartbeatResponse },
  LeaveGroup: { key: 13, name: 'LeaveGroup', request: LeaveGroupRequest, response: LeaveGroupResponse },
  SyncGroup: { key: 14, name: 'SyncGroup', request: SyncGroupRequest, response: SyncGroupResponse },
  DescribeGroups: { key: 15, name: 'DescribeGroups', request: DescribeGroupsRequest, response: DescribeGroupsResponse },
  ListGroups: { key: 16, name: 'ListGroups', request: ListGroupsRequest, response: ListGroupsResponse },
  SaslHandshake: { key: 17, name: 'SaslHandshake', request: SaslHandshakeRequest, response: SaslHandshakeResponse },
  ApiVersions: { key: 18, name: 'ApiVersions', request: ApiVersionsRequest, response: ApiVersionsResponse },
  CreateTopics: { key: 19, name: 'CreateTopics', request: CreateTopicsRequest, response: CreateTopicsResponse },
  DeleteTopics: { key: 20, name: 'DeleteTopics', request: DeleteTopicsRequest, response: DeleteTopicsResponse },
  DeleteRecords: { key: 21, name: 'DeleteRecords', request: DeleteRecordsRequest, response: DeleteRecordsResponse },
  InitProducerId: { key: 22, name: 'InitProducerId', request: InitProducerIdRequest, response: InitProducerIdResponse },
  OffsetForLeaderEpoch: {
    key: 23,
    name: 'OffsetForLeaderEpoch',
    request: OffsetForLeaderEpochRequest,
    response: OffsetForLeaderEpochResponse,
  },
  AddPartitionsToTxn: {
    key: 24,
    name: 'AddPartitionsToTxn',
    request: AddPartitionsToTxnRequest,
    response: AddPartitionsToTxnResponse,
  },
  AddOffsetsToTxn: {
    key: 25,
    name: 'AddOffsetsToTxn',
    request: AddOffsetsToTxnRequest,
    response: AddOffsetsToTxnResponse,
  },
  EndTxn: { key: 26, name: 'EndTxn', request: EndTxnRequest, response: EndTxnResponse },
  WriteTxnMarkers: {
    key: 27,
    name: 'WriteTxnMarkers',
    request: WriteTxnMarkersRequest,
    response: WriteTxnMarkersResponse,
  },
  TxnOffsetCommit: {
    key: 28,
    name: 'TxnOffsetCommit',
    request: TxnOffsetCommitRequest,
    response: TxnOffsetCommitResponse,
  },
  DescribeAcls: { key: 29, name: 'DescribeAcls', request: DescribeAclsRequest, response: DescribeAclsResponse },
  CreateAcls: { key: 30, name: 'CreateAcls', request: CreateAclsRequest, response: CreateAclsResponse },
  DeleteAcls: { key: 31, name: 'DeleteAcls', request: DeleteAclsRequest, response: DeleteAclsResponse },
  DescribeConfigs: {
    key: 32,
    name: 'DescribeConfigs',
    request: DescribeConfigsRequest,
    response: DescribeConfigsResponse,
  },
  AlterConfigs: { key: 33, name: 'AlterConfigs', request: AlterConfigsRequest, response: AlterConfigsResponse },
  AlterReplicaLogDirs: {
    key: 34,
    name: 'AlterReplicaLogDirs',
    request: AlterReplicaLogDirsRequest,
    response: AlterReplicaLogDirsResponse,
  },
  DescribeLogDirs: {
    key: 35,
    name: 'DescribeLogDirs',
    request: DescribeLogDirsRequest,
    response: DescribeLogDirsResponse,
  },
  SaslAuthenticate: {
    key: 36,
    name: 'SaslAuthenticate',
    request: SaslAuthenticateRequest,
    response: SaslAuthenticateResponse,
  },
  CreatePartitions: {
    key: 37,
    name: 'CreatePartitions',
    request: CreatePartitionsRequest,
    response: CreatePartitionsResponse,
  },
  CreateDelegationToken: {
    key: 38,
    name: 'CreateDelegationToken',
    request: CreateDelegationTokenRequest,
    response: CreateDelegationTokenResponse,
  },
  RenewDelegationToken: {
    key: 39,
    name: 'RenewDelegationToken',
    request: RenewDelegationTokenRequest,
    response: RenewDelegationTokenResponse,
  },
  ExpireDelegationToken: {
    key: 40,
    name: 'ExpireDelegationToken',
    request: ExpireDelegationTokenRequest,
    response: ExpireDelegationTokenResponse,
  },
  DescribeDelegationToken: {
    key: 41,
    name: 'DescribeDelegationToken',
    request: DescribeDelegationTokenRequest,
    response: DescribeDelegationTokenResponse,
  },
  DeleteGroups: { key: 42, name: 'DeleteGroups', request: DeleteGroupsRequest, response: DeleteGroupsResponse },
  ElectLeaders: { key: 43, name: 'ElectLeaders', request: ElectLeadersRequest, response: ElectLeadersResponse },
  IncrementalAlterConfigs: {
    key: 44,
    name: 'IncrementalAlterConfigs',
    request: IncrementalAlterConfigsRequest,
    response: IncrementalAlterConfigsResponse,
  },
  AlterPartitionReassignments: {
    key: 45,
    name: 'AlterPartitionReassignments',
    request: AlterPartitionReassignmentsRequest,
    response: AlterPartitionReassignmentsResponse,
  },
  ListPartitionReassignments: {
    key: 46,
    name: 'ListPartitionReassignments',
    request: ListPartitionReassignmentsRequest,
    response: ListPartitionReassignmentsResponse,
  },
  OffsetDelete: { key: 47, name: 'OffsetDelete', request: OffsetDeleteRequest, response: OffsetDeleteResponse },
  DescribeClientQuotas: {
    key: 48,
    name: 'DescribeClientQuotas',
    request: DescribeClientQuotasRequest,
    response: DescribeClientQuotasResponse,
  },
  AlterClientQuotas: {
    key: 49,
    name: 'AlterClientQuotas',
    request: AlterClientQuotasRequest,
    response: AlterClientQuotasResponse,
  },
  DescribeUserScramCredentials: {
    key: 50,
    name: 'DescribeUserScramCredentials',
    request: DescribeUserScramCredentialsRequest,
    response: DescribeUserScramCredentialsResponse,
  },
  AlterUserScramCredentials: {
    key: 51,
    name: 'AlterUserScramCredentials',
    request: AlterUserScramCredentialsRequest,
    response: AlterUserScramCredentialsResponse,
  },
  DescribeQuorum: { key: 55, name: 'DescribeQuorum', request: DescribeQuorumRequest, response: DescribeQuorumResponse },
  UpdateFeatures: { key: 57, name: 'UpdateFeatures', request: UpdateFeaturesRequest, response: UpdateFeaturesResponse },
  DescribeCluster: {
    key: 60,
    name: 'DescribeCluster',
    request: DescribeClusterRequest,
    response: DescribeClusterResponse,
  },
  DescribeProducers: {
    key: 61,
    name: 'DescribeProducers',
    request: DescribeProducersRequest,
    response: DescribeProducersResponse,
  },
  UnregisterBroker: {
    key: 64,
    name: 'UnregisterBroker',
    request: UnregisterBrokerRequest,
    response: UnregisterBrokerResponse,
  },
  DescribeTransactions: {
    key: 65,
    name: 'DescribeTransactions',
    request: DescribeTransactionsRequest,
    response: DescribeTransactionsResponse,
  },
  ListTransactions: {
    key: 66,
    name: 'ListTransactions',
    request: ListTransactionsRequest,
    response: ListTransactionsResponse,
  },
  ConsumerGroupHeartbeat: {
    key: 68,
    name: 'ConsumerGroupHeartbeat',
    request: ConsumerGroupHeartbeatRequest,
    response: ConsumerGroupHeartbeatResponse,
  },
  ConsumerGroupDescribe: {
    key: 69,
    name: 'ConsumerGroupDescribe',
    request: ConsumerGroupDescribeRequest,
    response: ConsumerGroupDescribeResponse,
  },
  GetTelemetrySubscriptions: {
    key: 71,
    name: 'GetTelemetrySubscriptions',
    request: GetTelemetrySubscriptionsRequest,
    response: GetTelemetrySubscriptionsResponse,
  },
  PushTelemetry: { key: 72, name: 'PushTelemetry', request: PushTelemetryRequest, response: PushTelemetryResponse },
  ListConfigResources: {
    key: 74,
    name: 'ListConfigResources',
    request: ListConfigResourcesRequest,
    response: ListConfigResourcesResponse,
  },
  DescribeTopicPartitions: {
    key: 75,
    name: 'DescribeTopicPartitions',
    request: DescribeTopicPartitionsRequest,
    response: DescribeTopicPartitionsResponse,
  },
  ShareGroupHeartbeat: {
    key: 76,
    name: 'ShareGroupHeartbeat',
    request: ShareGroupHeartbeatRequest,
    response: ShareGroupHeartbeatResponse,
  },
  ShareGroupDescribe: {
    key: 77,
    name: 'ShareGroupDescribe',
    request: ShareGroupDescribeRequest,
    response: ShareGroupDescribeResponse,
  },
  ShareFetch: { key: 78, name: 'ShareFetch', request: ShareFetchRequest, response: ShareFetchResponse },
  ShareAcknowledge: {
    key: 79,
    name: 'ShareAcknowledge',
    request: ShareAcknowledgeRequest,
    response: ShareAcknowledgeResponse,
  },
  AddRaftVoter: { key: 80, name: 'AddRaftVoter', request: AddRaftVoterRequest, response: AddRaftVoterResponse },
  RemoveRaftVoter: {
    key: 81,
    name: 'RemoveRaftVoter',
    request: RemoveRaftVoterRequest,
    response: RemoveRaftVoterResponse,
  },
  InitializeShareGroupState: {
    key: 83,
    name: 'InitializeShareGroupState',
    request: InitializeShareGroupStateRequest,
    response: InitializeShareGroupStateResponse,
  },
  ReadShareGroupState: {
    key: 84,
    name: 'ReadShareGroupState',
    request: ReadShareGroupStateRequest,
    response: ReadShareGroupStateResponse,
  },
  WriteShareGroupState: {
    key: 85,
    name: 'WriteShareGroupState',
    request: WriteShareGroupStateRequest,
    response: WriteShareGroupStateResponse,
  },
  DeleteShareGroupState: {
    key: 86,
    name: 'DeleteShareGroupState',
    request: DeleteShareGroupStateRequest,
    response: DeleteShareGroupStateResponse,
  },
  ReadShareGroupStateSummary: {
    key: 87,
    name: 'ReadShareGroupStateSummary',
    request: ReadShareGroupStateSummaryRequest,
    response: ReadShareGroupStateSummaryResponse,
  },
  StreamsGroupHeartbeat: {
    key: 88,
    name: 'StreamsGroupHeartbeat',
    request: StreamsGroupHeartbeatRequest,
    response: StreamsGroupHeartbeatResponse,
  },
  StreamsGroupDescribe: {
    key: 89,
    name: 'StreamsGroupDescribe',
    request: StreamsGroupDescribeRequest,
    response: StreamsGroupDescribeResponse,
  },
  DescribeShareGroupOffsets: {
    key: 90,
    name: 'DescribeShareGroupOffsets',
    request: DescribeShareGroupOffsetsRequest,
    response: DescribeShareGroupOffsetsResponse,
  },
  AlterShareGroupOffsets: {
    key: 91,
    name: 'AlterShareGroupOffsets',
    request: AlterShareGroupOffsetsRequest,
    response: AlterShareGroupOffsetsResponse,
  },
  DeleteShareGroupOffsets: {
    key: 92,
    name: 'DeleteShareGroupOffsets',
    request: DeleteShareGroupOffsetsRequest,
    response: DeleteShareGroupOffsetsResponse,
  },
} as const

/** The name of an API: `'Fetch'`. */
export type ApiName = keyof typeof apis

/** A decoded request: absent fields hold their defaults. */
export type RequestOf<A extends ApiName> = Infer<(typeof apis)[A]['request']>

/** A request to encode: fields left out take their defaults. */
export type RequestInput<A extends ApiName> = Input<(typeof apis)[A]['request']>

/** A decoded response: absent fields hold their defaults. */
export type ResponseOf<A extends ApiName> = Infer<(typeof apis)[A]['response']>

/** A response to encode: fields left out take their defaults. */
export type ResponseInput<A extends ApiName> = Input<(typeof apis)[A]['response']>

/** An entry of the registry, for code that handles any API. */
export interface Api {
  readonly key: number
  readonly name: ApiName
  readonly request: Message
  readonly response: Message
}

const byKey: (Api | undefined)[] = []
for (const api of Object.values(apis)) byKey[api.key] = api

/** The API of that key, or undefined when it is not one of a broker that we know. */
export function apiByKey(key: number): Api | undefined {
  return byKey[key]
}
