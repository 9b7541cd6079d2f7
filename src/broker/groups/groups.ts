// The group coordinator: which groups there are, of which kind, and which node speaks for them. [broker]
import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Topic } from '../topic.ts'
import { ClassicGroup } from './classic-group.ts'
import { ConsumerGroup, type GroupWorld } from './consumer-group.ts'
import type { CommitClaim, Group } from './group.ts'
import { checkGroupOptions, type GroupOptions } from './group-options.ts'

/** All groups of a cluster; every node sees the same ones. */
export class Groups {
  readonly world: GroupWorld
  readonly #groups = new Map<string, Group>()
  /** Groups whose coordinator was moved, with the node that has them now. */
  readonly #moved = new Map<string, number>()
  /** Groups that their new coordinator is still reading from the log. */
  readonly #loading = new Map<string, Timer>()

  constructor(world: {
    clock: Clock
    random: Random
    topics: ReadonlyMap<string, Topic>
    options?: GroupOptions | undefined
  }) {
    this.world = { ...world, options: checkGroupOptions(world.options) }
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  get all(): Group[] {
    return [...this.#groups.values()]
  }

  /** The node that a group was moved to. */
  movedTo(id: string): number | undefined {
    return this.#moved.get(id)
  }

  isLoading(id: string): boolean {
    return this.#loading.has(id)
  }

  /** The coordinator becomes another node, which has to load the group for so long. */
  move(id: string, nodeId: number, loadMs: number): void {
    this.#moved.set(id, nodeId)
    this.#groups.get(id)?.unload()
    this.#loading.get(id)?.cancel()
    if (loadMs > 0)
      this.#loading.set(
        id,
        this.world.clock.after(loadMs, () => this.#loading.delete(id)),
      )
    else this.#loading.delete(id)
  }

  /** The classic group; an empty one takes the place of an empty group of the other kind. */
  classic(id: string, mayCreate: boolean): ClassicGroup | undefined {
    const group = this.#groups.get(id)
    if (group instanceof ClassicGroup) return group
    if (!mayCreate || group?.isEmpty === false) return undefined
    return this.#put(new ClassicGroup(id, this.world))
  }

  /** The same for KIP-848. */
  consumer(id: string, mayCreate: boolean): ConsumerGroup | undefined {
    const group = this.#groups.get(id)
    if (group instanceof ConsumerGroup) return group
    if (!mayCreate || group?.isEmpty === false) return undefined
    return this.#put(new ConsumerGroup(id, this.world))
  }

  /** 0, or why the commit is not taken. One from outside of any membership makes a group that is empty. */
  refuseCommit(id: string, claim: CommitClaim): number {
    const group = this.#groups.get(id)
    if (group !== undefined) {
      const errorCode = group.refuseCommit(claim)
      if (errorCode === ErrorCode.NONE) group.committed(claim.memberId)
      return errorCode
    }
    if (claim.generationId >= 0) {
      // The code is younger than the old versions.
      return claim.version >= 9 && !claim.transactional ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
    }
    this.#put(new ClassicGroup(id, this.world))
    return ErrorCode.NONE
  }

  /** 0, or why the group stays. Its offsets are the caller's. */
  delete(id: string): number {
    const group = this.#groups.get(id)
    if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
    if (!group.isEmpty) return ErrorCode.NON_EMPTY_GROUP
    group.close()
    this.#groups.delete(id)
    return ErrorCode.NONE
  }

  /** Ends all timers. */
  close(): void {
    for (const group of this.#groups.values()) group.close()
    for (const timer of this.#loading.values()) timer.cancel()
  }

  #put<G extends Group>(group: G): G {
    this.#groups.get(group.id)?.close()
    this.#groups.set(group.id, group)
    return group
  }
}
