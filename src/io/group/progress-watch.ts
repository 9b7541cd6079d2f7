// Watches the progress of user code for a membership that must not outlive a handler that is stuck. [I/O thread]
import type { MembershipHost } from './membership.ts'
import type { Wake } from './wake.ts'

/** The part of `maxPollIntervalMs` after which a handler that is still running is warned of. */
const WARN_AT = 0.8
/** How often a member that left because user code was stuck looks whether it still is. */
const STUCK_LOOK_MS = 500

/** Looked at whenever its time has come, by heartbeats that go on while user code is busy. */
export class ProgressWatch {
  readonly #host: MembershipHost
  readonly #warnAtMs: number
  /** This stall was told of. */
  #warned = false

  constructor(host: MembershipHost) {
    this.#host = host
    this.#warnAtMs = Math.ceil(host.settings.maxPollIntervalMs * WARN_AT)
  }

  /** After this long at the latest it is to be looked at again. */
  get dueMs(): number {
    const ageMs = this.#ageMs
    const nextMs = ageMs < this.#warnAtMs ? this.#warnAtMs : this.#host.settings.maxPollIntervalMs + 1
    return Math.max(0, nextMs - ageMs)
  }

  /** User code made no progress for more than `maxPollIntervalMs`. Warns, once a stall, when that is near. */
  stuck(): boolean {
    const ageMs = this.#ageMs
    const { groupId, groupInstanceId, maxPollIntervalMs } = this.#host.settings
    const warn = ageMs >= this.#warnAtMs && !this.#warned
    this.#warned = ageMs >= this.#warnAtMs
    if (warn) {
      const event = { groupId, groupInstanceId, stalledMs: ageMs, maxPollIntervalMs }
      this.#host.cluster.host.onEvent?.({ type: 'stalled', ...event })
    }
    return ageMs > maxPollIntervalMs
  }

  /** Why a member that is stuck leaves. */
  get reason(): string {
    return `nothing was processed for more than maxPollIntervalMs (${this.#host.settings.maxPollIntervalMs} ms)`
  }

  /** Resolves when user code goes on, or the membership ends. */
  async unstuck(wake: Wake, ending: AbortSignal): Promise<void> {
    while (this.stuck() && !ending.aborted) await wake.wait(STUCK_LOOK_MS)
  }

  get #ageMs(): number {
    return this.#host.progress.ageMs(this.#host.cluster.host.clock.now())
  }
}
