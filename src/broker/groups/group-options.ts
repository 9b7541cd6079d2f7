// How the broker coordinates groups, under the names of Kafka's settings. [broker]
import { InvalidOption } from '../../base/errors.ts'

/** Settings of the group coordinator; what is left out is as in Kafka, but for the initial delay. */
export interface GroupOptions {
  /** `group.initial.rebalance.delay.ms`: the first rebalance waits for more members. Default 0 (Kafka 3000). */
  initialRebalanceDelayMs?: number
  /** `group.min.session.timeout.ms`, for classic members. Default 6000. */
  minSessionTimeoutMs?: number
  /** `group.max.session.timeout.ms`, for classic members. Default 1800000. */
  maxSessionTimeoutMs?: number
  /** `group.consumer.heartbeat.interval.ms`, what KIP-848 members are told. Default 5000. */
  heartbeatIntervalMs?: number
  /** `group.consumer.session.timeout.ms`, after which a silent KIP-848 member is out. Default 45000. */
  sessionTimeoutMs?: number
  /** `group.max.size`: members of one group. Default 2147483647. */
  maxSize?: number
  /** `offset.metadata.max.bytes`: the text beside one committed offset. Default 4096. */
  offsetMetadataMaxBytes?: number
}

/** The settings with their defaults. */
export type CheckedGroupOptions = Required<GroupOptions>

const defaults: CheckedGroupOptions = {
  initialRebalanceDelayMs: 0,
  minSessionTimeoutMs: 6000,
  maxSessionTimeoutMs: 1_800_000,
  heartbeatIntervalMs: 5000,
  sessionTimeoutMs: 45_000,
  maxSize: 0x7fffffff,
  offsetMetadataMaxBytes: 4096,
}

/** Fills in the defaults; a setting that is unknown or no whole number from 0 on is an error. */
export function checkGroupOptions(given: GroupOptions = {}): CheckedGroupOptions {
  const checked = { ...defaults }
  for (const [name, value] of Object.entries(given) as [keyof GroupOptions, number | undefined][]) {
    if (!(name in defaults)) {
      const known = Object.keys(defaults).join(', ')
      throw new InvalidOption('UNKNOWN_OPTION', `Broker.start: groups has no setting ${name}; there are ${known}.`)
    }
    if (value === undefined) continue
    if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
      const range = 'must be a whole number from 0 to 2147483647'
      throw new InvalidOption('INVALID_OPTION', `Broker.start: groups.${name} ${range}.`)
    }
    checked[name] = value
  }
  return checked
}
