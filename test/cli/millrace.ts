// Runs the command line from source, as a process of its own. [test process]
import { spawn } from 'node:child_process'
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
  /** Called with the first bytes on stdout. */
  onOutput?: (kill: (signal: NodeJS.Signals) => void, first: string) => void
  /** Closes stdout after the first bytes, as `head` does. */
  closeStdout?: boolean
}

/** Runs `millrace` with these arguments until it ends. Nothing of the caller's environment configures it. */
export function millrace(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(MILLRACE|KAFKA)_/.test(name))
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1', ...options.env }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stderr.on('data', (piece: Buffer) => err.push(piece))
  child.stdout.on('data', (piece: Buffer) => {
    out.push(piece)
    if (out.length > 1) return
    options.onOutput?.((signal) => child.kill(signal), piece.toString('utf8'))
    if (options.closeStdout === true) child.stdout.destroy()
  })
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
