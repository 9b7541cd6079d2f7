// How a command ends: 0, 1 with one line on stderr, 2 for a wrong call; and how Ctrl-C ends it early. [main thread]
import { InvalidOption, MillraceError } from '../base/errors.ts'
import { UsageError } from './usage-error.ts'

/** The exit codes of every command. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, killed: 130 } as const

/** One line that says what went wrong. */
export function failureLine(error: unknown): string {
  const line = (text: string) => text.trim().replace(/\s*\n\s*/g, ' ')
  if (error instanceof MillraceError) return line(`millrace: ${error.name}: ${error.message}`)
  return line(`millrace: ${error instanceof Error ? error.message : String(error)}`)
}

/** 2 when the call was wrong, else 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError || error instanceof InvalidOption ? ExitCode.usage : ExitCode.failed
}

/** Whether the reader of our output went away, as `head` does: nothing is wrong, and nobody is left to tell. */
export function isBrokenPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EPIPE'
}

/** npm and timeout(1) pass a signal on that the terminal sends to us as well: twice so quickly is once. */
const TWICE_MS = 500

/** Runs `stop` on the first SIGINT or SIGTERM, so that what is in flight is finished; another one, later, kills. */
export function onInterrupt(stop: () => void): () => void {
  let askedAt: number | undefined
  const interrupt = () => {
    if (askedAt !== undefined && performance.now() - askedAt > TWICE_MS) process.exit(ExitCode.killed)
    if (askedAt !== undefined) return
    askedAt = performance.now()
    stop()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return () => {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
