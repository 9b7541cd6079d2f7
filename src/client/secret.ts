// A value that must never be printed: passwords, private keys, tokens. [pure: any thread]
import { inspect } from 'node:util'

const REDACTED = '[redacted]'

/** Holds a value and shows `[redacted]` wherever it is printed, logged or turned into JSON. */
export class Secret<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The value itself: call this only where it goes on the wire. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}
