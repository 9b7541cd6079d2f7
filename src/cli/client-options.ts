// The flags that every command with a connection takes, and the client options they make. [main thread]
import type { Command } from 'commander'
import { commonLayer, environmentLayer } from '../client/environment.ts'
import { argumentLayer, mergeLayers, type OptionLayer } from '../client/option-layer.ts'
import { assignmentLayer } from '../client/option-text.ts'
import type { KafkaOptions } from '../client/options.ts'
import { profiles } from '../client/profiles.ts'
import { propertiesLayer } from '../client/properties.ts'
import { UsageError } from './usage-error.ts'

/** What commander gives for these flags. */
export interface ClientFlags {
  brokers?: string
  X?: string[]
  config?: string
}

/** Adds `--brokers`, `-X` and `--config`. */
export function addClientFlags(command: Command): Command {
  return command
    .option('-b, --brokers <list>', 'where to start: host:port,host:port')
    .option('-X <option=value>', 'any option of docs/options.md, by its Java name or ours; may be repeated', collect)
    .option('--config <file>', "options from a file as Java's client.properties")
}

/** Gathers values of a flag that may be repeated. */
export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

/** The layers in their order: flags, `MILLRACE_` variables, the file, variables that programs share, then `preset`. */
export function clientLayers(flags: ClientFlags): OptionLayer[] {
  return [
    flags.brokers === undefined ? emptyLayer : flagLayer({ brokers: flags.brokers }, '--brokers'),
    assignmentLayer(flags.X ?? []),
    environmentLayer(),
    flags.config === undefined ? emptyLayer : propertiesLayer(flags.config),
    commonLayer(),
  ]
}

/** Options as of `clientOptions`, which must name brokers. */
export function connectionOptions(flags: ClientFlags, preset?: object, from?: string): KafkaOptions {
  const options = clientOptions(flags, preset, from)
  if (options.brokers !== undefined) return options
  throw new UsageError('no brokers: give --brokers HOST:PORT, or set MILLRACE_BROKERS.')
}

/**
 * Options for `new Kafka`, those for consumers and producers among them, which it passes on. `preset` is what the
 * command itself prefers, below everything that somebody set.
 */
export function clientOptions(flags: ClientFlags, preset: object = {}, from = ''): KafkaOptions {
  const layers = clientLayers(flags)
  // A profile is a choice of the user's, and a preset would hide it.
  const profiled = layers.some(({ values }) => values['profile'] !== undefined)
  const kept = Object.entries(preset).filter(([name]) => !profiled || !isInProfiles(name))
  return mergeLayers(...layers, flagLayer(Object.fromEntries(kept), from)) as KafkaOptions
}

/** The same options with others on top of them; undefined leaves one out. What is left remembers where it came from. */
export function withOptions(options: KafkaOptions, others: object): KafkaOptions {
  return mergeLayers({ ...emptyLayer, values: { ...others } }, argumentLayer(options)) as KafkaOptions
}

const isInProfiles = (name: string) => Object.values(profiles).some((values) => name in values)

const emptyLayer: OptionLayer = { values: {}, sources: {}, ignored: [] }

function flagLayer(values: Record<string, unknown>, at: string): OptionLayer {
  const source = { kind: 'argument', at } as const
  return { values, sources: Object.fromEntries(Object.keys(values).map((name) => [name, source])), ignored: [] }
}
