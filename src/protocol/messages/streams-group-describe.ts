// StreamsGroupDescribe (key 89): state, topology and members of streams groups. [pure: any thread]

import { array, bool, errorCode, int16, int32, message, offset, string, struct, uint16 } from '../schema.ts'

const keyValue = {
  key: string,
  value: string,
}

const topicInfo = {
  name: string,
  partitions: int32,
  replicationFactor: int16,
  topicConfigs: array(keyValue),
}

const taskOffset = {
  subtopologyId: string,
  partition: int32,
  offset: offset,
}

const taskIds = {
  subtopologyId: string,
  partitions: array(int32),
}

const assignment = {
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
}

/** StreamsGroupDescribe (KIP-1071). */
export const StreamsGroupDescribeRequest = message(
  'StreamsGroupDescribeRequest',
  89,
  { versions: [0, 0], flexible: 0 },
  {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
)

/** The answer to `StreamsGroupDescribeRequest`. */
export const StreamsGroupDescribeResponse = message(
  'StreamsGroupDescribeResponse',
  89,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    groups: array({
      errorCode: errorCode,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      topology: struct({
        epoch: int32,
        subtopologies: array({
          subtopologyId: string,
          sourceTopics: array(string),
          repartitionSinkTopics: array(string),
          stateChangelogTopics: array(topicInfo),
          repartitionSourceTopics: array(topicInfo),
        })
          .nullable()
          .default(null),
      })
        .nullable()
        .default(null),
      members: array({
        memberId: string,
        memberEpoch: int32,
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        clientId: string,
        clientHost: string,
        topologyEpoch: int32,
        processId: string,
        userEndpoint: struct({
          host: string,
          port: uint16,
        })
          .nullable()
          .default(null),
        clientTags: array(keyValue),
        taskOffsets: array(taskOffset),
        taskEndOffsets: array(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: bool,
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
)
