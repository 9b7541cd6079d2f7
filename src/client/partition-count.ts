// How many partitions a topic has, for whoever follows all of them. [main thread]
import type { Engine } from '../engine/engine.ts'

/** How it is found out. */
export interface PartitionCountPlan {
  engine(): Promise<Engine>
  topic: string
  /** How often the brokers are asked. */
  everyMs: number
  timeoutMs: number
}

/** Asks now and then; whoever looks never waits for an answer. */
export class PartitionCount {
  readonly #plan: PartitionCountPlan
  #latest = 0
  #askedMs: number | undefined

  constructor(plan: PartitionCountPlan) {
    this.#plan = plan
  }

  /** As far as is known; 0 before the first answer, which is asked for `everyMs` after the first look. */
  async latest(): Promise<number> {
    const { topic, everyMs, timeoutMs } = this.#plan
    const engine = await this.#plan.engine()
    const nowMs = engine.clock.now()
    this.#askedMs ??= nowMs
    if (nowMs - this.#askedMs >= everyMs) {
      this.#askedMs = nowMs
      engine.call({ op: 'topics', topics: [topic], fresh: true }, { timeoutMs }).then(
        ([found]) => {
          this.#latest = found?.partitions ?? 0
        },
        // What fails is asked again at the next turn.
        () => undefined,
      )
    }
    return this.#latest
  }
}
