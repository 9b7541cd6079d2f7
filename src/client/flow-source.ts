// What a flow reads from: things that say of themselves whether they are processed. [main thread]

/** Where a flow begins. */
export interface FlowSource<T> {
  /**
   * The next one, undefined at the end and when the signal fires; called again when the call before has settled. It
   * marks nothing processed.
   */
  next(signal?: AbortSignal): Promise<Given<T> | undefined>
  /** Nothing more is asked for; also while a call of `next` is pending, which then settles whenever it does. */
  close(): Promise<void>
}

/** What becomes of one thing, told once. */
export interface Fate {
  /** It is processed. */
  done(): void
  /** User code stopped in the middle of it. */
  left(): void
  /** Nobody looked at it: whoever asks next gets it. */
  unread(): void
  /** Its place was sought away from, or given up: it is nobody's any more. */
  stale?(): boolean
}

/** One thing on its way. */
export class Given<T> {
  readonly value: T
  readonly #fate: Fate

  constructor(value: T, fate: Fate) {
    this.value = value
    this.#fate = fate
  }

  done(): void {
    this.#fate.done()
  }

  left(): void {
    this.#fate.left()
  }

  unread(): void {
    this.#fate.unread()
  }

  /** Whether it is nobody's any more. */
  get stale(): boolean {
    return this.#fate.stale?.() ?? false
  }

  /** Something that was made of it, and shares its fate. */
  as<U>(value: U): Given<U> {
    return new Given(value, this.#fate)
  }

  /** One of several things made of it: being done with that one says nothing about the whole. */
  part<U>(value: U): Given<U> {
    const left = () => this.#fate.left()
    return new Given(value, { done() {}, left, unread: left })
  }
}

/** The fate of something that is processed already, or has no offset. */
export const NO_FATE: Fate = { done() {}, left() {}, unread() {} }
