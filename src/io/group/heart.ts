// Beats for a member of a classic group, and sees to it that user code makes progress. [I/O thread]
import type { Timer } from '../../base/clock.ts'
import { groupError, remedyFor } from './group-error.ts'
import type { MembershipHost } from './membership.ts'
import type { ProgressWatch } from './progress-watch.ts'

/** Whom the heart beats for. */
export interface HeartOwner {
  memberId: string
  generation: number
}

/** What comes of heartbeats. */
export interface HeartEvents {
  rejoin(reason: string): void
  /** The group does not know the member any more. */
  reset(error: Error): void
  fatal(error: Error): void
  /** User code made no progress for `maxPollIntervalMs`. */
  expired(): void
  /** Time to look after other things. */
  beat(): void
}

/** Beats from `start` to `stop`. */
export class Heart {
  readonly #host: MembershipHost
  readonly #watch: ProgressWatch
  readonly #events: HeartEvents
  #owner: HeartOwner | undefined
  #timer: Timer | undefined
  #nextBeatMs = 0
  #beating = false

  constructor(host: MembershipHost, watch: ProgressWatch, events: HeartEvents) {
    this.#host = host
    this.#watch = watch
    this.#events = events
  }

  /** Beats for this member of this generation. */
  start(owner: HeartOwner): void {
    this.stop()
    this.#owner = owner
    this.#nextBeatMs = this.#clock.now() + this.#host.settings.heartbeatIntervalMs
    this.#schedule()
  }

  stop(): void {
    this.#owner = undefined
    this.#timer?.cancel()
    this.#timer = undefined
  }

  get #clock() {
    return this.#host.cluster.host.clock
  }

  #schedule(): void {
    const beatMs = this.#nextBeatMs - this.#clock.now()
    this.#timer = this.#clock.after(Math.min(beatMs, this.#watch.dueMs), () => this.#tick())
  }

  #tick(): void {
    const nowMs = this.#clock.now()
    if (this.#watch.stuck()) {
      this.stop()
      return this.#events.expired()
    }
    if (nowMs >= this.#nextBeatMs) {
      this.#nextBeatMs = nowMs + this.#host.settings.heartbeatIntervalMs
      // One that waits for a coordinator is not overtaken.
      if (!this.#beating) void this.#beat(this.#owner!)
      this.#events.beat()
    }
    if (this.#owner !== undefined) this.#schedule()
  }

  async #beat(owner: HeartOwner): Promise<void> {
    const { requester, settings, role, cluster } = this.#host
    const { groupId, groupInstanceId, sessionTimeoutMs } = settings
    this.#beating = true
    try {
      const body = {
        ...{ groupId, generationId: owner.generation, memberId: owner.memberId },
        groupInstanceId: groupInstanceId ?? null,
      }
      // An answer that does not come must not cost the session: another connection is tried in time.
      const requestTimeoutMs = Math.min(cluster.host.options.requestTimeoutMs, Math.ceil(sessionTimeoutMs / 3))
      const bounds = { role, timeoutMs: sessionTimeoutMs, requestTimeoutMs }
      const answer = await requester.request({ coordinator: 'group', key: groupId }, 'Heartbeat', body, bounds)
      const { errorCode } = answer.body
      if (errorCode !== 0) throw groupError(errorCode, `Heartbeat to group '${groupId}'`)
    } catch (error) {
      if (this.#owner === owner) this.#failed(error as Error)
    } finally {
      this.#beating = false
    }
  }

  #failed(error: Error): void {
    const remedy = remedyFor(error)
    if (remedy === 'rejoin') this.#events.rejoin('the group rebalances')
    else if (remedy === 'reset') this.#events.reset(error)
    else if (remedy === 'fatal') this.#events.fatal(error)
  }
}
