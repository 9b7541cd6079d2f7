// franz-go, the client to beat: a small Go program that reads without a group, and writes. [bench]
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ProduceRival, producerEnvironment } from './produce-rival.ts'
import { ALL_CODECS, parseJson, type Rival, readerEnvironment } from './rival.ts'

const source = fileURLToPath(new URL('./programs/franz-go/', import.meta.url))
const cache = fileURLToPath(new URL('../../node_modules/.cache/millrace/bench/', import.meta.url))
const program = `${cache}franz-go`

/** Builds the program. */
async function prepare(): Promise<void> {
  mkdirSync(cache, { recursive: true })
  // Always asked for: Go's own cache knows whether anything changed.
  const build = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8' })
  if (build.error) throw new Error(`no go on the PATH: ${build.error.message}`)
  if (build.status !== 0) throw new Error(`go build failed: ${build.stderr}`)
}

/** Time from `kgo.NewClient` to the last record. */
export const franzGo: Rival = {
  name: 'franz-go',
  note: 'CRC checked; no group; from NewClient to the last record',
  codecs: ALL_CODECS,
  prepare,
  command: (setting) => ({ file: program, args: [], env: readerEnvironment(setting) }),
  parse: parseJson,
}

/** Time from `kgo.NewClient` to the last acknowledgement. */
export const franzGoProducer: ProduceRival = {
  name: 'franz-go',
  note: 'linger 5 ms, batches of 1 MB, 500,000 records buffered; from NewClient to the last ack',
  codecs: ALL_CODECS,
  prepare,
  command: (setting) => ({ file: program, args: ['produce'], env: producerEnvironment(setting) }),
  parse: parseJson,
}
