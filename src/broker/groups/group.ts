// What both kinds of groups have in common. [broker]

/** Who wants to commit: a member of some generation or epoch, or nobody in particular. */
export interface CommitClaim {
  memberId: string
  groupInstanceId: string | null
  /** The generation of a classic member, the epoch of a KIP-848 one; -1: not a member. */
  generationId: number
  /** It is a TxnOffsetCommit. */
  transactional: boolean
  /** Of the request: KIP-848 members commit by OffsetCommit v9 and later. */
  version: number
}

/** A group, classic or KIP-848. */
export interface Group {
  readonly id: string
  /** As Kafka prints it. */
  readonly type: 'Classic' | 'Consumer'
  readonly state: string
  readonly protocolType: string
  /** The generation of a classic group, the group epoch of the other kind. */
  readonly epoch: number
  readonly isEmpty: boolean
  /** How many members there are. */
  readonly size: number
  /** 0, or why this commit is not taken. */
  refuseCommit(claim: CommitClaim): number
  /** Whether a claim whose epoch is over still holds for this partition (KIP-1251). */
  takesLate(claim: CommitClaim, topicId: string, partition: number): boolean
  /** The member is alive: it has committed. */
  committed(memberId: string): void
  /** 0, or why whoever claims to be a member (KIP-848) is not told the offsets. */
  refuseFetch(memberId: string | null, memberEpoch: number): number
  /** Whether a member reads the topic: its offsets must stay. */
  subscribes(topic: string): boolean
  /** No node coordinates the group any more: whoever waits is told, and no session ends. */
  unload(): void
  /** A node has read the group from the log: sessions begin again. */
  load(): void
  /** Ends all timers. */
  close(): void
}
