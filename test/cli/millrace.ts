// Runs the command line from source, as a process of its own. [test process]
import { spawn } from 'node:child_process'
import { Readable, type Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What a finished process left. */
export interface Finished {
  code: number | null
  stdout: Buffer
  stderr: string
  /** The lines of stdout, without the last line end. */
  lines: string[]
}

/** How to run it. */
export interface RunOptions {
  env?: Record<string, string>
  /** What it reads; default nothing. */
  stdin?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Called with the first bytes on stdout. */
  onOutput?: (kill: (signal: NodeJS.Signals) => void, first: string) => void
  /** Interrupts it once this is true. */
  interruptWhen?: () => Promise<boolean>
  /** Closes stdout after the first bytes, as `head` does. */
  closeStdout?: boolean
}

/** Runs `millrace` with these arguments until it ends. Nothing of the caller's environment configures it. */
export function millrace(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(MILLRACE|KAFKA)_/.test(name))
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...options.env }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  feed(child.stdin, options.stdin ?? '')
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stderr.on('data', (piece: Buffer) => err.push(piece))
  child.stdout.on('data', (piece: Buffer) => {
    out.push(piece)
    if (out.length > 1) return
    options.onOutput?.((signal) => child.kill(signal), piece.toString('utf8'))
    if (options.closeStdout === true) child.stdout.destroy()
  })
  const { interruptWhen } = options
  if (interruptWhen !== undefined) void when(interruptWhen).then(() => child.kill('SIGINT'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const stdout = Buffer.concat(out)
      const text = stdout.toString('utf8')
      const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
      resolve({ code, stdout, stderr: Buffer.concat(err).toString('utf8'), lines })
    })
  })
}

/** Writes it all and closes; a command that reads no more is none of our business. */
function feed(stdin: Writable, given: NonNullable<RunOptions['stdin']>): void {
  stdin.on('error', () => {})
  if (typeof given === 'string' || given instanceof Uint8Array) stdin.end(given)
  else Readable.from(given).pipe(stdin)
}

async function when(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}
