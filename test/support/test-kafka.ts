// A Kafka as a test sees it: its address, and Java's clients and tools around it. [test processes]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ConsoleOptions,
  consoleConsumer,
  consoleProduce,
  type PerfOptions,
  producerPerf,
} from './console-tools.ts'
import { KafkaTool } from './kafka-tool.ts'

/** The Kafka that a test talks to; made by `kafkaDescribe`, usable inside hooks and tests. */
export class TestKafka {
  #brokers: string[] | undefined
  #home = ''
  #java: KafkaTool | undefined
  #directory: string | undefined
  #topics = 0

  /** `host:port` of every broker. */
  get brokers(): string[] {
    if (this.#brokers === undefined)
      throw new Error('Kafka is there only inside hooks and tests, not while they are named')
    return this.#brokers
  }

  /** The brokers as `--bootstrap-server` takes them. */
  get bootstrap(): string {
    return this.brokers.join(',')
  }

  /** Where the cluster keeps its files: `node-1/data/<topic>-<partition>/`. */
  get home(): string {
    return this.#home
  }

  /** Java's admin client, producers and consumers, in one JVM. */
  get java(): KafkaTool {
    this.#java ??= new KafkaTool(this.brokers)
    return this.#java
  }

  /** A directory for this suite's files, removed at its end. */
  get directory(): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'millrace-test-'))
    return this.#directory
  }

  /** Makes a topic with a name that no other test uses, and returns the name. */
  async topic(prefix: string, options?: Parameters<KafkaTool['createTopic']>[1]): Promise<string> {
    const name = `${prefix}-${process.pid}-${Date.now().toString(36)}-${this.#topics++}`
    await this.java.createTopic(name, options)
    return name
  }

  producerPerf(options: PerfOptions): Promise<string> {
    return producerPerf(this.brokers, options)
  }

  consoleConsumer(options: ConsoleOptions): Promise<string[]> {
    return consoleConsumer(this.brokers, options)
  }

  consoleProduce(topic: string, lines: readonly string[], props?: Record<string, string | number>): Promise<void> {
    return consoleProduce(this.brokers, topic, lines, props)
  }

  /** @internal */
  open(brokers: string[], home: string): void {
    this.#brokers = brokers
    this.#home = home
  }

  /** @internal */
  async close(): Promise<void> {
    await this.#java?.close()
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true })
  }
}
