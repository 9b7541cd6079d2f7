// What main was asked and has not answered yet, each bounded: a rebalance goes on without the answer. [I/O thread]
import type { Clock, Timer } from '../../base/clock.ts'
import type { GroupCommand, GroupEvent, GroupQuestion } from '../../control/grouping.ts'

/** An answer of main. */
export type Answered = Omit<Extract<GroupCommand, { do: 'done' }>, 'do' | 'id'>

interface Open {
  resolve(answer: Answered | undefined): void
  timer: Timer
}

/** Questions of one consumer. */
export class Questions {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #post: (event: GroupEvent) => void
  readonly #open = new Map<number, Open>()
  #nextId = 1

  constructor(clock: Clock, limitMs: number, post: (event: GroupEvent) => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#post = post
  }

  ask(question: GroupQuestion): Promise<Answered | undefined> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#limitMs, () => this.answered(id, undefined))
      this.#open.set(id, { resolve, timer })
      this.#post({ ...question, id })
    })
  }

  /** A late answer finds nobody. */
  answered(id: number, answer: Answered | undefined): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.timer.cancel()
    open?.resolve(answer)
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.answered(id, undefined)
  }
}
