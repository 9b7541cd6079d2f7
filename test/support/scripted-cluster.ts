// Several scripted brokers that agree on one metadata, which a test may change at any time. [test]
import { createHash } from 'node:crypto'
import type { ResponseInput } from '../../src/protocol/apis.ts'
import type { IoWorld } from './io-world.ts'
import { ScriptedBroker } from './scripted-broker.ts'

/** A topic as the brokers tell it. */
export interface ScriptedTopic {
  id: string
  errorCode: number
  /** By partition number. */
  partitions: { leader: number; epoch: number; errorCode?: number }[]
}

/** Broker ids count from 1; hosts are `broker-1` and so on. */
export class ScriptedCluster {
  readonly brokers: ScriptedBroker[] = []
  readonly topics = new Map<string, ScriptedTopic>()
  clusterId = 'cluster'
  controllerId = 1
  /** Top-level error of Metadata v13. */
  errorCode = 0
  /** How many Metadata requests came, to all brokers. */
  get metadataCount(): number {
    return this.brokers.reduce((sum, broker) => sum + broker.asked('Metadata').length, 0)
  }

  static async start(world: IoWorld, count: number): Promise<ScriptedCluster> {
    const cluster = new ScriptedCluster()
    for (let id = 1; id <= count; id++) {
      const broker = await ScriptedBroker.start(world.pipes, { host: `broker-${id}`, port: 9092 })
      broker.on('Metadata', ({ request }) => cluster.metadata(request.body.topics))
      cluster.brokers.push(broker)
    }
    return cluster
  }

  broker(id: number): ScriptedBroker {
    return this.brokers[id - 1]!
  }

  /** Makes or replaces a topic whose partitions are led by these brokers. */
  topic(name: string, leaders: number[], epoch = 0, id = topicId(name)): ScriptedTopic {
    const topic = { id, errorCode: 0, partitions: leaders.map((leader) => ({ leader, epoch })) }
    this.topics.set(name, topic)
    return topic
  }

  metadata(asked: readonly { name: string | null }[] | null): ResponseInput<'Metadata'> {
    const names = asked === null ? [...this.topics.keys()] : asked.map(({ name }) => name!)
    const { clusterId, controllerId, errorCode } = this
    return {
      clusterId,
      controllerId,
      errorCode,
      brokers: this.brokers.map((broker, i) => ({ nodeId: i + 1, ...broker.address })),
      topics: names.map((name) => {
        const topic = this.topics.get(name)
        if (topic === undefined) return { name, errorCode: 3 }
        const partitions = topic.partitions.map((partition, partitionIndex) => ({
          partitionIndex,
          leaderId: partition.leader,
          leaderEpoch: partition.epoch,
          errorCode: partition.errorCode ?? 0,
          replicaNodes: [1],
          isrNodes: [1],
        }))
        return { name, topicId: topic.id, errorCode: topic.errorCode, partitions }
      }),
    }
  }
}

/** A uuid that follows from the name. */
function topicId(name: string): string {
  return createHash('md5').update(name).digest('base64url')
}
