// How long to wait before the next attempt: exponential, capped, with jitter (KIP-580). [pure: any thread]
import type { Random } from './random.ts'

/** The shape of a backoff. */
export interface BackoffShape {
  /** The wait after the first failure, before jitter. */
  baseMs: number
  /** No wait is longer than this, jitter included. */
  maxMs: number
  /** How much each wait grows over the one before; default 2, as KIP-580 has it. */
  factor?: number | undefined
  /** The wait is spread over plus and minus this share of itself; default 0.2, as KIP-580 has it. */
  jitter?: number | undefined
}

/** The wait in ms after failure number `attempt`, counted from 0: `baseMs * factor ** attempt`, spread, capped. */
export function backoff(attempt: number, shape: BackoffShape, random: Random): number {
  const { baseMs, maxMs, factor = 2, jitter = 0.2 } = shape
  // Past 1023 the power would be Infinity, and a base of 0 times that is NaN.
  const grown = baseMs * factor ** Math.min(Math.max(0, attempt), 64)
  const spread = 1 + jitter * (2 * random.next() - 1)
  return Math.min(maxMs, grown * spread)
}
