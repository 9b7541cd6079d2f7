// "Did you mean": what an unknown option name probably stands for. [main thread]
import { allSpellings, findOption, type Option } from './option-table.ts'

/** Names that other clients use for what millrace calls differently. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  // kafkajs
  maxWaitTimeInMs: 'fetchMaxWaitMs',
  minBytes: 'fetchMinBytes',
  maxBytes: 'fetchMaxBytes',
  maxBytesPerPartition: 'maxPartitionFetchBytes',
  rackId: 'clientRack',
  connectionTimeout: 'connectTimeoutMs',
  authenticationTimeout: 'connectTimeoutMs',
  requestTimeout: 'requestTimeoutMs',
  rebalanceTimeout: 'maxPollIntervalMs',
  sessionTimeout: 'sessionTimeoutMs',
  heartbeatInterval: 'heartbeatIntervalMs',
  autoCommitInterval: 'autoCommitIntervalMs',
  maxInFlightRequests: 'maxInFlight',
  idempotent: 'enableIdempotence',
  transactionTimeout: 'transactionTimeoutMs',
  createPartitioner: 'partitioner',
  partitionAssigners: 'partitionAssignmentStrategy',
  readUncommitted: "isolationLevel: 'read_uncommitted'",
  fromBeginning: "from: 'earliest' of kafka.iterate, or autoOffsetReset: 'earliest'",
  logLevel: 'logger',
  logCreator: 'logger',
  retry: 'retryBackoffMs and retryBackoffMaxMs',
  // platformatic
  bootstrapBrokers: 'brokers',
  maxWaitTime: 'fetchMaxWaitMs',
  autocreateTopics: 'allowAutoTopicCreation',
  autocommit: 'autoCommit',
  highWaterMark: 'bufferBytes',
  timeout: 'requestTimeoutMs',
  connectTimeout: 'connectTimeoutMs',
  metadataMaxAge: 'metadataMaxAgeMs',
  retryDelay: 'retryBackoffMs',
  maxInflights: 'maxInFlight',
  deserializers: 'topics, or key and value of kafka.iterate',
  mode: 'from of kafka.iterate',
  // librdkafka
  'metadata.broker.list': 'brokers',
  'fetch.wait.max.ms': 'fetchMaxWaitMs',
  'fetch.message.max.bytes': 'maxPartitionFetchBytes',
  'queued.max.messages.kbytes': 'bufferBytes',
  'socket.timeout.ms': 'requestTimeoutMs',
  'compression.codec': 'compression',
  'message.max.bytes': 'maxRequestBytes',
  'enable.partition.eof': "until: 'end'",
  // what people guess
  bootstrap: 'brokers',
  broker: 'brokers',
  hosts: 'brokers',
  servers: 'brokers',
  url: 'brokers, or Kafka.fromEnv() with MILLRACE_URL',
  username: 'sasl',
  password: 'sasl',
  workers: 'decodeWorkers',
  ringBytes: 'bufferBytes',
  bufferSize: 'bufferBytes',
}

/**
 * The name that was probably meant, in words; undefined when nothing is near. A slip is one of a name that `fits`: the
 * others would be refused as well.
 */
export function suggestOption(unknown: string, fits: (option: Option) => boolean = () => true): string | undefined {
  const elsewhere = Object.hasOwn(ELSEWHERE, unknown) ? ELSEWHERE[unknown] : undefined
  if (elsewhere !== undefined) return elsewhere
  const spelled = findOption(unknown)
  if (spelled !== undefined) return spelled.name
  const known = [...allSpellings(), ...Object.keys(ELSEWHERE)].filter((name) => {
    const option = findOption(name) ?? findOption(ELSEWHERE[name]!)
    return option === undefined || fits(option)
  })
  return nearest(unknown, known)
}

function nearest(unknown: string, known: readonly string[]): string | undefined {
  const wanted = plain(unknown)
  // A third of the letters wrong is no longer a slip of the finger.
  let best = { distance: Math.min(3, Math.floor(wanted.length / 3)) + 1, name: undefined as string | undefined }
  for (const name of known) {
    const distance = editDistance(wanted, plain(name), best.distance)
    if (distance < best.distance) best = { distance, name }
  }
  if (best.name === undefined) return undefined
  return findOption(best.name)?.name ?? ELSEWHERE[best.name]
}

const plain = (name: string) => name.replace(/[._-]/g, '').toLowerCase()

/** Letters to insert, delete, change or swap to make one word the other; at least `limit` when it is more than that. */
export function editDistance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(change, last[j]! + 1, row[j - 1]! + 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
