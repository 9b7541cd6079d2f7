// What comes after a failed attempt, and how an attempt ends in time. [test process]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { attempt, errorPolicy, nextStep, type OnError } from '../../src/delivery/attempts.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { seed } from '../support/seed.ts'

const random = { next: () => 0.5 }
const boom = new Error('boom')

/** The steps after attempts 1, 2, … until one is not 'retry'. */
function steps(onError: OnError, error: unknown = boom) {
  const policy = errorPolicy(onError)
  const taken: unknown[] = []
  for (let number = 1; number < 50; number++) {
    const step = nextStep(policy, number, error, random)
    taken.push(step.do === 'retry' ? step.afterMs : step.do)
    if (step.do !== 'retry') return taken
  }
  return taken
}

describe('after a failure', () => {
  it("'fail' and 'skip' do so at once", () => {
    expect(steps('fail')).toEqual(['fail'])
    expect(steps('skip')).toEqual(['skip'])
  })

  it('retries wait longer and longer, up to a limit, and end in a failure', () => {
    expect(steps({})).toEqual([1000, 2000, 4000, 'fail'])
    expect(steps({ retries: 5, backoffMs: 10, factor: 3, maxBackoffMs: 100 })).toEqual([10, 30, 90, 100, 100, 'fail'])
  })

  it('with a dead letter they end there', () => {
    expect(steps({ retries: 1, backoffMs: 0, deadLetter: 'dlq' })).toEqual([0, 'deadLetter'])
    expect(nextStep(errorPolicy({ retries: 0, deadLetter: 'dlq' }), 1, boom, random)).toEqual({
      do: 'deadLetter',
      topic: 'dlq',
    })
  })

  it('an error that says it is not retriable is not retried', () => {
    const useless = Object.assign(new Error('bad data'), { retriable: false })
    expect(steps({ retries: 9 }, useless)).toEqual(['fail'])
    expect(steps({ retries: 9, deadLetter: 'dlq' }, useless)).toEqual(['deadLetter'])
    expect(steps({ retries: 1 }, { retriable: true })).toEqual([1000, 'fail'])
    for (const thrown of [undefined, null, 'text', 5]) expect(steps({ retries: 1 }, thrown)).toEqual([1000, 'fail'])
  })

  it('waits are spread by the jitter and never beyond the limit', () => {
    const dice = seededRandom(seed)
    const policy = errorPolicy({ retries: 100, backoffMs: 100, jitter: 0.5, maxBackoffMs: 400 })
    const waits = Array.from({ length: 90 }, (_, i) => nextStep(policy, 1 + (i % 3), boom, dice))
    for (const [i, step] of waits.entries()) {
      const base = 100 * 2 ** (i % 3)
      expect(step, `seed ${seed}`).toMatchObject({ do: 'retry' })
      const { afterMs } = step as { afterMs: number }
      expect(afterMs, `seed ${seed}`).toBeGreaterThanOrEqual(base / 2)
      expect(afterMs, `seed ${seed}`).toBeLessThanOrEqual(Math.min(400, base * 1.5))
    }
  })

  it.each([
    [{ retries: -1 }, /retries/],
    [{ backoffMs: Number.NaN }, /backoffMs/],
    [{ factor: 0.5 }, /factor/],
    [{ jitter: 2 }, /jitter/],
    [{ deadLetter: '' }, /deadLetter/],
    [{ retry: 3 }, /has no retry/],
    ['ignore', /'fail', 'skip'/],
    [null, /'fail', 'skip'/],
  ])('refuses %j', (given, message) => {
    expect(() => errorPolicy(given as OnError)).toThrow(message)
  })
})

describe('an attempt', () => {
  const forever = new AbortController().signal
  const world = () => new VirtualClock({ random: seededRandom(1) })
  const sleep = (clock: VirtualClock, ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve))

  it('settles as the handler does, in time', async () => {
    const clock = world()
    await clock.until(
      attempt(() => sleep(clock, 90), { clock, timeoutMs: 100, signal: forever }),
      1000,
    )
    const failing = attempt(() => Promise.reject(boom), { clock, timeoutMs: 100, signal: forever })
    await expect(clock.until(failing, 1000)).rejects.toBe(boom)
    const throwing = attempt(
      () => {
        throw boom
      },
      { clock, timeoutMs: 100, signal: forever },
    )
    await expect(clock.until(throwing, 1000)).rejects.toBe(boom)
  })

  it('that takes too long is told by its signal, and is worth another when it ended', async () => {
    const clock = world()
    const heeding = (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const heeded = attempt(heeding, { clock, timeoutMs: 100, signal: forever })
    await expect(clock.until(heeded, 1000)).rejects.toMatchObject({ code: 'HANDLER_TIMED_OUT', retriable: true })
    expect(clock.now()).toBe(100)
    const deaf = attempt(() => sleep(clock, 150), { clock, timeoutMs: 100, signal: forever })
    await expect(clock.until(deaf, 1000)).rejects.toMatchObject({ code: 'HANDLER_TIMED_OUT', retriable: true })
    expect(clock.now()).toBe(250)
  })

  it('that never ends is given up, and is not worth another: two must not run at once', async () => {
    const clock = world()
    const stuck = attempt(() => new Promise(() => {}), { clock, timeoutMs: 100, signal: forever })
    await expect(clock.until(stuck, 1000)).rejects.toMatchObject({ code: 'HANDLER_TIMED_OUT', retriable: false })
    expect(clock.now()).toBe(200)
  })

  it("hands the runner's signal on", async () => {
    const clock = world()
    const stop = new AbortController()
    let reason: unknown
    const running = attempt((signal) => sleep(clock, 50).then(() => (reason = signal.reason)), {
      clock,
      timeoutMs: 100,
      signal: stop.signal,
    })
    stop.abort('closing')
    await clock.until(running, 1000)
    expect(reason).toBe('closing')
  })
})
