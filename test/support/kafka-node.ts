// One Kafka server process: its properties, its start, its end. [test processes]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { delimiter, join } from 'node:path'
import { javaArguments, kafkaJars } from './kafka-jars.ts'

/** A Kafka node in the combined role (broker and controller), listening on 127.0.0.1. */
export class KafkaNode {
  readonly id: number
  readonly port: number
  readonly #storage: KafkaStorage
  readonly #file: string
  readonly #logFile: string
  #child: ChildProcess | undefined

  constructor(
    storage: KafkaStorage,
    home: string,
    id: number,
    ports: NodePorts[],
    extra: Record<string, string | number>,
  ) {
    this.id = id
    this.port = ports[id - 1]!.client
    this.#storage = storage
    const dir = join(home, `node-${id}`)
    mkdirSync(dir, { recursive: true })
    this.#file = join(dir, 'server.properties')
    this.#logFile = join(dir, 'server.log')
    const properties = { ...serverProperties(id, ports), 'log.dirs': join(dir, 'data'), ...extra }
    writeFileSync(
      this.#file,
      Object.entries(properties)
        .map((entry) => `${entry.join('=').replaceAll('{node}', String(id))}\n`)
        .join(''),
    )
  }

  /** The process id while the node runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** What the server wrote to its outputs (log level WARN and above). */
  get log(): string {
    return readFileSync(this.#logFile, 'utf8')
  }

  /** Starts the process; `ready` tells when it serves. */
  async start(): Promise<void> {
    const output = openSync(this.#logFile, 'a')
    const logging = join(await kafkaJars(), 'logging', 'slf4j-simple.jar')
    const jvm = [
      '-Xmx512m',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
    ]
    const { clusterId, features } = this.#storage
    const levels = Object.entries(features).map(([name, level]) => `${name}=${level}`)
    const args = await javaArguments('KafkaNode.java', [this.#file, clusterId, ...levels], jvm)
    const path = args.indexOf('-cp') + 1
    args[path] = [logging, args[path]].join(delimiter)
    const child = spawn('java', args, { stdio: ['pipe', output, output] })
    closeSync(output)
    child.on('error', () => {})
    child.stdin?.on('error', () => {})
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    // A script that forgets to stop its Kafka ends all the same, and Kafka with it (see KafkaNode.java).
    child.unref()
    ;(child.stdin as Socket | null)?.unref()
    this.#child = child
  }

  /** Resolves when the node answers and sees `brokers` brokers; rejects with its log when it ended or took too long. */
  async ready(brokers: number, timeoutMs = 120_000): Promise<void> {
    const end = Date.now() + timeoutMs
    while ((await brokersSeen(this.port)) < brokers) {
      const ended = this.#child === undefined
      if (ended || Date.now() > end) {
        const what = ended ? 'ended while it started' : `was not ready after ${timeoutMs} ms`
        throw new Error(`Kafka node ${this.id} ${what}. Its log:\n${this.log.slice(-8000)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Stops the process where it is (SIGSTOP), or lets it go on. Its sockets stay open: clients see silence. */
  freeze(frozen: boolean): void {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  /** Ends the process and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.ref()
    child.kill(signal)
    // One that was stopped ends only when it goes on.
    child.kill('SIGCONT')
    await gone
  }
}

/** How a node's storage is formatted. */
export interface KafkaStorage {
  clusterId: string
  /** Levels other than Kafka's newest. */
  features: Record<string, number>
}

/** The two ports of a node. */
export interface NodePorts {
  client: number
  controller: number
  /** A second listener for clients, and where they are told that it is: a proxy listens there. */
  proxied?: { listener: number; advertised: number }
}

/**
 * Ports nobody listens on. They lie below the range that the system hands out for outgoing connections, so that
 * a client cannot take one between this look and the server's start.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = []
  let candidate = 12_000 + ((process.pid * 131 + Math.floor(Math.random() * 20_000)) % 20_000)
  while (servers.length < count) {
    const server = createServer()
    const port = candidate++
    const bound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (bound) servers.push(server)
  }
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** How many live brokers the one on that port knows; 0 when it does not answer. */
async function brokersSeen(port: number): Promise<number> {
  // Metadata v1 without topics, by hand: the harness must not stand on the code that it is there to test.
  const request = Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0])
  const socket = connect(port, '127.0.0.1')
  try {
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')))
    socket.write(request)
    let answer = Buffer.alloc(0)
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk])
      if (answer.length >= 12) return answer.readInt32BE(8)
    }
    return 0
  } catch {
    return 0
  } finally {
    socket.destroy()
  }
}

function serverProperties(id: number, ports: NodePorts[]): Record<string, string | number> {
  const { client, controller, proxied } = ports[id - 1]!
  const listeners = (proxiedPort: number | undefined) =>
    [`PLAINTEXT://127.0.0.1:${client}`, proxiedPort && `PROXIED://127.0.0.1:${proxiedPort}`].filter(Boolean).join(',')
  const copies = ports.length
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': ports.map((port, i) => `${i + 1}@127.0.0.1:${port.controller}`).join(','),
    listeners: `${listeners(proxied?.listener)},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': listeners(proxied?.advertised),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'auto.create.topics.enable': 'false',
    'message.max.bytes': 20_000_000,
    'replica.fetch.max.bytes': 20_000_000,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.num.partitions': 3,
    'transaction.state.log.min.isr': copies === 1 ? 1 : 2,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.num.partitions': 3,
    'share.coordinator.state.topic.min.isr': copies === 1 ? 1 : 2,
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'controlled.shutdown.enable': 'true',
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'group.consumer.min.heartbeat.interval.ms': 500,
    'group.consumer.heartbeat.interval.ms': 1000,
    'group.consumer.min.session.timeout.ms': 2000,
    'group.consumer.session.timeout.ms': 6000,
    // Cleaning and retention within a test's patience; records with old timestamps stay unless a topic says otherwise.
    'log.retention.ms': -1,
    'log.cleaner.backoff.ms': 100,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'log.retention.check.interval.ms': 1000,
    'log.initial.task.delay.ms': 500,
    'log.segment.delete.delay.ms': 1000,
    // Small machines: few threads, small index files.
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.index.size.max.bytes': 1_048_576,
  }
}
