// A group as a test sees it. [broker]
import type { GroupPartition } from '../../control/grouping.ts'
import { decodeAssignment } from '../../group/subscription.ts'
import type { Cluster } from '../cluster.ts'
import { ClassicGroup } from './classic-group.ts'
import { ConsumerGroup } from './consumer-group.ts'
import type { Group } from './group.ts'
import { byTopic } from './topic-partition-key.ts'

/** What a coordinator knows of a group. */
export interface GroupDescription {
  type: 'Classic' | 'Consumer'
  /** As Kafka prints it: 'Empty', 'PreparingRebalance', 'Stable', 'Reconciling', … */
  state: string
  /** The generation of a classic group, the group epoch of a KIP-848 one: it goes up with every rebalance. */
  epoch: number
  members: {
    memberId: string
    groupInstanceId: string | null
    clientId: string
    /** The generation, or the epoch that the member has come to. */
    epoch: number
    assignment: GroupPartition[]
  }[]
  /** What the group committed. */
  offsets: { topic: string; partition: number; offset: number; metadata: string }[]
}

/** Describes a group. */
export function describeGroup(cluster: Cluster, group: Group): GroupDescription {
  const { id, type, state, epoch } = group
  const offsets = cluster.offsets.topicsOf(id).flatMap(({ topic, partitions }) =>
    partitions.map((partition) => {
      const { offset, metadata } = cluster.offsets.fetch(id, topic, partition)!
      return { topic, partition, offset, metadata }
    }),
  )
  return { type, state, epoch, members: membersOf(cluster, group), offsets }
}

function membersOf(cluster: Cluster, group: Group): GroupDescription['members'] {
  if (group instanceof ConsumerGroup) {
    return [...group.members.values()].map(({ id, instanceId, clientId, epoch, assigned }) => {
      const assignment = byTopic(assigned.keys()).flatMap(({ topicId, partitions }) =>
        partitions.map((partition) => ({ topic: cluster.topicById(topicId)?.name ?? topicId, partition })),
      )
      return { memberId: id, groupInstanceId: instanceId, clientId, epoch, assignment }
    })
  }
  if (!(group instanceof ClassicGroup)) return []
  return group.roster.members.map(({ id, instanceId, clientId, assignment }) => ({
    memberId: id,
    groupInstanceId: instanceId,
    clientId,
    epoch: group.epoch,
    assignment: group.protocolType === 'consumer' ? partitionsOf(assignment) : [],
  }))
}

/** None where the leader sent what is no assignment. */
function partitionsOf(assignment: Uint8Array): GroupPartition[] {
  try {
    return decodeAssignment(assignment)
  } catch {
    return []
  }
}
