// A wait that ends in time, whatever it waits for. [pure: any thread]
import type { Clock } from './clock.ts'

/** Waits for the end of some work, at most so long: then false, and it goes on by itself. Rejects as the work does. */
export async function atMost(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let over = () => {}
  const late = new Promise<boolean>((resolve) => {
    over = () => resolve(false)
  })
  const timer = clock.after(limitMs, () => over())
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    timer.cancel()
  }
}
