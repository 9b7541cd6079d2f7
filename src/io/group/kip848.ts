// A member of a group of the new protocol (KIP-848): one request, and the broker assigns. [I/O thread]
//
// Two things go on side by side: heartbeats, which tell what this member has and hear what it is to have, and the way
// from one to the other, on which main gives partitions up and takes new ones. A heartbeat that has news is sent at
// once, the others at the interval that the broker asks for.
import { Closed, type MillraceError, toWire, UnsupportedVersion } from '../../base/errors.ts'
import { randomUuid } from '../../base/random.ts'
import type { GroupPartition, GroupSubscription } from '../../control/grouping.ts'
import { groupKey } from '../../group/assignor.ts'
import type { RequestInput, ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { AssignmentTarget } from './assignment-target.ts'
import { groupError, remedyFor } from './group-error.ts'
import type { Membership, MembershipHost } from './membership.ts'
import { ProgressWatch } from './progress-watch.ts'
import { Wake } from './wake.ts'

/** Member epochs with a meaning of their own. */
const JOIN_EPOCH = 0
const LEAVE_EPOCH = -1
const STATIC_LEAVE_EPOCH = -2

/** Until the broker says how often it wants to hear from a member. */
const FIRST_INTERVAL_MS = 5_000

type Heartbeat = RequestInput<'ConsumerGroupHeartbeat'>

/** One consumer in a group of the new protocol. */
export class ConsumerMembership implements Membership {
  readonly #host: MembershipHost
  readonly #wake: Wake
  readonly #watch: ProgressWatch
  readonly #ending = new AbortController()
  readonly #target: AssignmentTarget
  #subscription: GroupSubscription = { topics: [] }
  #loop: Promise<void> | undefined
  #memberId: string
  #epoch = JOIN_EPOCH
  #intervalMs = FIRST_INTERVAL_MS
  /** What main has been told that it has, and what of it the broker knows. */
  #owned: GroupPartition[] = []
  #ownedIsNews = false
  /** Everything is told in the next heartbeat: at first, and when the broker may not have heard of something. */
  #tellAll = true
  /** An expression was told, and has to be taken back. */
  #patternTold = false
  /** A heartbeat has no answer yet. */
  #asking = false
  #reconciling: Promise<void> | undefined
  /** Raised when what is owned was lost: a way that began before ends. */
  #life = 0
  #unreleasedSinceMs: number | undefined

  constructor(host: MembershipHost) {
    this.#host = host
    this.#wake = new Wake(host.cluster.host.clock)
    this.#watch = new ProgressWatch(host)
    this.#target = new AssignmentTarget(host)
    // KIP-1082: the member names itself.
    this.#memberId = Buffer.from(randomUuid(host.random)).toString('base64url')
  }

  subscribe(subscription: GroupSubscription): void {
    this.#subscription = subscription
    this.#tellAll = true
    this.#wake.ring()
    this.#loop ??= this.#run()
  }

  /** The broker decides when to rebalance; it hears at once that this member is here, and wants all it can have. */
  rejoin(): void {
    this.#tellAll = true
    this.#wake.ring()
  }

  async leave({ permanently, timeoutMs }: { permanently: boolean; timeoutMs: number }): Promise<void> {
    const joined = this.#epoch > JOIN_EPOCH || this.#loop !== undefined
    this.close()
    if (joined) await this.#leave(permanently, timeoutMs)
  }

  close(): void {
    this.#life++
    this.#ending.abort(new Closed('CLOSED', 'The consumer left its group.'))
    this.#wake.ring()
  }

  get #clock() {
    return this.#host.cluster.host.clock
  }

  async #run(): Promise<void> {
    let attempts = 0
    while (!this.#ending.signal.aborted) {
      try {
        await this.#beat()
        attempts = 0
        this.#unreleasedSinceMs = undefined
        this.#reconcile()
        await this.#rest(this.#intervalMs)
      } catch (error) {
        if (this.#ending.signal.aborted) return
        this.#tellAll = true
        if (this.#unmatched(error)) {
          await this.#untilNamed()
          continue
        }
        if (!this.#recover(error)) return this.#fail(error as Error)
        await this.#rest(this.#host.cluster.backoffMs(attempts++))
      }
    }
  }

  /** Waits for the next heartbeat, and for user code that is stuck. */
  async #rest(limitMs: number): Promise<void> {
    await this.#wake.wait(Math.min(limitMs, this.#watch.dueMs))
    if (this.#watch.stuck()) await this.#leaveUntilProgress()
  }

  // --- heartbeats -------------------------------------------------------------------------------------------------

  async #beat(): Promise<void> {
    const { groupId } = this.#host.settings
    const full = this.#tellAll
    const tellsOwned = full || this.#ownedIsNews
    const life = this.#life
    this.#tellAll = false
    this.#ownedIsNews = false
    const minVersion = full && this.#subscription.pattern !== undefined ? 1 : 0
    const answer = await this.#request((version) => this.#body(full, tellsOwned, version), minVersion)
    if (answer.errorCode !== 0) {
      throw groupError(answer.errorCode, `ConsumerGroupHeartbeat to group '${groupId}'`, answer.errorMessage)
    }
    if (life !== this.#life) return
    this.#memberId = answer.memberId ?? this.#memberId
    this.#intervalMs = Math.max(answer.heartbeatIntervalMs, this.#host.settings.heartbeatFloorMs)
    if (answer.memberEpoch !== this.#epoch) {
      this.#epoch = answer.memberEpoch
      this.#tellIdentity()
    }
    if (answer.assignment !== null) this.#target.set(answer.assignment.topicPartitions)
  }

  #body(full: boolean, tellsOwned: boolean, version: number): Heartbeat {
    const { settings } = this.#host
    const { groupId, groupInstanceId = null, maxPollIntervalMs, groupRemoteAssignor, rackId } = settings
    const memberId = version === 0 && this.#epoch === JOIN_EPOCH ? '' : this.#memberId
    const who = { groupId, memberId, memberEpoch: this.#epoch, instanceId: groupInstanceId }
    const has = tellsOwned ? { topicPartitions: this.#target.idsOf(this.#owned) } : {}
    if (!full) return { ...who, ...has }
    const { topics, pattern } = this.#subscription
    const matching = pattern !== undefined || this.#patternTold ? { subscribedTopicRegex: pattern ?? '' } : {}
    this.#patternTold ||= pattern !== undefined
    return {
      ...{ ...who, ...has, ...matching },
      rebalanceTimeoutMs: maxPollIntervalMs,
      rackId: rackId ?? null,
      serverAssignor: groupRemoteAssignor ?? null,
      subscribedTopicNames: [...topics],
    }
  }

  async #request(
    body: (version: number) => Heartbeat,
    minVersion: number,
  ): Promise<ResponseOf<'ConsumerGroupHeartbeat'>> {
    const { requester, settings, role, cluster } = this.#host
    const { groupId, sessionTimeoutMs } = settings
    const requestTimeoutMs = Math.min(cluster.host.options.requestTimeoutMs, Math.ceil(sessionTimeoutMs / 3))
    const bounds = { role, timeoutMs: sessionTimeoutMs, requestTimeoutMs, minVersion, signal: this.#ending.signal }
    const target = { coordinator: 'group', key: groupId } as const
    this.#asking = true
    try {
      return (await requester.request(target, 'ConsumerGroupHeartbeat', body, bounds)).body
    } catch (error) {
      if (error instanceof UnsupportedVersion) throw tooOld(error, minVersion > 0)
      throw error
    } finally {
      this.#asking = false
    }
  }

  /** Whether the broker is too old for the expression: main has to match topics. */
  #unmatched(error: unknown): boolean {
    return error instanceof UnsupportedVersion && this.#subscription.pattern !== undefined
  }

  /** A member tells no more than that it is here; one that has not joined waits. */
  async #untilNamed(): Promise<void> {
    this.#host.tell({ tell: 'unmatched' })
    this.#tellAll = this.#epoch === JOIN_EPOCH
    const waits = () => this.#tellAll && this.#subscription.pattern !== undefined && !this.#ending.signal.aborted
    while (waits()) await this.#wake.wait()
  }

  /** Whether another heartbeat may do better. */
  #recover(error: unknown): boolean {
    const code = (error as MillraceError).kafkaCode
    if (code === ErrorCode.UNRELEASED_INSTANCE_ID) {
      // The predecessor's session has to end; if it does not, somebody else is alive under this name.
      this.#unreleasedSinceMs ??= this.#clock.now()
      return this.#clock.now() - this.#unreleasedSinceMs <= this.#host.settings.sessionTimeoutMs
    }
    const remedy = remedyFor(error)
    if (remedy === 'reset') this.#lose((error as MillraceError).message)
    return remedy !== 'fatal'
  }

  // --- from what it has to what it is to have ---------------------------------------------------------------------

  #reconcile(): void {
    if (this.#reconciling !== undefined || !this.#target.differs(this.#owned)) return
    this.#reconciling = this.#walk(this.#life)
      .catch((error) => this.#fail(error as Error))
      .finally(() => {
        this.#reconciling = undefined
        // What was assigned meanwhile, or could not be named before.
        if (!this.#ending.signal.aborted && !this.#target.stuck) this.#wake.ring()
      })
  }

  async #walk(life: number): Promise<void> {
    const assigned = await this.#target.resolve(this.#ending.signal)
    if (life !== this.#life) return
    const now = new Set(assigned.map(groupKey))
    const gone = this.#owned.filter((one) => !now.has(groupKey(one)))
    if (gone.length > 0) {
      await this.#host.ask({ ask: 'revoke', partitions: gone })
      if (life !== this.#life) return
      this.#owned = this.#owned.filter((one) => now.has(groupKey(one)))
      this.#acknowledge()
    }
    const had = new Set(this.#owned.map(groupKey))
    const added = assigned.filter((one) => !had.has(groupKey(one)))
    if (added.length === 0) return
    this.#owned = [...this.#owned, ...added]
    await this.#host.ask({ ask: 'assign', partitions: added })
    if (life === this.#life) this.#acknowledge()
  }

  #acknowledge(): void {
    this.#ownedIsNews = true
    this.#wake.ring()
  }

  /** The broker gave everything to others; it is joined again with the same name. */
  #lose(reason: string): Promise<unknown> {
    const partitions = this.#owned
    this.#life++
    this.#epoch = JOIN_EPOCH
    this.#owned = []
    this.#target.set([])
    this.#tellAll = true
    this.#tellIdentity()
    return partitions.length === 0 ? Promise.resolve() : this.#host.ask({ ask: 'lost', partitions, reason })
  }

  async #leaveUntilProgress(): Promise<void> {
    const leaving = this.#leave(false, this.#host.settings.sessionTimeoutMs).catch(() => {})
    const lost = this.#lose(this.#watch.reason)
    await this.#watch.unstuck(this.#wake, this.#ending.signal)
    await Promise.all([leaving, lost])
  }

  #tellIdentity(): void {
    const { groupInstanceId } = this.#host.settings
    const member = { memberId: this.#memberId, epoch: this.#epoch, groupInstanceId }
    this.#host.tell({ tell: 'identity', identity: this.#epoch > JOIN_EPOCH ? member : undefined })
  }

  #fail(error: Error): void {
    if (this.#ending.signal.aborted) return
    this.close()
    this.#host.tell({ tell: 'failed', error: toWire(error) })
  }

  async #leave(permanently: boolean, timeoutMs: number): Promise<void> {
    const { requester, settings, role, cluster } = this.#host
    const { groupId, groupInstanceId } = settings
    const memberEpoch = groupInstanceId === undefined || permanently ? LEAVE_EPOCH : STATIC_LEAVE_EPOCH
    const body = { groupId, memberId: this.#memberId, memberEpoch, instanceId: groupInstanceId ?? null }
    const target = { coordinator: 'group', key: groupId } as const
    // On the connection of this member, which is closed then: without an answer all that others ask would wait behind
    // it. And it must not wait itself, behind a heartbeat.
    if (this.#asking) cluster.releaseRole(role)
    const { body: answer } = await requester.request(target, 'ConsumerGroupHeartbeat', body, { role, timeoutMs })
    const { errorCode, errorMessage } = answer
    if (errorCode === 0 || errorCode === ErrorCode.UNKNOWN_MEMBER_ID) return
    throw groupError(errorCode, `Leaving group '${groupId}'`, errorMessage)
  }
}

function tooOld(cause: MillraceError, pattern: boolean): MillraceError {
  const what = pattern ? 'to match topics by an expression' : "for groupProtocol 'consumer' (KIP-848)"
  const text = `The broker is too old ${what}: use groupProtocol 'classic', or Kafka 4.0 or newer. ${cause.message}`
  return new UnsupportedVersion('UNSUPPORTED_GROUP_PROTOCOL', text, { fatal: true, cause })
}
