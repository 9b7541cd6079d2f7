// Compares two files as sets of lines, millions of them, by the system's sort and cmp. [test processes]
import { spawn } from 'node:child_process'

/** Undefined when both files hold the same lines, in whatever order; otherwise the first differences. */
export async function lineDifferences(ours: string, theirs: string): Promise<string | undefined> {
  for (const file of [ours, theirs]) {
    const { status, output } = await run('sort', ['-o', `${file}.sorted`, file])
    if (status !== 0) throw new Error(`sort failed: ${output}`)
  }
  const { status } = await run('cmp', ['-s', `${ours}.sorted`, `${theirs}.sorted`])
  if (status === 0) return undefined
  const { output } = await run('sh', [
    '-c',
    'diff "$0" "$1" | cut -c1-200 | head -n 20',
    `${ours}.sorted`,
    `${theirs}.sorted`,
  ])
  return `< ours, > Kafka's\n${output}`
}

function run(command: string, args: string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk
      })
    }
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}
