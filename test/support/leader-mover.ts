// Moves the leaders of a real Kafka's partitions: another first replica, then an election of it. [test processes]
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { tcp } from '../../src/base/tcp.ts'
import { Cluster } from '../../src/io/cluster.ts'
import { ioDefaults } from '../../src/io/io-options.ts'
import { Requester } from '../../src/io/requester.ts'

/** Has connections of its own. */
export class LeaderMover implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #requester: Requester
  #turn = 0

  constructor(brokers: readonly string[]) {
    const addresses = brokers.map((broker) => {
      const [host, port] = broker.split(':')
      return { host: host!, port: Number(port) }
    })
    const options = { ...ioDefaults, brokers: addresses }
    this.#cluster = new Cluster({ transport: tcp, clock: systemClock, random: systemRandom, options })
    this.#requester = new Requester(this.#cluster)
  }

  /** Gives each partition to the next broker, all of which (1 to `brokers`) have a replica. */
  async rotate(topic: string, partitions: number, brokers: number): Promise<void> {
    const turn = ++this.#turn
    const replicas = (partition: number) =>
      Array.from({ length: brokers }, (_, i) => 1 + ((partition + turn + i) % brokers))
    const indexes = Array.from({ length: partitions }, (_, partition) => partition)
    await this.#requester.request('controller', 'AlterPartitionReassignments', {
      timeoutMs: 10_000,
      topics: [
        {
          name: topic,
          partitions: indexes.map((partitionIndex) => ({ partitionIndex, replicas: replicas(partitionIndex) })),
        },
      ],
    })
    await this.#requester.request('controller', 'ElectLeaders', {
      electionType: 0,
      topicPartitions: [{ topic, partitions: indexes }],
      timeoutMs: 10_000,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cluster.close()
  }
}
