// Time, as every role sees it: one of the four seams between the roles and the world. [pure: any thread]

/** A pending timer. */
export interface Timer {
  cancel(): void
}

/** Monotonic time and timers. Roles never call Date.now or setTimeout themselves. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number
  /** Milliseconds since the epoch, for timestamps. */
  wall(): number
  /** Calls back once, no earlier than `delayMs` from now. */
  after(delayMs: number, callback: () => void): Timer
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, callback) {
    // A longer delay would overflow to 1 ms in Node; nothing in millrace waits 24 days.
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), 0x7fffffff))
    return { cancel: () => clearTimeout(handle) }
  },
}
