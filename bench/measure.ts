// Runs one program once and says what it took, by the operating system's own accounting. [bench]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Measured, Rival, Setting } from './rivals/rival.ts'

/** Longer than any honest run; a program that hangs is ended. */
const LIMIT_MS = 300_000

/** One run of one client. Throws with what the program said when it fails. */
export async function measure(rival: Rival, setting: Setting): Promise<Measured> {
  const { file, args, env } = rival.command(setting)
  const child = spawn('/usr/bin/time', ['-f', '\n%e %U %S %M', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`${rival.name} failed (${status}): ${stdout}\n${stderr}`)
  const [wall, user, system, rss] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number) as [
    number,
    number,
    number,
    number,
  ]
  const { records, seconds } = rival.parse(stdout, wall)
  const read = Number.isNaN(records) ? setting.records : records
  if (read < setting.records) throw new Error(`${rival.name} read ${read} of ${setting.records} records`)
  return { records: read, seconds, cpuSeconds: user + system, rssMiB: rss / 1024 }
}
