// Which lane each partition of a producer goes by, and which of them have to wait before the next try. [I/O thread]
import { backoff } from '../../base/backoff.ts'
import type { Timer } from '../../base/clock.ts'
import type { MillraceError } from '../../base/errors.ts'
import { brokerError, ErrorCode } from '../../protocol/errors.ts'
import type { Role } from '../channel.ts'
import { Lane, type LanePlan } from './lane.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** Where a partition stands. */
interface Place {
  brokerId: number | undefined
  lane: Lane | undefined
  /** Runs while the partition waits. */
  timer: Timer | undefined
  /** Times in a row that its leader was not known or not reachable. */
  failureCount: number
}

/** What routes are made with. */
export interface RoutesPlan extends Omit<LanePlan, 'brokerId' | 'role' | 'unreachable'> {
  producer: number
}

/** A partition stays with one connection as long as its leader stays, and leaves it with nothing in flight. */
export class Routes {
  readonly #plan: RoutesPlan
  readonly #places = new Map<PartitionQueue, Place>()
  /** By broker and connection. */
  readonly #lanes = new Map<string, Lane>()
  /** Partitions given to a broker so far: which of its connections the next one gets. */
  readonly #given = new Map<number, number>()
  readonly #dirty = new Set<Lane>()
  readonly #unlisten: () => void
  #pumping = false
  #closed = false

  constructor(plan: RoutesPlan) {
    this.#plan = plan
    this.#unlisten = plan.cluster.onChange((topics) => this.#changed(topics))
  }

  /** The partition may have something to send: `pump` sends it, unless it has to wait. */
  wake(queue: PartitionQueue): void {
    if (this.#closed) return
    const place = this.#placeOf(queue)
    if (place.timer !== undefined || queue.idle) return
    const leader = this.#plan.cluster.leaderOf(queue.topic, queue.partition)
    if (leader === undefined) {
      queue.lastError = this.#noLeader(queue)
      return this.#pauseLonger(queue, place)
    }
    if (leader.brokerId !== place.brokerId) {
      // What is on its way by the old lane could be overtaken.
      if (queue.inFlightCount > 0) return
      place.lane?.remove(queue)
      place.brokerId = leader.brokerId
      place.lane = this.#laneTo(leader.brokerId)
    }
    place.lane!.add(queue)
    this.#dirty.add(place.lane!)
  }

  /** Sends what may be sent of all that was woken. */
  pump(): void {
    // What a lane tells from within adds to those that the outer loop goes through.
    if (this.#pumping) return
    this.#pumping = true
    for (const lane of this.#dirty) {
      this.#dirty.delete(lane)
      lane.pump()
    }
    this.#pumping = false
  }

  /** The partition waits so long before it is tried again. */
  pause(queue: PartitionQueue, delayMs: number): void {
    const place = this.#placeOf(queue)
    place.lane?.remove(queue)
    place.timer ??= this.#plan.cluster.host.clock.after(delayMs, () => this.#resume(queue, place))
  }

  /** How long to wait after failure number `attempt` (from 0). */
  backoffMs(attempt: number): number {
    const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs } = this.#plan.settings
    return backoff(attempt, { baseMs, maxMs }, this.#plan.cluster.host.random)
  }

  /** Another broker leads the partition than the one it was sent to last. */
  hasMoved(queue: PartitionQueue): boolean {
    const leader = this.#plan.cluster.leaderOf(queue.topic, queue.partition)
    return leader !== undefined && leader.brokerId !== this.#placeOf(queue).brokerId
  }

  /** A broker answered for it. */
  reached(queue: PartitionQueue): void {
    this.#placeOf(queue).failureCount = 0
  }

  /** Nothing is sent any more, and the connections are closed. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unlisten()
    for (const { timer } of this.#places.values()) timer?.cancel()
    const { cluster, settings } = this.#plan
    for (let pin = 0; pin < settings.connectionsPerBroker; pin++) cluster.releaseRole(this.#roleOf(pin))
  }

  #placeOf(queue: PartitionQueue): Place {
    let place = this.#places.get(queue)
    if (place === undefined) {
      place = { brokerId: undefined, lane: undefined, timer: undefined, failureCount: 0 }
      this.#places.set(queue, place)
    }
    return place
  }

  #resume(queue: PartitionQueue, place: Place): void {
    place.timer = undefined
    this.wake(queue)
    this.pump()
  }

  #noLeader({ topic, partition }: PartitionQueue): MillraceError {
    const { contact, metadata } = this.#plan.cluster
    const code = metadata.peek(topic)?.errorCode ?? 0
    const details = { what: `The leader of ${topic}-${partition}`, topic, partition }
    return contact.failure ?? brokerError(code > 0 ? code : ErrorCode.LEADER_NOT_AVAILABLE, details)
  }

  #pauseLonger(queue: PartitionQueue, place: Place): void {
    this.pause(queue, this.backoffMs(place.failureCount++))
  }

  /** A leader that changed is tried at once, whatever happened with the old one (KIP-951). */
  #changed(topics: ReadonlySet<string>): void {
    for (const [queue, place] of this.#places) {
      if (!topics.has(queue.topic) || place.timer === undefined) continue
      const leader = this.#plan.cluster.leaderOf(queue.topic, queue.partition)
      if (leader === undefined || leader.brokerId === place.brokerId) continue
      place.timer.cancel()
      place.timer = undefined
      this.wake(queue)
    }
    this.pump()
  }

  #laneTo(brokerId: number): Lane {
    const given = this.#given.get(brokerId) ?? 0
    this.#given.set(brokerId, given + 1)
    const pin = given % this.#plan.settings.connectionsPerBroker
    const name = `${brokerId}/${pin}`
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      const role = this.#roleOf(pin)
      const unreachable = (queues: readonly PartitionQueue[], error?: MillraceError) => this.#unreachable(queues, error)
      lane = new Lane({ ...this.#plan, brokerId, role, unreachable })
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #roleOf(pin: number): Role {
    return `produce:${this.#plan.producer}/${pin}`
  }

  #unreachable(queues: readonly PartitionQueue[], error: MillraceError | undefined): void {
    if (this.#closed) return
    for (const queue of queues) {
      queue.lastError = error ?? queue.lastError
      this.#plan.cluster.markStale(queue.topic, queue.partition)
      this.#pauseLonger(queue, this.#placeOf(queue))
    }
  }
}
