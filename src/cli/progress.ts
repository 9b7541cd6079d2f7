// A progress bar on stderr for what takes long; nothing at all where stderr is no terminal. [main thread]
import { grouped } from './table.ts'

/** A bar that is told how far things are. */
export interface Progress {
  update(done: number): void
  stop(): void
}

/** A redraw more often than this is not seen, and costs the loop that reports. */
const REDRAW_MS = 66

/** Starts a bar. `total` undefined: only the count is shown. */
export async function startProgress(label: string, total: number): Promise<Progress> {
  if (process.stderr.isTTY !== true) return { update() {}, stop() {} }
  const { SingleBar } = (await import('cli-progress')).default
  const started = performance.now()
  const bar = new SingleBar({
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 32,
    format: (_options, { progress }, payload: { done: number; rate: number }) => {
      const filled = Math.round(progress * 32)
      const drawn = '█'.repeat(filled) + '░'.repeat(32 - filled)
      return `  ${label.padEnd(8)} ${drawn} ${grouped(payload.done)} of ${grouped(total)}  ${grouped(payload.rate)}/s`
    },
  })
  bar.start(total, 0, { done: 0, rate: 0 })
  let drawn = started
  return {
    update(done) {
      const now = performance.now()
      if (now - drawn < REDRAW_MS) return
      drawn = now
      bar.update(done, { done, rate: (done * 1000) / (now - started) })
    },
    stop: () => bar.stop(),
  }
}
