// `millrace demo`: the main job in one command: fill a topic, read it through the threads, say how fast. [main thread]
import type { KafkaOptions } from '../index.ts'
import { type ClientFlags, clientOptions, connectionOptions, withOptions } from './client-options.ts'
import { type DemoTopic, embeddedTopic, remoteTopic } from './demo-topic.ts'
import { onInterrupt } from './exit.ts'
import { processTopic } from './process-topic.ts'
import { describeReport } from './report.ts'
import { grouped, paint } from './table.ts'

/** The flags of `demo`. */
export interface DemoFlags extends ClientFlags {
  records: number
  json?: boolean
}

/** Runs the command. */
export async function demo(flags: DemoFlags): Promise<void> {
  const { records } = flags
  const tell = (text: string) => {
    if (flags.json !== true) process.stdout.write(`${text}\n`)
  }
  const filled = await fillTopic(flags)
  try {
    const events = `${grouped(records)} JSON click events`
    tell(`\n  ${paint('millrace', 'bold')} reads ${events} from ${filled.place}\n`)
    filled.mark()
    const report = await processTopic(filled.options, filled.topic, records)
    const broker = filled.busy()
    if (broker !== undefined) report.busy['broker'] = broker
    if (flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`)
    else tell(`${describeReport(report)}\n\n  ${whatNext(flags)}\n`)
  } finally {
    await filled.close()
  }
}

async function fillTopic(flags: DemoFlags): Promise<DemoTopic> {
  // Only brokers that were named in this call are written to: never those of the environment.
  if (flags.brokers === undefined) return embeddedTopic(localOptions(flags), flags.records)
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort(new Error('interrupted')))
  try {
    return await remoteTopic(connectionOptions(flags), flags.records, interrupt.signal)
  } finally {
    release()
  }
}

/** What was set, without what leads elsewhere. */
function localOptions(flags: DemoFlags): KafkaOptions {
  return withOptions(clientOptions(flags), { brokers: undefined, tls: undefined, sasl: undefined })
}

function whatNext({ brokers }: DemoFlags): string {
  const [text, command] =
    brokers === undefined
      ? ['What next? The same against your own Kafka:', 'npx millrace demo --brokers localhost:9092']
      : ['What next? Read a topic of your own:', `npx millrace consume TOPIC --brokers ${brokers} --from -10`]
  return `${text} ${paint(command, 'cyan')}`
}
