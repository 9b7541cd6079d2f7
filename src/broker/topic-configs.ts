// The topic settings that the broker knows, with Kafka's defaults; a few of them do something here. [broker]

/** The type codes of DescribeConfigs (KIP-226). */
export const ConfigType = { boolean: 1, string: 2, int: 3, short: 4, long: 5, double: 6, list: 7 } as const

type Row = readonly [name: string, type: keyof typeof ConfigType, defaultValue: string]

/** The largest number that Kafka knows: no bound at all. */
export const MAX_LONG = '9223372036854775807'

const rows: readonly Row[] = [
  ['cleanup.policy', 'list', 'delete'],
  ['compression.gzip.level', 'int', '-1'],
  ['compression.lz4.level', 'int', '9'],
  ['compression.type', 'string', 'producer'],
  ['compression.zstd.level', 'int', '3'],
  ['delete.retention.ms', 'long', '86400000'],
  ['file.delete.delay.ms', 'long', '60000'],
  ['flush.messages', 'long', MAX_LONG],
  ['flush.ms', 'long', MAX_LONG],
  ['follower.replication.throttled.replicas', 'list', ''],
  ['index.interval.bytes', 'int', '4096'],
  ['leader.replication.throttled.replicas', 'list', ''],
  ['local.retention.bytes', 'long', '-2'],
  ['local.retention.ms', 'long', '-2'],
  ['max.compaction.lag.ms', 'long', MAX_LONG],
  ['max.message.bytes', 'int', '1048588'],
  ['message.timestamp.after.max.ms', 'long', '3600000'],
  ['message.timestamp.before.max.ms', 'long', MAX_LONG],
  ['message.timestamp.type', 'string', 'CreateTime'],
  ['min.cleanable.dirty.ratio', 'double', '0.5'],
  ['min.compaction.lag.ms', 'long', '0'],
  ['min.insync.replicas', 'int', '1'],
  ['preallocate', 'boolean', 'false'],
  ['remote.log.copy.disable', 'boolean', 'false'],
  ['remote.log.delete.on.disable', 'boolean', 'false'],
  ['remote.storage.enable', 'boolean', 'false'],
  ['retention.bytes', 'long', '-1'],
  ['retention.ms', 'long', '604800000'],
  ['segment.bytes', 'int', '1073741824'],
  ['segment.index.bytes', 'int', '10485760'],
  ['segment.jitter.ms', 'long', '0'],
  ['segment.ms', 'long', '604800000'],
  ['unclean.leader.election.enable', 'boolean', 'false'],
]

/** One setting of one topic. */
export interface TopicConfigEntry {
  name: string
  value: string
  type: number
  isDefault: boolean
}

const known = new Map(rows.map((row) => [row[0], row]))

/** Settings given for a topic, by Kafka's names. */
export type TopicConfigValues = Readonly<Record<string, string>>

/** Why the settings cannot be used, or undefined. */
export function refuseConfigs(values: TopicConfigValues): string | undefined {
  for (const [name, value] of Object.entries(values)) {
    const row = known.get(name)
    if (row === undefined) return `Unknown topic config name: ${name}`
    const type = row[1]
    const numeric = type === 'int' || type === 'long' || type === 'double'
    if (numeric && !Number.isFinite(Number.parseFloat(value))) return `Invalid value ${value} for ${name}: not a number`
    if (type === 'boolean' && value !== 'true' && value !== 'false') return `Invalid value ${value} for ${name}`
  }
  const timestamps = values['message.timestamp.type'] ?? 'CreateTime'
  if (timestamps !== 'CreateTime' && timestamps !== 'LogAppendTime') {
    return `Invalid value ${timestamps} for message.timestamp.type: CreateTime or LogAppendTime`
  }
  return undefined
}

/** The value of one setting. */
export function configValue(values: TopicConfigValues, name: string): string {
  return values[name] ?? known.get(name)?.[2] ?? ''
}

/** All settings of a topic, or those named. */
export function configEntries(values: TopicConfigValues, names: readonly string[] | null = null): TopicConfigEntry[] {
  return rows
    .filter(([name]) => names === null || names.length === 0 || names.includes(name))
    .map(([name, type, defaultValue]) => ({
      name,
      value: values[name] ?? defaultValue,
      type: ConfigType[type],
      isDefault: values[name] === undefined,
    }))
}
