// A classic group: members join, one of them assigns, all sync (Kafka's ClassicGroup). [broker]
//
//          first member            delay over, or all joined           leader's SyncGroup
//   Empty ─────────────► PreparingRebalance ────────────► CompletingRebalance ────────────► Stable
//     ▲                     │      ▲                             │                             │
//     └─────────────────────┘      └── someone joins, leaves, is silent or says other things ──┘
//       everybody has left
import type { Clock, Timer } from '../../base/clock.ts'
import { type Random, randomUuid } from '../../base/random.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { ClassicMember, type JoinAnswer, type JoinRequest, type Settle, type SyncAnswer } from './classic-member.ts'
import { ClassicRoster } from './classic-roster.ts'
import type { CommitClaim, Group } from './group.ts'
import type { CheckedGroupOptions } from './group-options.ts'

/** The states, as Kafka prints them. */
export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** Who says so: a member of some generation. */
export interface MemberClaim {
  memberId: string
  groupInstanceId: string | null
  generationId: number
}

/** A SyncGroup; only the leader's has assignments. */
export interface SyncRequest extends MemberClaim {
  protocolType: string | null
  protocolName: string | null
  assignments: readonly { memberId: string; assignment: Uint8Array }[]
}

/** As in Kafka: a new member whose client has gone must not hold up the group for ever. */
const NEW_MEMBER_TIMEOUT_MS = 300_000

/** The coordinator's side of one classic group. */
export class ClassicGroup implements Group {
  readonly type = 'Classic'
  readonly id: string
  readonly roster = new ClassicRoster()
  epoch = 0
  protocolName: string | null = null
  #state: ClassicState = 'Empty'
  /** The rebalance in progress is the first of an empty group. */
  #initial = false
  /** Someone new has come since the delay of the first rebalance began. */
  #grown = false
  #joinTimer: Timer | undefined
  #syncTimer: Timer | undefined
  /** Who was told the generation and has not asked for its assignment yet. */
  readonly #unsynced = new Set<string>()
  /** Ids that were given out (KIP-394), with the timers that take them back. */
  readonly #promised = new Map<string, Timer>()
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: CheckedGroupOptions

  constructor(id: string, world: { clock: Clock; random: Random; options: CheckedGroupOptions }) {
    this.id = id
    this.#clock = world.clock
    this.#random = world.random
    this.#options = world.options
  }

  get state(): ClassicState {
    return this.#state
  }

  get isEmpty(): boolean {
    return this.#state === 'Empty'
  }

  get protocolType(): string {
    return this.roster.protocolType ?? ''
  }

  get size(): number {
    return this.roster.size
  }

  /** `settle` is called when the generation is complete, or at once. */
  join(request: JoinRequest, settle: Settle<JoinAnswer>): void {
    const { memberId } = request
    const refuse = (errorCode: number) => settle({ memberId, errorCode })
    if (this.#isFullFor(memberId)) return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED)
    if (!this.roster.supports(request)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    if (memberId === '') return this.#joinNew(request, settle)
    if (this.#promised.has(memberId)) return this.#add(memberId, request, settle)
    const errorCode = this.roster.check(memberId, request.groupInstanceId)
    if (errorCode !== ErrorCode.NONE) return refuse(errorCode)
    this.#rejoin(this.roster.get(memberId)!, request, settle)
  }

  /** `settle` is called with the assignment once the leader has sent it, or at once. */
  sync(request: SyncRequest, settle: Settle<SyncAnswer>): void {
    const errorCode = this.#checkSync(request)
    if (errorCode !== ErrorCode.NONE) return settle({ errorCode })
    const member = this.roster.get(request.memberId)!
    this.#unsynced.delete(member.id)
    member.awaitingSync = settle
    if (this.#state === 'Stable') {
      this.#answerSync(member, ErrorCode.NONE)
    } else if (this.roster.leader === member.id) {
      const given = new Map(request.assignments.map(({ memberId, assignment }) => [memberId, assignment]))
      for (const one of this.roster.members) {
        one.forgetAssignment()
        one.assignment = given.get(one.id) ?? one.assignment
      }
      this.#state = 'Stable'
      for (const one of this.roster.members) this.#answerSync(one, ErrorCode.NONE)
    }
  }

  /** 0, or what the member has to do. */
  heartbeat(claim: MemberClaim): number {
    const errorCode = this.#checkClaim(claim)
    if (errorCode !== ErrorCode.NONE) return errorCode
    this.#watch(this.roster.get(claim.memberId)!)
    return this.#state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /** Several may leave at once (KIP-345): static ones by their instance id alone. An error code each. */
  leave(leaving: readonly { memberId: string; groupInstanceId: string | null }[]): number[] {
    let anyLeft = false
    const errorCodes = leaving.map(({ memberId, groupInstanceId }) => {
      if (groupInstanceId === null && this.#breakPromise(memberId)) {
        anyLeft = true
        return ErrorCode.NONE
      }
      const id = memberId === '' && groupInstanceId !== null ? this.roster.holderOf(groupInstanceId)?.id : memberId
      const errorCode = this.roster.check(id ?? '', groupInstanceId)
      if (errorCode === ErrorCode.NONE) {
        this.#remove(this.roster.get(id!)!)
        anyLeft = true
      }
      return errorCode
    })
    if (anyLeft) this.#membersHaveGone()
    return errorCodes
  }

  refuseCommit({ memberId, groupInstanceId, generationId, transactional }: CommitClaim): number {
    if (generationId < 0 && this.isEmpty) return ErrorCode.NONE
    if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
      const errorCode = this.roster.check(memberId, groupInstanceId)
      if (errorCode !== ErrorCode.NONE) return errorCode
      if (generationId !== this.epoch) return ErrorCode.ILLEGAL_GENERATION
    } else if (!transactional) {
      // While there are members only they commit.
      return ErrorCode.UNKNOWN_MEMBER_ID
    }
    // It knows the generation but not its assignment yet: what it commits belongs to the one before.
    if (!transactional && this.#state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE
  }

  takesLate(): boolean {
    return false
  }

  /** A commit is a sign of life. */
  committed(memberId: string): void {
    const member = this.roster.get(memberId)
    if (member !== undefined && !member.isNew) this.#watch(member)
  }

  refuseFetch(): number {
    return ErrorCode.NONE
  }

  subscribes(topic: string): boolean {
    return this.protocolType === 'consumer' && this.roster.members.some((member) => member.subscribes(topic))
  }

  /** Members stay as they are in the log, where those that are new do not stand yet. */
  unload(): void {
    this.close()
    this.#promised.clear()
    this.#unsynced.clear()
    for (const member of this.roster.members) {
      member.answerJoin({ memberId: member.id, errorCode: ErrorCode.NOT_COORDINATOR })
      member.answerSync({ errorCode: ErrorCode.NOT_COORDINATOR })
      if (member.isNew) this.#remove(member)
    }
  }

  load(): void {
    for (const member of this.roster.members) this.#watch(member)
    if (this.#state === 'PreparingRebalance' || this.#state === 'CompletingRebalance') this.#begin()
  }

  close(): void {
    this.#joinTimer?.cancel()
    this.#syncTimer?.cancel()
    for (const timer of this.#promised.values()) timer.cancel()
    for (const { timer } of this.roster.members) timer?.cancel()
  }

  #joinNew(request: JoinRequest, settle: Settle<JoinAnswer>): void {
    const { groupInstanceId, clientId, needsMemberId, sessionTimeoutMs } = request
    const memberId = `${groupInstanceId ?? clientId}-${this.#uuid()}`
    if (groupInstanceId !== null) {
      const holder = this.roster.holderOf(groupInstanceId)
      if (holder === undefined) this.#add(memberId, request, settle)
      else this.#takeOver(holder, memberId, request, settle)
    } else if (needsMemberId) {
      const takeBack = () => {
        this.#promised.delete(memberId)
        this.#completeIfAllJoined()
      }
      this.#promised.set(memberId, this.#clock.after(sessionTimeoutMs, takeBack))
      settle({ memberId, errorCode: ErrorCode.MEMBER_ID_REQUIRED })
    } else {
      this.#add(memberId, request, settle)
    }
  }

  #add(memberId: string, request: JoinRequest, settle: Settle<JoinAnswer>): void {
    this.#breakPromise(memberId)
    const member = new ClassicMember(memberId, request)
    member.awaitingJoin = settle
    if (this.#state === 'PreparingRebalance' && this.#initial) this.#grown = true
    this.roster.add(member, request.protocolType)
    this.#watch(member, NEW_MEMBER_TIMEOUT_MS)
    this.#rebalance()
  }

  /** A known member joins again: a rebalance, unless it only repeats what it said before. */
  #rejoin(member: ClassicMember, request: JoinRequest, settle: Settle<JoinAnswer>): void {
    const isLeader = this.roster.leader === member.id
    const repeats = member.matches(request.protocols)
    // A leader that joins a stable group again wants to assign again: its topics may have changed.
    const changes = this.#state === 'PreparingRebalance' || !repeats || (this.#state === 'Stable' && isLeader)
    if (!changes) return settle(this.#generationFor(member))
    member.update(request)
    member.awaitingJoin = settle
    this.#rebalance()
  }

  /** A static member is back without its id (KIP-345): it takes the place of its former self, which is fenced. */
  #takeOver(member: ClassicMember, memberId: string, request: JoinRequest, settle: Settle<JoinAnswer>): void {
    member.answerJoin({ memberId: member.id, errorCode: ErrorCode.FENCED_INSTANCE_ID })
    member.answerSync({ errorCode: ErrorCode.FENCED_INSTANCE_ID })
    const formerLeader = this.roster.leader ?? ''
    this.roster.rename(member, memberId)
    member.update(request)
    this.#watch(member)
    if (this.#state === 'Stable' && this.roster.chooseProtocol() === this.protocolName) {
      const answer = this.#generationFor(member)
      const isLeader = this.roster.leader === memberId
      // Before KIP-814 it is told the id that it had, so that it does not take itself for the leader.
      if (request.maySkipAssignment) settle({ ...answer, skipAssignment: isLeader })
      else settle({ ...answer, leader: formerLeader, members: [] })
      return
    }
    member.awaitingJoin = settle
    this.#rebalance()
  }

  #isFullFor(memberId: string): boolean {
    if (this.roster.size < this.#options.maxSize || this.#state === 'Empty') return false
    if (this.#state !== 'PreparingRebalance') return this.roster.get(memberId) === undefined
    const joined = this.roster.members.filter(({ awaitingJoin }) => awaitingJoin !== undefined)
    return joined.length >= this.#options.maxSize && !joined.some(({ id }) => id === memberId)
  }

  #checkClaim({ memberId, groupInstanceId, generationId }: MemberClaim): number {
    const errorCode = this.roster.check(memberId, groupInstanceId)
    if (errorCode !== ErrorCode.NONE) return errorCode
    return generationId === this.epoch ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION
  }

  #checkSync(request: SyncRequest): number {
    const errorCode = this.#checkClaim(request)
    if (errorCode !== ErrorCode.NONE) return errorCode
    const { protocolType, protocolName } = request
    const other =
      (protocolType !== null && protocolType !== this.protocolType) ||
      (protocolName !== null && protocolName !== this.protocolName)
    if (other) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    return this.#state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  #answerSync(member: ClassicMember, errorCode: number): void {
    const { assignment } = member
    const known = errorCode === ErrorCode.NONE
    const protocol = known ? { protocolType: this.protocolType, protocolName: this.protocolName } : {}
    if (member.answerSync({ errorCode, ...protocol, assignment })) this.#watch(member)
  }

  #rebalance(): void {
    if (this.#state === 'PreparingRebalance') this.#completeIfAllJoined()
    else this.#begin()
  }

  /** Begins to collect JoinGroups. */
  #begin(): void {
    if (this.#state === 'CompletingRebalance') {
      for (const member of this.roster.members) {
        member.forgetAssignment()
        this.#answerSync(member, ErrorCode.REBALANCE_IN_PROGRESS)
      }
    }
    this.#unsynced.clear()
    this.#syncTimer?.cancel()
    this.#initial = this.#state === 'Empty'
    this.#state = 'PreparingRebalance'
    const { initialRebalanceDelayMs } = this.#options
    if (this.#initial) {
      this.#grown = false
      this.#waitForMore(initialRebalanceDelayMs, this.roster.rebalanceTimeoutMs - initialRebalanceDelayMs)
    } else if (this.#allJoined) {
      this.#complete()
    } else {
      this.#joinIn(this.roster.rebalanceTimeoutMs)
    }
  }

  /** The first members of a group seldom come alone (KIP-134): each of them has the wait begin again. */
  #waitForMore(delayMs: number, remainingMs: number): void {
    this.#joinTimer?.cancel()
    this.#joinTimer = this.#clock.after(delayMs, () => {
      if (!this.#grown || remainingMs <= 0) return this.#complete()
      this.#grown = false
      this.#waitForMore(Math.min(this.#options.initialRebalanceDelayMs, remainingMs), remainingMs - delayMs)
    })
  }

  #joinIn(timeoutMs: number): void {
    this.#joinTimer?.cancel()
    this.#joinTimer = this.#clock.after(timeoutMs, () => this.#complete())
  }

  get #allJoined(): boolean {
    return this.roster.allJoined && this.#promised.size === 0
  }

  #completeIfAllJoined(): void {
    if (this.#state === 'PreparingRebalance' && !this.#initial && this.#allJoined) this.#complete()
  }

  /** The joining is over: dynamic members that did not come are out, and the next generation begins. */
  #complete(): void {
    this.#joinTimer?.cancel()
    for (const member of this.roster.members) {
      if (member.awaitingJoin === undefined && member.instanceId === null) this.#remove(member)
    }
    if (!this.roster.electJoinedLeader() && this.roster.size > 0) return this.#joinIn(this.roster.rebalanceTimeoutMs)
    this.epoch++
    this.#initial = false
    if (this.roster.size === 0) {
      this.protocolName = null
      this.#state = 'Empty'
      return
    }
    this.protocolName = this.roster.chooseProtocol()
    this.#state = 'CompletingRebalance'
    for (const member of this.roster.members) {
      this.#unsynced.add(member.id)
      member.isNew = false
      this.#watch(member)
      member.answerJoin(this.#generationFor(member))
    }
    this.#syncTimer = this.#clock.after(this.roster.rebalanceTimeoutMs, () => this.#syncIsOver())
  }

  /** Who never asked for its assignment holds partitions that nobody reads. */
  #syncIsOver(): void {
    const silent = [...this.#unsynced].flatMap((id) => this.roster.get(id) ?? [])
    if (silent.length === 0) return
    for (const member of silent) this.#remove(member)
    this.#begin()
  }

  #generationFor(member: ClassicMember): JoinAnswer {
    const { leader, members } = this.roster
    const tellAll = leader === member.id
    return {
      errorCode: ErrorCode.NONE,
      memberId: member.id,
      generationId: this.epoch,
      protocolType: this.protocolType,
      protocolName: this.protocolName,
      leader: leader ?? '',
      members: (tellAll ? members : []).map((one) => ({
        memberId: one.id,
        groupInstanceId: one.instanceId,
        metadata: one.metadataFor(this.protocolName),
      })),
    }
  }

  /** The session begins again. */
  #watch(member: ClassicMember, timeoutMs = member.sessionTimeoutMs): void {
    member.timer?.cancel()
    member.timer = this.#clock.after(timeoutMs, () => {
      if (member.isHeldUp) return
      this.#remove(member)
      this.#membersHaveGone()
    })
  }

  #remove(member: ClassicMember): void {
    member.timer?.cancel()
    this.#unsynced.delete(member.id)
    this.roster.remove(member)
    member.answerJoin({ memberId: '', errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
    member.answerSync({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID })
  }

  #membersHaveGone(): void {
    if (this.#state === 'Stable' || this.#state === 'CompletingRebalance') this.#begin()
    else this.#completeIfAllJoined()
  }

  /** Takes back an id that nobody has joined with yet; false when it was not given out. */
  #breakPromise(memberId: string): boolean {
    this.#promised.get(memberId)?.cancel()
    return this.#promised.delete(memberId)
  }

  #uuid(): string {
    const hex = Buffer.from(randomUuid(this.#random)).toString('hex')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}
