// Randomness, as every role sees it: seeded in the simulation, so that a failure is a seed. [pure: any thread]

/** A source of random numbers. Roles never call Math.random or randomUUID themselves. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}

/** The randomness of the machine: good for jitter and ids, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() }

/** A small seeded generator (mulberry32): the same seed gives the same numbers. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = state
      mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000
    },
  }
}

/** 16 random bytes marked as a version 4 UUID. */
export function randomUuid(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random.next() * 256))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes
}
