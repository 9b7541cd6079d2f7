// Main's end of the memberships that the I/O thread keeps: commands there, events back. [main thread]
import { type MillraceError, toWire } from '../base/errors.ts'
import type { Call, ToIo, ToMain } from '../control/commands.ts'
import type { GroupCommand, GroupEvent, GroupSettings } from '../control/grouping.ts'
import type { CallLimits } from './calls.ts'

/** One membership. */
export interface GroupHandle {
  post(command: Exclude<GroupCommand, { do: 'open' | 'close' }>): void
  /** Leaves the group; a static member is expected back, unless `permanently`. */
  leave(permanently: boolean, timeoutMs: number): Promise<void>
  /** Nothing more is told. */
  close(): void
}

/** What the engine does for them. */
export interface GroupsPlan {
  post(message: ToIo): void
  call(call: Extract<Call, { op: 'leaveGroup' }>, limits: CallLimits): Promise<undefined>
}

/** All memberships of an engine. */
export class Groups {
  readonly #plan: GroupsPlan
  readonly #handlers = new Map<number, (event: GroupEvent) => void>()
  #nextConsumer = 1

  constructor(plan: GroupsPlan) {
    this.#plan = plan
  }

  /** Opens a membership, which begins with its first subscription. */
  open(settings: GroupSettings, handle: (event: GroupEvent) => void): GroupHandle {
    const consumer = this.#nextConsumer++
    const post = (command: GroupCommand) => this.#plan.post({ type: 'group', consumer, command })
    this.#handlers.set(consumer, handle)
    post({ do: 'open', settings })
    return {
      post,
      leave: (permanently, timeoutMs) => this.#plan.call({ op: 'leaveGroup', consumer, permanently }, { timeoutMs }),
      close: () => {
        this.#handlers.delete(consumer)
        post({ do: 'close' })
      },
    }
  }

  /** The I/O thread tells of one of them. */
  event({ consumer, event }: Extract<ToMain, { type: 'group' }>): void {
    this.#handlers.get(consumer)?.(event)
  }

  /** No membership is left. */
  died(error: MillraceError): void {
    for (const handle of [...this.#handlers.values()]) handle({ tell: 'failed', error: toWire(error) })
  }
}
