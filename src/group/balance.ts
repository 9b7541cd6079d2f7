// Balanced and sticky: members keep what they have as far as nobody gets two partitions more than somebody who could
// take one of them. [pure: any thread]
import type { GroupAssignment, GroupMember, GroupPartition, GroupTopic } from '../control/grouping.ts'
import { byMemberOrder, compare, groupKey } from './assignor.ts'
import { Racks } from './racks.ts'

/** What a member had, and in which generation. */
export interface Claim {
  owned: readonly GroupPartition[]
  generation: number
}

/** Shares out; `claimOf` says what each member had. */
export function balance(
  members: readonly GroupMember[],
  topics: readonly GroupTopic[],
  claimOf: (member: GroupMember) => Claim,
): GroupAssignment {
  const balancing = new Balancing(members, topics)
  balancing.keep(claimOf)
  balancing.fill()
  balancing.level()
  balancing.approach()
  return balancing.assignment()
}

/** One member while partitions are shared out. */
interface Seat {
  member: GroupMember
  topics: Set<string>
  /** By topic, the partitions it has now. */
  has: Map<string, Set<number>>
  load: number
}

/** A partition that goes from one seat to another. */
interface Step {
  from: Seat
  to: Seat
  topic: string
}

class Balancing {
  readonly #seats: Seat[]
  readonly #topics: GroupTopic[]
  readonly #readers = new Map<string, Seat[]>()
  readonly #racks: Racks
  /** Who had a partition last: it gets it back before others when all else is equal. */
  readonly #before = new Map<string, Seat>()

  constructor(members: readonly GroupMember[], topics: readonly GroupTopic[]) {
    this.#seats = [...members].sort(byMemberOrder).map((member) => {
      return { member, topics: new Set(member.topics), has: new Map(), load: 0 }
    })
    this.#topics = [...topics].sort((a, b) => compare(a.topic, b.topic))
    for (const { topic } of topics) {
      this.#readers.set(
        topic,
        this.#seats.filter((seat) => seat.topics.has(topic)),
      )
    }
    this.#racks = new Racks(members, topics)
  }

  /** Leaves partitions where they were. Of two who claim one, that of the later generation had it; else nobody. */
  keep(claimOf: (member: GroupMember) => Claim): void {
    const counts = new Map(this.#topics.map(({ topic, partitions }) => [topic, partitions]))
    const owners = new Map<string, { seat: Seat | undefined; generation: number; at: GroupPartition }>()
    for (const seat of this.#seats) {
      const { owned, generation } = claimOf(seat.member)
      for (const at of owned) {
        if (!seat.topics.has(at.topic) || at.partition < 0 || at.partition >= (counts.get(at.topic) ?? 0)) continue
        const key = groupKey(at)
        const other = owners.get(key)
        if (other === undefined || other.generation < generation) owners.set(key, { seat, generation, at })
        else if (other.generation === generation && other.seat !== seat) other.seat = undefined
      }
    }
    for (const [key, { seat, at }] of owners) {
      if (seat === undefined) continue
      this.#before.set(key, seat)
      give(seat, at)
    }
  }

  /** Gives what nobody has to whoever has least; those who are near come first. */
  fill(): void {
    if (this.#racks.matter) {
      const fair = Math.ceil(this.#topics.reduce((sum, { partitions }) => sum + partitions, 0) / this.#seats.length)
      this.#fill((seat, at) => seat.load < fair && this.#near(seat, at))
    }
    this.#fill(() => true)
  }

  #fill(suits: (seat: Seat, at: GroupPartition) => boolean): void {
    for (const at of this.#open()) {
      let best: Seat | undefined
      const before = this.#before.get(groupKey(at))
      for (const seat of this.#readers.get(at.topic)!) {
        if (!suits(seat, at)) continue
        if (best === undefined || seat.load < best.load || (seat.load === best.load && seat === before)) best = seat
      }
      if (best !== undefined) give(best, at)
    }
  }

  /** Partitions without an owner; those that few members may have come first. */
  #open(): GroupPartition[] {
    const taken = new Map(this.#topics.map(({ topic }) => [topic, new Set<number>()]))
    for (const { has } of this.#seats) {
      for (const [topic, partitions] of has) for (const one of partitions) taken.get(topic)!.add(one)
    }
    const byChoice = [...this.#topics].sort((a, b) => this.#choice(a.topic) - this.#choice(b.topic))
    return byChoice.flatMap(({ topic, partitions }) => {
      if (this.#choice(topic) === 0) return []
      const open = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
      return open.filter(({ partition }) => !taken.get(topic)!.has(partition))
    })
  }

  #choice(topic: string): number {
    return this.#readers.get(topic)!.length
  }

  /**
   * Moves partitions, one at a time, until no member has two more than another that it could give to, be it by way of
   * others: A gives to B what B is subscribed to, and B gives to C what A could not. Each move lowers the sum of the
   * squares of the loads, so it ends.
   */
  level(): void {
    for (;;) {
      const path = this.#path()
      if (path === undefined) return
      for (const { from, to, topic } of path) give(to, { topic, partition: this.#leastSticky(from, to, topic) }, from)
    }
  }

  #path(): Step[] | undefined {
    for (const start of [...this.#seats].sort((a, b) => b.load - a.load)) {
      const path = this.#pathFrom(start)
      if (path !== undefined) return path
    }
    return undefined
  }

  /** The shortest way from a seat to one that has at least two less; of equal ones that to the least loaded. */
  #pathFrom(start: Seat): Step[] | undefined {
    const steps = new Map<Seat, Step | undefined>([[start, undefined]])
    const asked = new Set<string>()
    let edge = [start]
    while (edge.length > 0) {
      const next: Seat[] = []
      for (const from of edge) {
        for (const [topic, partitions] of from.has) {
          if (partitions.size === 0 || asked.has(topic)) continue
          asked.add(topic)
          for (const to of this.#readers.get(topic)!) {
            if (steps.has(to)) continue
            steps.set(to, { from, to, topic })
            next.push(to)
          }
        }
      }
      const least = next.reduce<Seat | undefined>((a, b) => (a === undefined || b.load < a.load ? b : a), undefined)
      if (least !== undefined && least.load <= start.load - 2) return walkBack(least, steps)
      edge = next
    }
    return undefined
  }

  /**
   * Brings partitions nearer where loads stay as even as they are: to a member with less, or in exchange for another.
   * Each step puts one more partition near its reader, so it ends, and a group at rest stays as it is.
   */
  approach(): void {
    if (!this.#racks.matter) return
    for (const from of this.#seats) {
      for (const [topic, partitions] of from.has) {
        for (const partition of [...partitions]) {
          if (!this.#near(from, { topic, partition })) this.#bringNearer(from, { topic, partition })
        }
      }
    }
  }

  #bringNearer(from: Seat, at: GroupPartition): void {
    const near = this.#readers.get(at.topic)!.filter((seat) => this.#near(seat, at))
    const free = near.find((seat) => seat.load < from.load)
    if (free !== undefined) return give(free, at, from)
    for (const to of near) {
      const back = this.#exchange(from, to)
      if (back === undefined) continue
      give(to, at, from)
      give(from, back, to)
      return
    }
  }

  /** What `to` can give back without being farther from it than `from` is. */
  #exchange(from: Seat, to: Seat): GroupPartition | undefined {
    for (const [topic, partitions] of to.has) {
      if (!from.topics.has(topic)) continue
      for (const partition of partitions) {
        const back = { topic, partition }
        if (this.#near(from, back) || !this.#near(to, back)) return back
      }
    }
    return undefined
  }

  #near(seat: Seat, { topic, partition }: GroupPartition): boolean {
    return this.#racks.match(seat.member, topic, partition)
  }

  /** Which partition of the topic goes: one that the taker had, or is near, before one that the giver had. */
  #leastSticky(from: Seat, to: Seat, topic: string): number {
    let best = -1
    let bestRank = -1
    for (const partition of from.has.get(topic)!) {
      const before = this.#before.get(groupKey({ topic, partition }))
      const near = this.#racks.matter && this.#near(to, { topic, partition }) ? 4 : 0
      const rank = near + (before === to ? 2 : before === from ? 0 : 1)
      if (rank >= bestRank) {
        best = partition
        bestRank = rank
      }
    }
    return best
  }

  assignment(): GroupAssignment {
    return new Map(
      this.#seats.map(({ member, has }) => {
        const given = this.#topics.flatMap(({ topic }) => {
          return [...(has.get(topic) ?? [])].sort((a, b) => a - b).map((partition) => ({ topic, partition }))
        })
        return [member.memberId, given]
      }),
    )
  }
}

function walkBack(end: Seat, steps: ReadonlyMap<Seat, Step | undefined>): Step[] {
  const path: Step[] = []
  for (let step = steps.get(end); step !== undefined; step = steps.get(step.from)) path.unshift(step)
  return path
}

function give(to: Seat, { topic, partition }: GroupPartition, from?: Seat): void {
  if (from !== undefined) {
    from.has.get(topic)!.delete(partition)
    from.load--
  }
  const partitions = to.has.get(topic)
  if (partitions === undefined) to.has.set(topic, new Set([partition]))
  else partitions.add(partition)
  to.load++
}
