// Asks how long several ways of doing the same take, and prints the answers side by side. [bench]
import { Bench } from 'tinybench'

/** How long each way is tried; MILLRACE_BENCH_MS overrides it, for a look at whether a bench works at all. */
const TIME_MS = Number(process.env['MILLRACE_BENCH_MS'] ?? 1_000)

/** What a bench computed goes through here, so that no compiler may leave it out. */
export let sink: unknown
/** Keeps a result. */
export const keep = (value: unknown): void => void (sink = value)

/**
 * Times every way in turn and prints the time of a call at p50 and p99, `unit`s a second at p50, and how that stands
 * to the first way. Every call does `perCall` units. A way that takes its time is an `async` function.
 */
export async function ask(
  question: string,
  ways: Record<string, () => void | Promise<void>>,
  { unit, perCall }: { unit: string; perCall: number },
): Promise<void> {
  const bench = new Bench({ time: TIME_MS, warmupTime: TIME_MS / 4, throws: true, subtractTimerOverhead: true })
  for (const [name, way] of Object.entries(ways)) {
    // Left to itself tinybench finds out by a call that it does not await.
    bench.add(name, way, { async: way.constructor.name === 'AsyncFunction' })
  }
  await bench.run()
  console.log(`\nQuestion: ${question}`)
  let first: number | undefined
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed') throw new Error(`${name} is ${result.state}`)
    const { p50, p99 } = result.latency
    const rate = (perCall * 1000) / p50
    first ??= rate
    const times = `${(rate / first).toFixed(2)}x`
    console.log(
      `  ${name.padEnd(40)} p50 ${micros(p50)}  p99 ${micros(p99)}  ${thousands(rate)} ${unit}/s  ${times.padStart(7)}`,
    )
  }
}

const micros = (ms: number): string => `${(ms * 1000).toFixed(2).padStart(9)} us`

const thousands = (rate: number): string => {
  const [value, prefix] = rate >= 1e9 ? [rate / 1e9, 'G'] : rate >= 1e6 ? [rate / 1e6, 'M'] : [rate / 1e3, 'k']
  return `${value.toFixed(2).padStart(8)} ${prefix}`
}
