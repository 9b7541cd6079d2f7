// The command line of this checkout, run as a program. [test processes]
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** How a command ended. `stdout` is empty when it went to a file. */
export interface CliResult {
  status: number | null
  stdout: Buffer
  stderr: string
}

/** Runs `millrace`; `to` names a file for its standard output. Killed after `timeoutMs` (120000). */
export async function millrace(
  args: readonly string[],
  options: { to?: string; timeoutMs?: number; env?: Record<string, string> } = {},
): Promise<CliResult> {
  const file = options.to === undefined ? undefined : openSync(options.to, 'w')
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', file ?? 'pipe', 'pipe'],
  })
  if (file !== undefined) closeSync(file)
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000)
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    return { status, stdout: Buffer.concat(stdout), stderr }
  } finally {
    clearTimeout(timer)
  }
}
