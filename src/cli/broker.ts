// `millrace broker`: the embedded broker as a server of its own. [main thread]
import { readFileSync } from 'node:fs'
import { onInterrupt } from './exit.ts'
import { UsageError } from './usage-error.ts'

/** The flags of `broker`. */
export interface BrokerFlags {
  listen: string
  seed?: string[]
  partitions: number
}

/** Records handed to the broker at once: their list is garbage before the next one is made. */
const SEED_CHUNK = 50_000

/** Runs until SIGINT or SIGTERM. The first line on stdout is the address. */
export async function broker(flags: BrokerFlags): Promise<void> {
  const { host, port } = parseListen(flags.listen)
  const seeds = (flags.seed ?? []).map(parseSeed)
  const { Broker } = await import('../broker/index.ts')
  const served = await Broker.start({ host, port, partitions: flags.partitions, autoCreateTopics: true })
  try {
    for (const { topic, file } of seeds) {
      for (const lines of chunks(readLines(file), SEED_CHUNK)) await served.seed(topic, lines)
    }
    process.stdout.write(`${served.address}\n`)
    if (process.stderr.isTTY === true) process.stderr.write(`Listening. Ctrl-C ends it, and its records with it.\n`)
    await new Promise<void>((resolve) => onInterrupt(resolve))
  } finally {
    await served.close()
  }
}

/** Reads `HOST:PORT`, `[::1]:PORT`, `:PORT` or `PORT`; port 0 takes a free one. */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:(?:\[([^\]]+)\]|([^:\s]*)):)?(\d{1,5})$/.exec(text.trim())
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new UsageError(`--listen must be HOST:PORT, not '${text}'.`)
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port }
}

function parseSeed(text: string): { topic: string; file: string } {
  const equals = text.indexOf('=')
  if (equals < 1 || equals === text.length - 1) throw new UsageError(`--seed must be TOPIC=FILE, not '${text}'.`)
  return { topic: text.slice(0, equals), file: text.slice(equals + 1) }
}

/** The lines of a file as bytes, without their line ends; the last one needs none. */
function* readLines(file: string): Generator<Buffer> {
  const bytes = readFileSync(file)
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = []
  for (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
