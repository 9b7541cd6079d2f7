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

/** A time stamp in 32 bits: the difference of two is right across a wrap, for half an hour. */
export const microseconds = (clock: Clock): number => (clock.now() * 1000) | 0

/** The clock of the machine. A pending timer keeps the process up. */
export const systemClock: Clock = clockOf((handle) => handle)

/** The same clock for work behind the scenes: its timers let the process end. */
export const backgroundClock: Clock = clockOf((handle) => handle.unref())

function clockOf(prepare: (handle: NodeJS.Timeout) => NodeJS.Timeout): Clock {
  return {
    // With its origin, so that stamps of different threads can be compared.
    now: () => performance.timeOrigin + performance.now(),
    wall: () => Date.now(),
    after(delayMs, callback) {
      // A longer delay would overflow to 1 ms in Node; nothing in millrace waits 24 days.
      const handle = prepare(setTimeout(callback, Math.min(Math.max(0, delayMs), 0x7fffffff)))
      return { cancel: () => clearTimeout(handle) }
    },
  }
}
