// A member of a classic group: join, sync, heartbeat, leave (KIP-62, KIP-345, KIP-394, KIP-429). [I/O thread]
//
// One loop rebalances whenever a reason is there and else waits. While main is asked to give partitions up, or to take
// them, heartbeats go on; only JoinGroup and SyncGroup stand for them while they wait at the coordinator.
import type { MillraceError } from '../../base/errors.ts'
import { Closed, toWire } from '../../base/errors.ts'
import type { GroupPartition, GroupSubscription } from '../../control/grouping.ts'
import { groupKey } from '../../group/assignor.ts'
import { assignorNamed, rebalanceProtocol } from '../../group/assignors.ts'
import { decodeAssignment, encodeSubscription } from '../../group/subscription.ts'
import type { RequestInput, ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { groupError, remedyFor } from './group-error.ts'
import { Heart } from './heart.ts'
import type { Membership, MembershipHost } from './membership.ts'
import { ProgressWatch } from './progress-watch.ts'
import { ShareOut } from './share-out.ts'
import { Wake } from './wake.ts'

const PROTOCOL_TYPE = 'consumer'
const NO_GENERATION = -1
/** Beyond the rebalance timeout the answer to JoinGroup may take this long, as in Java. */
const JOIN_GRACE_MS = 5_000

type Joined = ResponseOf<'JoinGroup'>
type Protocol = { name: string; metadata: Uint8Array }

/** One consumer in a classic group. */
export class ClassicMembership implements Membership {
  readonly #host: MembershipHost
  readonly #wake: Wake
  readonly #heart: Heart
  readonly #watch: ProgressWatch
  readonly #ending = new AbortController()
  readonly #cooperative: boolean
  readonly #unlisten: () => void
  #subscription: GroupSubscription = { topics: [] }
  #loop: Promise<void> | undefined
  #memberId = ''
  #generation = NO_GENERATION
  /** What main has been told that it has. */
  #owned: GroupPartition[] = []
  /** What the group gave last, and in which generation: sticky assignors are told. */
  #given: { partitions: readonly GroupPartition[]; generation: number } = { partitions: [], generation: NO_GENERATION }
  /** Why the group is to be joined again. */
  #due: string | undefined
  /** Why what is owned is somebody else's by now. */
  #lost: string | undefined
  /** User code is stuck: joined again when it goes on. */
  #stuck = false
  /** The leader's watch over topics. */
  #share: ShareOut | undefined

  constructor(host: MembershipHost) {
    this.#host = host
    this.#wake = new Wake(host.cluster.host.clock)
    this.#cooperative = rebalanceProtocol(host.settings.assignors) === 'cooperative'
    this.#watch = new ProgressWatch(host)
    this.#heart = new Heart(host, this.#watch, {
      rejoin: (reason) => this.rejoin(reason),
      reset: (error) => this.#reset(error as MillraceError),
      fatal: (error) => this.#fail(error),
      expired: () => this.#expired(),
      beat: () => this.#watchTopics(),
    })
    this.#unlisten = host.cluster.onChange(() => {
      if (this.#share?.outdated) this.rejoin('topics of the group changed')
    })
  }

  subscribe(subscription: GroupSubscription): void {
    this.#subscription = subscription
    this.rejoin('the subscription changed')
    this.#loop ??= this.#run()
  }

  rejoin(reason: string): void {
    this.#due ??= reason
    this.#wake.ring()
  }

  async leave({ permanently, timeoutMs }: { permanently: boolean; timeoutMs: number }): Promise<void> {
    const memberId = this.#memberId
    this.close()
    const dynamic = this.#host.settings.groupInstanceId === undefined
    if (memberId !== '' && (dynamic || permanently))
      await this.#leave(memberId, 'the consumer is being closed', timeoutMs)
  }

  close(): void {
    this.#heart.stop()
    this.#unlisten()
    this.#ending.abort(new Closed('CLOSED', 'The consumer left its group.'))
    this.#wake.ring()
  }

  async #run(): Promise<void> {
    let attempts = 0
    while (!this.#ending.signal.aborted) {
      try {
        if (this.#stuck) await this.#waitForProgress()
        if (this.#due === undefined) {
          await this.#wake.wait()
          continue
        }
        await this.#rebalance()
        attempts = 0
      } catch (error) {
        if (this.#ending.signal.aborted) return
        const remedy = remedyFor(error)
        if (remedy === 'fatal') return this.#fail(error as Error)
        if (remedy === 'reset') this.#reset(error as MillraceError)
        this.#due ??= 'the last attempt failed'
        await this.#pause(this.#host.cluster.backoffMs(attempts++))
      }
    }
  }

  // --- a rebalance ------------------------------------------------------------------------------------------------

  async #rebalance(): Promise<void> {
    const reason = this.#due!
    await this.#giveUp()
    if (this.#stuck || this.#ending.signal.aborted) return
    // What comes from here on is a reason for another one.
    this.#due = undefined
    const protocols = await this.#protocols()
    this.#heart.stop()
    // It beat until here, and does so while main assigns: nothing is claimed, or taken, in a membership that ended.
    if (this.#lost !== undefined) return
    const joined = await this.#join(reason, protocols)
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    const assigned = await this.#sync(joined)
    if (this.#lost !== undefined) return
    this.#given = { partitions: assigned, generation: this.#generation }
    this.#heart.start({ memberId: this.#memberId, generation: this.#generation })
    await this.#take(assigned)
  }

  /** Before joining: everything in an eager group; in a cooperative one only what is not subscribed to any more. */
  async #giveUp(): Promise<void> {
    if (this.#lost !== undefined) return this.#lose()
    const topics = new Set(this.#subscription.topics)
    const gone = this.#cooperative ? this.#owned.filter(({ topic }) => !topics.has(topic)) : this.#owned
    await this.#revoke(gone)
    // The group may have lost patience, or user code its way, while main worked.
    if (this.#lost !== undefined) await this.#lose()
  }

  async #join(reason: string, protocols: Protocol[]): Promise<Joined> {
    const { groupId, groupInstanceId, sessionTimeoutMs, maxPollIntervalMs } = this.#host.settings
    const timeoutMs = Math.max(this.#host.cluster.host.options.requestTimeoutMs, maxPollIntervalMs + JOIN_GRACE_MS)
    for (;;) {
      const body = {
        ...{ groupId, sessionTimeoutMs, rebalanceTimeoutMs: maxPollIntervalMs, memberId: this.#memberId },
        ...{ groupInstanceId: groupInstanceId ?? null, protocolType: PROTOCOL_TYPE, protocols, reason },
      }
      const minVersion = groupInstanceId === undefined ? 0 : 5
      const bounds = { timeoutMs: timeoutMs * 2, requestTimeoutMs: timeoutMs, minVersion }
      const { body: joined } = await this.#request('JoinGroup', body, bounds)
      if (joined.errorCode === 0) return joined
      // KIP-394: the coordinator names a member before it waits for it.
      if (joined.errorCode !== ErrorCode.MEMBER_ID_REQUIRED || joined.memberId === '' || this.#memberId !== '') {
        throw groupError(joined.errorCode, `JoinGroup to group '${groupId}'`)
      }
      this.#memberId = joined.memberId
    }
  }

  #protocols(): Promise<Protocol[]> {
    const { assignors, rackId } = this.#host.settings
    const owned = this.#cooperative ? this.#owned : []
    const { partitions, generation } = this.#given
    return Promise.all(
      assignors.map(async ({ name, custom }) => {
        const had = this.#cooperative ? owned : partitions
        const userData = custom
          ? await this.#customData(name, had, generation)
          : (assignorNamed(name)!.userData?.(had, generation) ?? null)
        const { topics } = this.#subscription
        return { name, metadata: encodeSubscription({ topics, owned, generation, rackId, userData }) }
      }),
    )
  }

  async #customData(name: string, owned: readonly GroupPartition[], generation: number): Promise<Uint8Array | null> {
    const answer = await this.#host.ask({ ask: 'userData', assignor: name, owned, generation })
    return answer?.userData ?? null
  }

  async #sync(joined: Joined): Promise<GroupPartition[]> {
    const { groupId, groupInstanceId } = this.#host.settings
    const { generationId, memberId } = joined
    this.#share = joined.leader === memberId ? new ShareOut(this.#host, joined) : undefined
    // A user's assignor may take its time.
    this.#heart.start({ memberId, generation: generationId })
    const { signal } = this.#ending
    if (joined.skipAssignment) await this.#share?.watch(signal)
    const share = joined.skipAssignment ? undefined : this.#share
    const assignments = (await share?.assignments(joined.protocolName ?? '', signal)) ?? []
    this.#heart.stop()
    const body = {
      ...{ groupId, generationId, memberId, groupInstanceId: groupInstanceId ?? null, assignments },
      ...{ protocolType: PROTOCOL_TYPE, protocolName: joined.protocolName },
    }
    const timeoutMs = Math.max(this.#host.cluster.host.options.requestTimeoutMs, this.#host.settings.maxPollIntervalMs)
    const { body: answer } = await this.#request('SyncGroup', body, { timeoutMs, requestTimeoutMs: timeoutMs })
    if (answer.errorCode !== 0) throw groupError(answer.errorCode, `SyncGroup to group '${groupId}'`)
    return decodeAssignment(answer.assignment)
  }

  /** After joining: what is gone goes first; then it can be given to others, which takes another round. */
  async #take(assigned: readonly GroupPartition[]): Promise<void> {
    const now = new Set(assigned.map(groupKey))
    const { groupInstanceId } = this.#host.settings
    this.#host.tell({
      tell: 'identity',
      identity: { memberId: this.#memberId, epoch: this.#generation, groupInstanceId },
    })
    const gone = this.#owned.filter((one) => !now.has(groupKey(one)))
    if (gone.length > 0) {
      await this.#revoke(gone)
      this.rejoin('partitions were given up')
    }
    const had = new Set(this.#owned.map(groupKey))
    const added = assigned.filter((one) => !had.has(groupKey(one)))
    if (this.#lost !== undefined || added.length === 0) return
    this.#owned = [...this.#owned, ...added]
    await this.#host.ask({ ask: 'assign', partitions: added })
  }

  async #revoke(gone: readonly GroupPartition[]): Promise<void> {
    if (gone.length === 0) return
    await this.#host.ask({ ask: 'revoke', partitions: [...gone] })
    const keys = new Set(gone.map(groupKey))
    this.#owned = this.#owned.filter((one) => !keys.has(groupKey(one)))
  }

  async #lose(): Promise<void> {
    const reason = this.#lost!
    const partitions = this.#owned
    this.#lost = undefined
    this.#owned = []
    this.#host.tell({ tell: 'identity', identity: undefined })
    if (partitions.length > 0) await this.#host.ask({ ask: 'lost', partitions, reason })
  }

  // --- what may happen at any time --------------------------------------------------------------------------------

  /** The group goes on without this member. Its id is still good when only the generation is not. */
  #reset(error: MillraceError): void {
    this.#heart.stop()
    if (error.kafkaCode !== ErrorCode.ILLEGAL_GENERATION) this.#memberId = ''
    this.#generation = NO_GENERATION
    this.#lost ??= error.message
    this.rejoin('the group did not know this member any more')
  }

  /** User code is stuck: partitions go to members that work. Static ones may be restarted just now (KIP-345). */
  #expired(): void {
    const { groupInstanceId, sessionTimeoutMs } = this.#host.settings
    const memberId = this.#memberId
    const why = this.#watch.reason
    this.#stuck = true
    this.#lost ??= why
    this.#generation = NO_GENERATION
    if (groupInstanceId === undefined) {
      this.#memberId = ''
      this.#leave(memberId, why, sessionTimeoutMs).catch(() => {})
    }
    this.rejoin(why)
  }

  async #waitForProgress(): Promise<void> {
    const lost = this.#lose()
    await this.#watch.unstuck(this.#wake, this.#ending.signal)
    this.#stuck = false
    await lost
  }

  #watchTopics(): void {
    const { cluster } = this.#host
    // Asks for metadata when it is old, and each time for topics that are not there yet.
    for (const topic of this.#share?.topics ?? []) cluster.leaderOf(topic, 0)
    if (this.#share?.outdated) this.rejoin('topics of the group changed')
  }

  #fail(error: Error): void {
    this.close()
    this.#host.tell({ tell: 'failed', error: toWire(error) })
  }

  async #leave(memberId: string, reason: string, timeoutMs: number): Promise<void> {
    const { requester, settings } = this.#host
    const { groupId, groupInstanceId = null } = settings
    const body = (version: number) =>
      version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId, groupInstanceId, reason }] }
    const target = { coordinator: 'group', key: groupId } as const
    // Not on the member's own connection: a JoinGroup may be waiting there.
    const { body: answer } = await requester.request(target, 'LeaveGroup', body, { timeoutMs })
    const code = answer.errorCode !== 0 ? answer.errorCode : (answer.members[0]?.errorCode ?? 0)
    if (code !== 0 && code !== ErrorCode.UNKNOWN_MEMBER_ID) throw groupError(code, `LeaveGroup to group '${groupId}'`)
  }

  #request<A extends 'JoinGroup' | 'SyncGroup'>(
    api: A,
    body: RequestInput<A>,
    bounds: { timeoutMs: number; requestTimeoutMs: number; minVersion?: number },
  ) {
    const { requester, settings, role } = this.#host
    const { signal } = this.#ending
    return requester.request<A>({ coordinator: 'group', key: settings.groupId }, api, body, { ...bounds, role, signal })
  }

  async #pause(delayMs: number): Promise<void> {
    const { clock } = this.#host.cluster.host
    const until = clock.now() + delayMs
    while (clock.now() < until && !this.#ending.signal.aborted) await this.#wake.wait(until - clock.now())
  }
}
