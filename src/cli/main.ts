#!/usr/bin/env node
// The command line: names, flags and help of the commands; what they do is loaded when one is called. [main thread]
import { createRequire } from 'node:module'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { addClientFlags, collect } from './client-options.ts'
import { ExitCode, exitCodeOf, failureLine, isBrokenPipe } from './exit.ts'
import { addProducerFlags, CODEC_FLAG } from './producer-flags.ts'

const version = (createRequire(import.meta.url)('../../package.json') as { version: string }).version

async function main(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', fail)
  try {
    await program().parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
    else fail(error)
  }
}

let failed = false

/** One line, once: a full disk is told by the stream and again by the command that wrote to it. */
function fail(error: unknown): void {
  // Somebody who closed our output (`| head`) has what he wanted, and the command ends when it notices.
  if (isBrokenPipe(error) || failed) return
  failed = true
  process.stderr.write(`${failureLine(error)}\n`)
  if (process.env['MILLRACE_DEBUG'] === 'true') console.error(error)
  process.exitCode = exitCodeOf(error)
}

function program(): Command {
  const root = new Command('millrace')
    .description('A Kafka client whose work does not happen on your event loop.')
    .version(version, '-v, --version')
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
  addDemo(root)
  addConsume(root)
  addProduce(root)
  addBroker(root)
  addBench(root)
  addDoctor(root)
  return root
}

function addDemo(root: Command): void {
  addClientFlags(root.command('demo'))
    .description('Fills a topic, reads it through the threads, and reports how fast.')
    .option('-n, --records <n>', 'how many records', whole(1), 1_000_000)
    .option('--json', 'the report as one JSON object')
    .action(async (flags) => (await import('./demo.ts')).demo(flags))
}

function addConsume(root: Command): void {
  addClientFlags(root.command('consume'))
    .description('Reads topics and prints their records.')
    .argument('<topic...>', 'the topics')
    .option('-f, --from <position>', 'earliest (default), latest, an offset, -N for the last N, or @ and a date')
    .option('-u, --until <when>', 'end: stop at the end seen at the start; never: go on')
    .option('-p, --partition <p>', 'only this partition; may be repeated', partitions)
    .option('-n, --number <n>', 'stop after so many records', whole(0))
    .option('-F, --format <format>', 'how a record is printed (default: %s\\n)')
    .option('--json', 'one JSON object a line')
    .option('-c, --count', 'print only how many records and bytes')
    .option('-g, --group <group>', 'read as a member of this group, from what it has committed')
    .option('-w, --workers <n>', 'format the records in so many threads', whole(1))
    .addHelpText('after', FORMAT_HELP)
    .action(async (topics, flags) => (await import('./consume.ts')).consume(topics, flags))
}

const FORMAT_HELP = `
Verbs of --format:
  %t topic   %p partition   %o offset   %T timestamp in ms
  %k key     %s value       %h headers  %% a percent sign   \\n \\t

Examples:
  millrace consume events --brokers localhost:9092 --until end --format '%p %o %s\\n'
  millrace consume events --brokers localhost:9092 --from -10 --json
  millrace consume events --brokers localhost:9092 --from @2026-01-31T12:00Z -n 100
`

function addProduce(root: Command): void {
  const command = addClientFlags(root.command('produce'))
    .description('Makes a record of each line on stdin.')
    .argument('<topic>', 'the topic')
    .option('-K, --key-delimiter <text>', 'what stands before it in a line is the key; \\t is a tab')
    .option('-p, --partition <p>', 'all into this partition; default: by the key, or wherever there is room', whole(0))
  addProducerFlags(command, '-z, --compression <codec>')
    .option('--json', 'the summary as one JSON object on stdout')
    .addHelpText('after', PRODUCE_HELP)
    .action(async (topic, flags) => (await import('./produce.ts')).produce(topic, flags))
}

const PRODUCE_HELP = `
Examples:
  echo 'user-1:hello' | millrace produce events --brokers localhost:9092 -K :
  millrace produce events --brokers localhost:9092 --compression zstd < events.jsonl
`

function addBroker(root: Command): void {
  root
    .command('broker')
    .description('The embedded broker as a server; prints its address as its first line.')
    .option('-l, --listen <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:9092')
    .option('-s, --seed <topic=file>', 'fill a topic with the lines of a file; may be repeated', collect)
    .option('-p, --partitions <n>', 'partitions of topics that nobody created', whole(1), 1)
    .action(async (flags) => (await import('./broker.ts')).broker(flags))
}

function addBench(root: Command): void {
  const bench = root.command('bench').description('Measures reading and writing.')
  addClientFlags(bench.command('consume'))
    .description('Reads a topic from its beginning to its end and reports how fast.')
    .requiredOption('-t, --topic <topic>', 'the topic')
    .option('-n, --records <n>', 'stop after so many records', whole(1))
    .option(CODEC_FLAG, 'fill the topic first when there is none, with 4,000,000 click events or -n, so compressed')
    .option('--json', 'the report as one JSON object')
    .action(async (flags) => (await import('./bench-consume.ts')).benchConsume(flags))
  const produce = addClientFlags(bench.command('produce'))
    .description('Writes click events to a topic and reports how fast; makes the topic when there is none.')
    .requiredOption('-t, --topic <topic>', 'the topic')
    .option('-n, --records <n>', 'how many records', whole(1), 4_000_000)
  addProducerFlags(produce, CODEC_FLAG)
    .option('--json', 'the report as one JSON object')
    .action(async (flags) => (await import('./bench-produce.ts')).benchProduce(flags))
}

function addDoctor(root: Command): void {
  addClientFlags(root.command('doctor'))
    .description('What is in use here, and why: Node.js, kernel, codecs, options with their sources.')
    .option('--json', 'as one JSON object')
    .action(async (flags) => (await import('./doctor.ts')).doctor(flags, version))
}

function whole(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
    if (Number.isSafeInteger(value) && value >= min) return value
    throw new InvalidArgumentError(`It must be a whole number, at least ${min}.`)
  }
}

function partitions(text: string, earlier: number[] | undefined): number[] {
  return [...(earlier ?? []), ...text.split(',').map(whole(0))]
}

main(process.argv)
