// Apache Kafka's own Java clients in one JVM that is kept running (test/java/KafkaTool.java). [test processes]
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { javaArguments } from './kafka-jars.ts'

/** A key or value to produce: text, bytes, null, or a number for so many bytes of a fixed pattern. */
export type JavaBytes = string | Uint8Array | number | null

/** A record to produce; without `partition` Java's partitioner chooses. */
export interface JavaRecord {
  partition?: number
  key?: JavaBytes
  value: JavaBytes
  headers?: [string, JavaBytes][]
  timestamp?: number
}

/** A record as Java read it. */
export interface JavaRead {
  partition: number
  offset: number
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: [string, Buffer | null][]
}

/** Kafka's admin client, producers and consumers for a cluster. Calls are carried out in order. */
export class KafkaTool {
  readonly #bootstrap: string
  #child: Promise<ChildProcessWithoutNullStreams> | undefined
  #waiting: { resolve: (result: unknown) => void; reject: (error: Error) => void }[] = []
  #transactions = 0

  constructor(brokers: readonly string[]) {
    this.#bootstrap = brokers.join(',')
  }

  /** Creates a topic and waits until its partitions have leaders. */
  async createTopic(
    topic: string,
    options: { partitions?: number; replicationFactor?: number; configs?: Record<string, string | number> } = {},
  ): Promise<void> {
    await this.#ask({ do: 'createTopic', topic, ...options })
  }

  async createPartitions(topic: string, partitions: number): Promise<void> {
    await this.#ask({ do: 'createPartitions', topic, partitions })
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#ask({ do: 'deleteTopic', topic })
  }

  /** Moves the beginning of a partition to `before`. */
  async deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    await this.#ask({ do: 'deleteRecords', topic, partition, before })
  }

  /** Makes another replica the leader: a reassignment, then an election. Nodes are numbered from 1, as Kafka does. */
  async moveLeader(topic: string, partition: number, nodeId: number): Promise<void> {
    await this.#ask({ do: 'moveLeader', topic, partition, to: nodeId })
  }

  /** The leader of a partition (-1: none), and how many of its replicas are in sync. */
  async partition(topic: string, partition: number): Promise<{ leader: number; inSync: number; replicas: number }> {
    const [leader, inSync, replicas] = (await this.#ask({ do: 'partition', topic, partition })) as number[]
    return { leader: leader!, inSync: inSync!, replicas: replicas! }
  }

  /** The node that coordinates a group that exists, or a transactional id in use. */
  async coordinator(key: { group: string } | { transactionalId: string }): Promise<number> {
    const transactional = 'transactionalId' in key
    const name = transactional ? key.transactionalId : key.group
    return (await this.#ask({ do: 'coordinator', group: name, transactional })) as number
  }

  /** What a group has committed, as the broker knows it. */
  async committed(group: string): Promise<{ topic: string; partition: number; offset: number }[]> {
    const rows = (await this.#ask({ do: 'committed', group })) as [string, number, number][]
    return rows.map(([topic, partition, offset]) => ({ topic, partition, offset }))
  }

  /** Produces and flushes; `config` takes Java's producer properties. Answers where each record went. */
  async produce(
    topic: string,
    records: readonly JavaRecord[],
    config: Record<string, string | number> = {},
  ): Promise<{ partition: number; offset: number; timestamp: number }[]> {
    const rows = records.map((record) => ({
      ...record,
      key: encode(record.key ?? null),
      value: encode(record.value),
      headers: record.headers?.map(([name, value]) => [name, encode(value)]),
    }))
    const sent = await this.#ask({ do: 'produce', topic, records: rows, config })
    return (sent as [number, number, number][]).map(([partition, offset, timestamp]) => ({
      partition,
      offset,
      timestamp,
    }))
  }

  /** Begins a transaction of its own and returns its handle; leave it open to see what readers do with one. */
  async transaction(config: Record<string, string | number> = {}): Promise<JavaTransaction> {
    const id = `millrace-test-${process.pid}-${Date.now()}-${this.#transactions++}`
    const all = { ...config, 'transactional.id': id }
    await this.#ask({ do: 'begin', config: all })
    return {
      transactionalId: id,
      produce: (topic, records) => this.produce(topic, records, all),
      begin: async () => void (await this.#ask({ do: 'begin', config: all })),
      commit: async () => void (await this.#ask({ do: 'commit', config: all })),
      abort: async () => void (await this.#ask({ do: 'abort', config: all })),
    }
  }

  /** Every record of a topic from the beginning to the ends at the start; read_committed unless `config` differs. */
  async consume(topic: string, config: Record<string, string | number> = {}): Promise<JavaRead[]> {
    const rows = (await this.#ask({ do: 'consume', topic, config })) as JavaRow[]
    return rows.map(([partition, offset, timestamp, key, value, headers]) => ({
      partition,
      offset,
      timestamp,
      key: decode(key),
      value: decode(value),
      headers: headers.map(([name, header]) => [name, decode(header)]),
    }))
  }

  /** The first offset and the end of each partition; the end is the last stable offset unless `config` differs. */
  async offsets(
    topic: string,
    config: Record<string, string | number> = {},
  ): Promise<{ partition: number; beginning: number; end: number }[]> {
    const rows = (await this.#ask({ do: 'offsets', topic, config })) as [number, number, number][]
    return rows.map(([partition, beginning, end]) => ({ partition, beginning, end }))
  }

  /** Ends the JVM. */
  async close(): Promise<void> {
    const child = await this.#child
    this.#child = undefined
    child?.kill('SIGKILL')
  }

  async #ask(request: Record<string, unknown>): Promise<unknown> {
    this.#child ??= this.#start()
    const child = await this.#child
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      child.stdin.write(`${JSON.stringify(request)}\n`)
    })
  }

  async #start(): Promise<ChildProcessWithoutNullStreams> {
    const child = spawn('java', await javaArguments('KafkaTool.java', [this.#bootstrap]), { stdio: 'pipe' })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk).slice(-8000)
    })
    child.stdin.on('error', () => {})
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as { result?: unknown; error?: string }
      const { resolve, reject } = this.#waiting.shift()!
      if (answer.error === undefined) resolve(answer.result)
      else reject(new Error(`Java: ${answer.error}`))
    })
    const fail = (what: unknown) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`The Java client ended (${what})\n${errors}`))
    }
    child.on('error', fail)
    child.on('close', fail)
    // It ends when this process does, as its input ends: no need to keep the process alive for it.
    child.unref()
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as Socket).unref()
    return child
  }
}

/** An open transaction of a Java producer. */
export interface JavaTransaction {
  readonly transactionalId: string
  produce(topic: string, records: readonly JavaRecord[]): ReturnType<KafkaTool['produce']>
  /** Begins the next transaction with the same transactional id. */
  begin(): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
}

type JavaRow = [number, number, number, string | null, string | null, [string, string | null][]]

function encode(value: JavaBytes): string | number | null {
  return value === null || typeof value === 'number' ? value : Buffer.from(value as string).toString('base64')
}

function decode(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}
