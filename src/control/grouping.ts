// What main and the I/O thread tell each other about consumer groups. [shared commands]
import type { WireError } from '../base/errors.ts'

/** A partition by its name. */
export interface GroupPartition {
  topic: string
  partition: number
}

/** A member of the group, as the leader knows it. */
export interface GroupMember {
  memberId: string
  /** The name of a static member (KIP-345). */
  groupInstanceId: string | undefined
  /** What it is subscribed to. */
  topics: readonly string[]
  /** What it says it has (KIP-429). Not to be trusted: two members may claim one partition. */
  owned: readonly GroupPartition[]
  /** The generation that `owned` is of (KIP-792); -1 when it does not tell. */
  generation: number
  /** Where it runs (KIP-881). */
  rackId: string | undefined
  /** What its assignor sent along. */
  userData: Uint8Array | null
}

/** A topic that somebody in the group is subscribed to, and that exists. */
export interface GroupTopic {
  topic: string
  partitions: number
  /** The racks of the replicas of each partition; empty where brokers have none. */
  racks?: readonly (readonly string[])[] | undefined
}

/** What each member gets, by member id. */
export type GroupAssignment = Map<string, GroupPartition[]>

/** An assignor that the I/O thread may use: its own, or one that main calls. */
export interface AssignorChoice {
  name: string
  protocol: 'eager' | 'cooperative'
  custom: boolean
}

/** How a consumer is a member of its group. */
export interface GroupSettings {
  groupId: string
  groupInstanceId: string | undefined
  groupProtocol: 'classic' | 'consumer'
  /** In the order of preference; classic groups only. */
  assignors: readonly AssignorChoice[]
  groupRemoteAssignor: string | undefined
  sessionTimeoutMs: number
  heartbeatIntervalMs: number
  maxPollIntervalMs: number
  /** No heartbeat of the new protocol comes sooner, whatever the broker asks for. */
  heartbeatFloorMs: number
  rackId: string | undefined
  /** Of a `ProgressWord`. */
  progress: SharedArrayBuffer
}

/** What is subscribed to. */
export interface GroupSubscription {
  topics: readonly string[]
  /** A regular expression as the broker reads it (RE2J), of a group with the new protocol. */
  pattern?: string | undefined
}

/** Who commits: refused by the coordinator once the group has gone on. */
export interface GroupIdentity {
  memberId: string
  /** The generation of a classic group, the member epoch of one with the new protocol. */
  epoch: number
  groupInstanceId: string | undefined
}

/** Main to I/O, about one consumer. */
export type GroupCommand =
  | { do: 'open'; settings: GroupSettings }
  /** Joins, or tells the group that the subscription is another one. */
  | { do: 'subscribe'; subscription: GroupSubscription }
  | { do: 'rejoin'; reason: string }
  /** The answer to an event with an `id`. */
  | {
      do: 'done'
      id: number
      assignment?: GroupAssignment | undefined
      userData?: Uint8Array | null | undefined
      error?: WireError | undefined
    }
  /** Nothing more of this consumer; it has left, or is not to. */
  | { do: 'close' }

/** What main has to do before the group can go on. */
export type GroupQuestion =
  /** The partitions go to somebody else once this is answered: commit what is processed. */
  | { ask: 'revoke'; partitions: GroupPartition[] }
  /** The partitions are somebody else's already: commit nothing. */
  | { ask: 'lost'; partitions: GroupPartition[]; reason: string }
  | { ask: 'assign'; partitions: GroupPartition[] }
  /** This member leads, and the assignor is the user's. */
  | { ask: 'share'; assignor: string; members: GroupMember[]; topics: GroupTopic[] }
  /** What the user's assignor sends to the leader. */
  | { ask: 'userData'; assignor: string; owned: readonly GroupPartition[]; generation: number }

/** What main is told. */
export type GroupNews =
  /** Commits are made under this name from here on; undefined: it is no member. */
  | { tell: 'identity'; identity: GroupIdentity | undefined }
  /** The broker cannot match the expression: topics are wanted by name. What was subscribed to before stays. */
  | { tell: 'unmatched' }
  /** It is no member any more and will not try again. */
  | { tell: 'failed'; error: WireError }

/** What I/O tells main about one consumer. */
export type GroupEvent = (GroupQuestion & { id: number }) | GroupNews
