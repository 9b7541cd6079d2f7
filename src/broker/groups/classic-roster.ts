// Who is in a classic group: members, static ids, the leader, and which protocol they have in common. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { ClassicMember, JoinRequest } from './classic-member.ts'

/** The members of one group, in the order in which they came. */
export class ClassicRoster {
  readonly #members = new Map<string, ClassicMember>()
  /** Member ids by group.instance.id (KIP-345). */
  readonly #static = new Map<string, string>()
  /** What the members are, such as 'consumer' or 'connect'; stays when they leave. */
  protocolType: string | null = null
  leader: string | null = null

  get size(): number {
    return this.#members.size
  }

  /** A copy: members may leave while it is walked. */
  get members(): ClassicMember[] {
    return [...this.#members.values()]
  }

  get(id: string): ClassicMember | undefined {
    return this.#members.get(id)
  }

  /** The member that holds a group.instance.id. */
  holderOf(instanceId: string): ClassicMember | undefined {
    return this.#members.get(this.#static.get(instanceId) ?? '')
  }

  /** 0, or why this is no member. */
  check(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const holder = this.holderOf(instanceId)
      if (holder === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (holder.id !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return this.#members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
  }

  /** Whether the group and someone with these protocols have one in common. */
  supports({ protocolType, protocols }: Pick<JoinRequest, 'protocolType' | 'protocols'>): boolean {
    if (this.size === 0) return protocolType !== '' && protocols.length > 0
    const common = this.#commonProtocols()
    return this.protocolType === protocolType && protocols.some(({ name }) => common.has(name))
  }

  /** The protocol of the next generation: each member votes for the first of its own that all have. */
  chooseProtocol(): string | null {
    const common = this.#commonProtocols()
    const votes = new Map<string, number>()
    for (const { protocols } of this.members) {
      const vote = protocols.find(({ name }) => common.has(name))?.name
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    const most = Math.max(...votes.values())
    return [...votes].find(([, count]) => count === most)?.[0] ?? null
  }

  /** Adds a member; the first one leads. */
  add(member: ClassicMember, protocolType: string): void {
    if (this.size === 0) this.protocolType = protocolType
    this.#members.set(member.id, member)
    if (member.instanceId !== null) this.#static.set(member.instanceId, member.id)
    this.leader ??= member.id
  }

  remove(member: ClassicMember): void {
    this.#members.delete(member.id)
    if (member.instanceId !== null) this.#static.delete(member.instanceId)
    if (this.leader === member.id) this.leader = this.members[0]?.id ?? null
  }

  /** A static member comes back under another id and stays who it was. */
  rename(member: ClassicMember, id: string): void {
    this.#members.delete(member.id)
    if (this.leader === member.id) this.leader = id
    member.id = id
    this.#members.set(id, member)
    this.#static.set(member.instanceId!, id)
  }

  /** Whether every member has sent its JoinGroup. */
  get allJoined(): boolean {
    return this.members.every(({ awaitingJoin }) => awaitingJoin !== undefined)
  }

  /** Makes sure that the leader is one who has joined again; false when nobody has. */
  electJoinedLeader(): boolean {
    const current = this.get(this.leader ?? '')
    if (current?.awaitingJoin !== undefined) return true
    const other = this.members.find(({ awaitingJoin }) => awaitingJoin !== undefined)
    if (other !== undefined) this.leader = other.id
    return other !== undefined
  }

  /** How long a rebalance may take: as long as the most patient member says, and never no time at all. */
  get rebalanceTimeoutMs(): number {
    return Math.max(1, ...this.members.map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
  }

  #commonProtocols(): Set<string> {
    const counts = new Map<string, number>()
    for (const { protocols } of this.members) {
      for (const name of new Set(protocols.map((protocol) => protocol.name))) {
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
    return new Set([...counts].filter(([, count]) => count === this.size).map(([name]) => name))
  }
}
