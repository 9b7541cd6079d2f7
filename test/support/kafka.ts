// A real Apache Kafka of one or three brokers, started for tests and stopped by process id. [test processes]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChaosProxy } from './chaos-proxy.ts'
import { freePorts, KafkaNode, type NodePorts } from './kafka-node.ts'

/** How many brokers (1 or 3), and properties added to each server.properties; `{node}` in one is the node's id. */
export interface KafkaOptions {
  brokers?: 1 | 3
  /** Clients may also come through proxies (`proxies`, `proxied`), which delay and cut. Default false. */
  proxied?: boolean
  properties?: Record<string, string | number>
  /** Levels of features that the storage is formatted with, instead of the newest: `{ 'transaction.version': 0 }`. */
  features?: Record<string, number>
}

/** Starts Kafka on free ports, with its data in the system's temporary directory; resolves when all brokers serve. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const { brokers = 1, proxied = false, properties = {}, features = {} } = options
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(brokers * 4)
    const nodePorts = Array.from({ length: brokers }, (_, i): NodePorts => {
      const [client = 0, controller = 0, listener = 0, advertised = 0] = ports.slice(4 * i)
      return proxied ? { client, controller, proxied: { listener, advertised } } : { client, controller }
    })
    const home = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
    const storage = { clusterId: 'AAAAAAAAAAAAAAAAAAAAAQ', features }
    const nodes = nodePorts.map((_, i) => new KafkaNode(storage, home, i + 1, nodePorts, properties))
    const cluster = new KafkaCluster(home, nodes)
    try {
      await cluster.start()
      await cluster.startProxies(nodePorts)
      return cluster
    } catch (error) {
      await cluster.stop()
      // Two runs may look for free ports at the same moment.
      if (attempt === 3 || !String(error).includes('Address already in use')) throw error
    }
  }
}

/** A running Kafka. Brokers are numbered from 0 here; Kafka's own node ids start at 1. */
export class KafkaCluster {
  /** `host:port` of every broker. */
  readonly brokers: string[]
  /** Where logs and data lie: `node-1/server.log`, `node-1/data/<topic>-<partition>/`, … */
  readonly home: string
  /** What stands before each broker when the cluster is `proxied`. */
  readonly proxies: ChaosProxy[] = []
  readonly #nodes: KafkaNode[]
  readonly #onExit = () => {
    for (const { pid } of this.#nodes) if (pid !== undefined) process.kill(pid, 'SIGKILL')
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 })
  }

  constructor(home: string, nodes: KafkaNode[]) {
    this.home = home
    this.#nodes = nodes
    this.brokers = nodes.map((node) => `127.0.0.1:${node.port}`)
    process.once('exit', this.#onExit)
  }

  /** `host:port` of every broker, through its proxy. */
  get proxied(): string[] {
    return this.proxies.map(({ address }) => address)
  }

  /** @internal */
  async startProxies(ports: readonly NodePorts[]): Promise<void> {
    for (const { proxied } of ports) {
      if (proxied === undefined) continue
      this.proxies.push(await ChaosProxy.start(`127.0.0.1:${proxied.listener}`, { port: proxied.advertised }))
    }
  }

  /** Starts every node that does not run; resolves when each sees all others. */
  async start(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => (node.pid === undefined ? node.start() : undefined)))
    await Promise.all(this.#nodes.map((node) => node.ready(this.#nodes.length)))
  }

  /** Ends every broker at once and removes the data. */
  async stop(): Promise<void> {
    await Promise.all(this.proxies.splice(0).map((proxy) => proxy.close()))
    await Promise.all(this.#nodes.map((node) => node.end('SIGKILL')))
    process.off('exit', this.#onExit)
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Ends one broker: at once by default, in an orderly way with SIGTERM. Resolves when the process is gone. */
  async kill(index: number, signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    await this.#node(index).end(signal)
  }

  /** Starts a broker again on its port and data, ending it first if it runs; resolves when it sees all that run. */
  async restart(index: number): Promise<void> {
    const node = this.#node(index)
    await node.end('SIGTERM')
    await node.start()
    await node.ready(this.#nodes.filter(({ pid }) => pid !== undefined).length)
  }

  /** Stops a broker's process where it is, with its sockets open, until `resume`. */
  pause(index: number): void {
    this.#node(index).freeze(true)
  }

  resume(index: number): void {
    this.#node(index).freeze(false)
  }

  /** What a broker logged, from WARN up. */
  log(index: number): string {
    return this.#node(index).log
  }

  /** The process id of a broker; undefined while it is down. */
  pid(index: number): number | undefined {
    return this.#node(index).pid
  }

  #node(index: number): KafkaNode {
    const node = this.#nodes[index]
    if (node === undefined) throw new RangeError(`no broker ${index}: there are ${this.#nodes.length}, from 0`)
    return node
  }
}
