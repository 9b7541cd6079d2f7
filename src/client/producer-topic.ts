// What a producer keeps for one topic: its partitions, who chooses among them, its serializers. [main thread]
import type { Serializer } from '../delivery/serdes.ts'
import type { Partitioner } from './partitioner.ts'
import type { ProducerMemory } from './producer-memory.ts'
import { PartitionQueue } from './producer-partition.ts'

/** Serializers of a topic; without one values go as they are. */
export interface TopicSerializers {
  readonly key?: Serializer<never> | undefined
  readonly value?: Serializer<never> | undefined
}

/** Its partitions, once they are known. */
export class TopicQueue {
  readonly name: string
  readonly serializers: TopicSerializers
  /** Undefined: a function of the user's chooses. */
  readonly partitioner: Partitioner | undefined
  readonly partitions: PartitionQueue[] = []
  /** When the number of partitions was last asked for. */
  askedAtMs = Number.NEGATIVE_INFINITY
  asking = false
  /** Partitions that records may go to; 0: not known yet. */
  count = 0
  readonly #memory: ProducerMemory

  constructor(
    name: string,
    memory: ProducerMemory,
    serializers: TopicSerializers,
    partitioner: Partitioner | undefined,
  ) {
    this.name = name
    this.#memory = memory
    this.serializers = serializers
    this.partitioner = partitioner
  }

  /** There are so many now; fewer when it was made anew: what is on its way then is for the broker to refuse. */
  resize(count: number): void {
    const { partitions, name } = this
    for (let id = partitions.length; id < count; id++) partitions.push(new PartitionQueue(name, id, this.#memory))
    this.count = count
  }
  /** Those partitions. */
  get open(): readonly PartitionQueue[] {
    return this.count === this.partitions.length ? this.partitions : this.partitions.slice(0, this.count)
  }
}
