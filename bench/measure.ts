// Runs one program once and says what it took, by the operating system's own accounting. [bench]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Command, Measured, Rival, Setting } from './rivals/rival.ts'

/** Longer than any honest run; a program that hangs is ended. */
const LIMIT_MS = 300_000

/** What a program printed and took, its whole life long. */
export interface Ran {
  stdout: string
  wallSeconds: number
  cpuSeconds: number
  rssMiB: number
}

/** Runs a program in a process group of its own. Throws with what it said when it fails or takes too long. */
export async function run({ file, args, env }: Command): Promise<Ran> {
  const child = spawn('/usr/bin/time', ['-f', '\n%e %U %S %M', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  // The program too, not only `time`, which started it.
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
  const limit = setTimeout(end, LIMIT_MS)
  process.once('exit', end)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    if (status !== 0) throw new Error(`${file} failed (${status ?? 'ended after 5 minutes'}): ${stdout}\n${stderr}`)
  } finally {
    clearTimeout(limit)
    process.off('exit', end)
  }
  const figures = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  const [wallSeconds, user, system, rssKiB] = figures as [number, number, number, number]
  return { stdout, wallSeconds, cpuSeconds: user + system, rssMiB: rssKiB / 1024 }
}

/** One run of one client, which must have read or written all that it was asked for. */
export async function measure<S extends Setting>(rival: Rival<S>, setting: S): Promise<Measured> {
  const { stdout, wallSeconds, cpuSeconds, rssMiB } = await run(rival.command(setting))
  const { records, seconds, touched } = rival.parse(stdout, wallSeconds)
  const done = Number.isNaN(records) ? setting.records : records
  if (done < setting.records) throw new Error(`${rival.name} did ${done} of ${setting.records} records`)
  return { records: done, seconds, cpuSeconds, rssMiB, touched }
}
