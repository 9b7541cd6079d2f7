// Which members are near which partitions (KIP-881), and whether that can make a difference. [pure: any thread]
import type { GroupMember, GroupTopic } from '../control/grouping.ts'

/** Racks of one topic, or of several, and of those who read it. */
export class Racks {
  /** Members and replicas share racks, and not every partition has a replica in each of them. */
  readonly matter: boolean
  readonly #replicas = new Map<string, readonly (readonly string[])[]>()

  constructor(members: readonly GroupMember[], topics: readonly GroupTopic[]) {
    const wanted = new Set(members.flatMap(({ rackId }) => rackId ?? []))
    const there = new Set<string>()
    for (const { topic, racks = [] } of topics) {
      this.#replicas.set(topic, racks)
      for (const replicas of racks) for (const rack of replicas) there.add(rack)
    }
    const shared = [...wanted].some((rack) => there.has(rack))
    const everywhere = topics.every(({ partitions, racks = [] }) => {
      return Array.from({ length: partitions }, (_, i) => new Set(racks[i])).every(({ size }) => size === there.size)
    })
    this.matter = shared && !everywhere
  }

  /** Whether a replica of the partition is where the member is. A member that does not tell is near everything. */
  match({ rackId }: GroupMember, topic: string, partition: number): boolean {
    return rackId === undefined || (this.#replicas.get(topic)?.[partition]?.includes(rackId) ?? false)
  }
}
