// Clients in turns on the same task: one warm-up round, then as many as are asked for. [bench]
import type { Measured, Rival, Setting } from './rivals/rival.ts'

/** All runs of one client on one task. */
export interface ContestResult {
  codec: string
  client: string
  note: string
  runs: Measured[]
  /** Why there are no runs, or not all. */
  failed?: string
}

/** A client and what became of it. */
export interface Contestant<S extends Setting, R extends ContestResult> {
  rival: Rival<S>
  result: R
}

/** Brings what the clients need; the reasons of those that cannot run here. */
export async function prepareAll<S extends Setting>(rivals: readonly Rival<S>[]): Promise<Map<Rival<S>, string>> {
  const missing = new Map<Rival<S>, string>()
  for (const rival of rivals) {
    await rival.prepare?.().catch((error: Error) => missing.set(rival, error.message))
  }
  return missing
}

/** Every round runs all clients, starting with another one; one client's trouble costs its own figures only. */
export async function inTurns<S extends Setting, R extends ContestResult>(
  task: string,
  contestants: readonly Contestant<S, R>[],
  runs: number,
  once: (rival: Rival<S>, result: R) => Promise<Measured>,
): Promise<void> {
  for (let round = 0; round <= runs; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const { rival, result } = contestants[(i + round) % contestants.length]!
      if (result.failed !== undefined) continue
      try {
        const measured = await once(rival, result)
        const rate = Math.round(measured.records / measured.seconds / 1000)
        console.error(`${task} round ${round}: ${rival.name} ${rate} k records/s`)
        if (round > 0) result.runs.push(measured)
      } catch (error) {
        result.failed = (error as Error).message
        console.error(`${task} round ${round}: ${result.failed}`)
      }
    }
  }
}
