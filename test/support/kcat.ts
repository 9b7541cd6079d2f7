// kcat, a client on librdkafka, as a judge of what the embedded broker serves (apt-get install kcat).
import { spawn, spawnSync } from 'node:child_process'

/** Why kcat cannot run on this machine; undefined when it can. */
export function kcatUnavailable(): string | undefined {
  found ??= spawnSync('kcat', ['-V']).error === undefined
  return found ? undefined : 'kcat is not installed (apt-get install kcat)'
}
let found: boolean | undefined

/** What kcat printed and how it ended. */
export interface KcatResult {
  stdout: string
  stderr: string
  status: number | null
}

/** Runs kcat against a broker; ended after `timeoutMs` (default 30000). */
export function kcat(
  address: string,
  args: readonly string[],
  { stdin = '', timeoutMs = 30_000 }: { stdin?: string; timeoutMs?: number } = {},
): Promise<KcatResult> {
  const child = spawn('kcat', ['-b', address, ...args], { stdio: 'pipe', timeout: timeoutMs })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {}) // kcat may end without reading
  child.stdin.end(stdin)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) =>
      resolve({ stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), status }),
    )
  })
}
