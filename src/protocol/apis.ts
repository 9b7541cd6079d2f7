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

/** The registry, by name and in the order of the keys: key, name and the two tables of each API. */
export const apis = {
  Produce: api('Produce', ProduceRequest, ProduceResponse),
  Fetch: api('Fetch', FetchRequest, FetchResponse),
  ListOffsets: api('ListOffsets', ListOffsetsRequest, ListOffsetsResponse),
  Metadata: api('Metadata', MetadataRequest, MetadataResponse),
  OffsetCommit: api('OffsetCommit', OffsetCommitRequest, OffsetCommitResponse),
  OffsetFetch: api('OffsetFetch', OffsetFetchRequest, OffsetFetchResponse),
  FindCoordinator: api('FindCoordinator', FindCoordinatorRequest, FindCoordinatorResponse),
  JoinGroup: api('JoinGroup', JoinGroupRequest, JoinGroupResponse),
  Heartbeat: api('Heartbeat', HeartbeatRequest, HeartbeatResponse),
  LeaveGroup: api('LeaveGroup', LeaveGroupRequest, LeaveGroupResponse),
  SyncGroup: api('SyncGroup', SyncGroupRequest, SyncGroupResponse),
  DescribeGroups: api('DescribeGroups', DescribeGroupsRequest, DescribeGroupsResponse),
  ListGroups: api('ListGroups', ListGroupsRequest, ListGroupsResponse),
  SaslHandshake: api('SaslHandshake', SaslHandshakeRequest, SaslHandshakeResponse),
  ApiVersions: api('ApiVersions', ApiVersionsRequest, ApiVersionsResponse),
  CreateTopics: api('CreateTopics', CreateTopicsRequest, CreateTopicsResponse),
  DeleteTopics: api('DeleteTopics', DeleteTopicsRequest, DeleteTopicsResponse),
  DeleteRecords: api('DeleteRecords', DeleteRecordsRequest, DeleteRecordsResponse),
  InitProducerId: api('InitProducerId', InitProducerIdRequest, InitProducerIdResponse),
  OffsetForLeaderEpoch: api('OffsetForLeaderEpoch', OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse),
  AddPartitionsToTxn: api('AddPartitionsToTxn', AddPartitionsToTxnRequest, AddPartitionsToTxnResponse),
  AddOffsetsToTxn: api('AddOffsetsToTxn', AddOffsetsToTxnRequest, AddOffsetsToTxnResponse),
  EndTxn: api('EndTxn', EndTxnRequest, EndTxnResponse),
  WriteTxnMarkers: api('WriteTxnMarkers', WriteTxnMarkersRequest, WriteTxnMarkersResponse),
  TxnOffsetCommit: api('TxnOffsetCommit', TxnOffsetCommitRequest, TxnOffsetCommitResponse),
  DescribeAcls: api('DescribeAcls', DescribeAclsRequest, DescribeAclsResponse),
  CreateAcls: api('CreateAcls', CreateAclsRequest, CreateAclsResponse),
  DeleteAcls: api('DeleteAcls', DeleteAclsRequest, DeleteAclsResponse),
  DescribeConfigs: api('DescribeConfigs', DescribeConfigsRequest, DescribeConfigsResponse),
  AlterConfigs: api('AlterConfigs', AlterConfigsRequest, AlterConfigsResponse),
  AlterReplicaLogDirs: api('AlterReplicaLogDirs', AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse),
  DescribeLogDirs: api('DescribeLogDirs', DescribeLogDirsRequest, DescribeLogDirsResponse),
  SaslAuthenticate: api('SaslAuthenticate', SaslAuthenticateRequest, SaslAuthenticateResponse),
  CreatePartitions: api('CreatePartitions', CreatePartitionsRequest, CreatePartitionsResponse),
  CreateDelegationToken: api('CreateDelegationToken', CreateDelegationTokenRequest, CreateDelegationTokenResponse),
  RenewDelegationToken: api('RenewDelegationToken', RenewDelegationTokenRequest, RenewDelegationTokenResponse),
  ExpireDelegationToken: api('ExpireDelegationToken', ExpireDelegationTokenRequest, ExpireDelegationTokenResponse),
  DescribeDelegationToken: api(
    'DescribeDelegationToken',
    DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse,
  ),
  DeleteGroups: api('DeleteGroups', DeleteGroupsRequest, DeleteGroupsResponse),
  ElectLeaders: api('ElectLeaders', ElectLeadersRequest, ElectLeadersResponse),
  IncrementalAlterConfigs: api(
    'IncrementalAlterConfigs',
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
  ),
  AlterPartitionReassignments: api(
    'AlterPartitionReassignments',
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
  ),
  ListPartitionReassignments: api(
    'ListPartitionReassignments',
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
  ),
  OffsetDelete: api('OffsetDelete', OffsetDeleteRequest, OffsetDeleteResponse),
  DescribeClientQuotas: api('DescribeClientQuotas', DescribeClientQuotasRequest, DescribeClientQuotasResponse),
  AlterClientQuotas: api('AlterClientQuotas', AlterClientQuotasRequest, AlterClientQuotasResponse),
  DescribeUserScramCredentials: api(
    'DescribeUserScramCredentials',
    DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse,
  ),
  AlterUserScramCredentials: api(
    'AlterUserScramCredentials',
    AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse,
  ),
  DescribeQuorum: api('DescribeQuorum', DescribeQuorumRequest, DescribeQuorumResponse),
  UpdateFeatures: api('UpdateFeatures', UpdateFeaturesRequest, UpdateFeaturesResponse),
  DescribeCluster: api('DescribeCluster', DescribeClusterRequest, DescribeClusterResponse),
  DescribeProducers: api('DescribeProducers', DescribeProducersRequest, DescribeProducersResponse),
  UnregisterBroker: api('UnregisterBroker', UnregisterBrokerRequest, UnregisterBrokerResponse),
  DescribeTransactions: api('DescribeTransactions', DescribeTransactionsRequest, DescribeTransactionsResponse),
  ListTransactions: api('ListTransactions', ListTransactionsRequest, ListTransactionsResponse),
  ConsumerGroupHeartbeat: api('ConsumerGroupHeartbeat', ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse),
  ConsumerGroupDescribe: api('ConsumerGroupDescribe', ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse),
  GetTelemetrySubscriptions: api(
    'GetTelemetrySubscriptions',
    GetTelemetrySubscriptionsRequest,
    GetTelemetrySubscriptionsResponse,
  ),
  PushTelemetry: api('PushTelemetry', PushTelemetryRequest, PushTelemetryResponse),
  ListConfigResources: api('ListConfigResources', ListConfigResourcesRequest, ListConfigResourcesResponse),
  DescribeTopicPartitions: api(
    'DescribeTopicPartitions',
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
  ),
  ShareGroupHeartbeat: api('ShareGroupHeartbeat', ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse),
  ShareGroupDescribe: api('ShareGroupDescribe', ShareGroupDescribeRequest, ShareGroupDescribeResponse),
  ShareFetch: api('ShareFetch', ShareFetchRequest, ShareFetchResponse),
  ShareAcknowledge: api('ShareAcknowledge', ShareAcknowledgeRequest, ShareAcknowledgeResponse),
  AddRaftVoter: api('AddRaftVoter', AddRaftVoterRequest, AddRaftVoterResponse),
  RemoveRaftVoter: api('RemoveRaftVoter', RemoveRaftVoterRequest, RemoveRaftVoterResponse),
  InitializeShareGroupState: api(
    'InitializeShareGroupState',
    InitializeShareGroupStateRequest,
    InitializeShareGroupStateResponse,
  ),
  ReadShareGroupState: api('ReadShareGroupState', ReadShareGroupStateRequest, ReadShareGroupStateResponse),
  WriteShareGroupState: api('WriteShareGroupState', WriteShareGroupStateRequest, WriteShareGroupStateResponse),
  DeleteShareGroupState: api('DeleteShareGroupState', DeleteShareGroupStateRequest, DeleteShareGroupStateResponse),
  ReadShareGroupStateSummary: api(
    'ReadShareGroupStateSummary',
    ReadShareGroupStateSummaryRequest,
    ReadShareGroupStateSummaryResponse,
  ),
  StreamsGroupHeartbeat: api('StreamsGroupHeartbeat', StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse),
  StreamsGroupDescribe: api('StreamsGroupDescribe', StreamsGroupDescribeRequest, StreamsGroupDescribeResponse),
  DescribeShareGroupOffsets: api(
    'DescribeShareGroupOffsets',
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsResponse,
  ),
  AlterShareGroupOffsets: api('AlterShareGroupOffsets', AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse),
  DeleteShareGroupOffsets: api(
    'DeleteShareGroupOffsets',
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsResponse,
  ),
}

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

function api<N extends string, Q extends Message, R extends Message>(name: N, request: Q, response: R) {
  return { key: request.key, name, request, response }
}
