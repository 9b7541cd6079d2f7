// A real Kafka with the topics of the workload `json8`, each filled when it is first asked for. [bench]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clickEvents } from '../src/broker/click-events.ts'
import { type PerfOptions, producerPerf } from '../test/support/console-tools.ts'
import { type KafkaCluster, startKafka } from '../test/support/kafka.ts'
import { runJava } from '../test/support/kafka-jars.ts'

/** As performance.md describes the topic. */
const PARTITIONS = 8
const PRODUCER = { 'batch.size': 131_072, 'linger.ms': 20, acks: 1 }

/** The broker that all are measured against, and its topics. */
export class Json8Topics {
  readonly brokers: string
  /** Records in a topic. */
  readonly records: number
  readonly #cluster: KafkaCluster
  readonly #folder: string
  /** A file of its lines. */
  readonly payloadFile: string
  readonly #filled = new Set<string>()
  readonly #onExit = () => rmSync(this.#folder, { recursive: true, force: true })

  private constructor(cluster: KafkaCluster, records: number) {
    this.brokers = cluster.brokers[0]!
    this.records = records
    this.#cluster = cluster
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
    this.payloadFile = join(this.#folder, 'events.jsonl')
    process.once('exit', this.#onExit)
    writeFileSync(this.payloadFile, [...clickEvents()].join('\n'))
  }

  /** Starts a broker of its own. */
  static async start(records: number): Promise<Json8Topics> {
    return new Json8Topics(await startKafka({ brokers: 1 }), records)
  }

  /** The name of a topic that holds the workload, written by ProducerPerformance. */
  async topic(codec: string, partitions = PARTITIONS): Promise<string> {
    const topic = `json8-${codec}-${partitions}`
    if (this.#filled.has(topic)) return topic
    await this.#create(topic, partitions)
    const load: PerfOptions = { topic, records: this.records, payloadFile: this.payloadFile, props: PRODUCER }
    const said = await producerPerf([this.brokers], { ...load, codec: codec as 'none' })
    console.error(`${topic}: ${said}`)
    this.#filled.add(topic)
    return topic
  }

  /** The name of a topic in which nothing ever happens. */
  async emptyTopic(partitions: number): Promise<string> {
    const topic = `empty-${partitions}`
    await this.#create(topic, partitions)
    return topic
  }

  /** Ends the broker and removes its data. */
  async stop(): Promise<void> {
    await this.#cluster.stop()
    process.off('exit', this.#onExit)
    this.#onExit()
  }

  async #create(topic: string, partitions: number): Promise<void> {
    const create = ['--create', '--if-not-exists', '--topic', topic, '--partitions', String(partitions)]
    const args = ['--bootstrap-server', this.brokers, ...create, '--replication-factor', '1']
    const { status, stderr } = await runJava('org.apache.kafka.tools.TopicCommand', args)
    if (status !== 0) throw new Error(`${topic} was not created: ${stderr}`)
  }
}
