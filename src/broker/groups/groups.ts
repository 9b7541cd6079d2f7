// The group coordinator: which groups there are, of which kind, and which node speaks for them. [broker]
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { CoordinatorMoves } from '../coordinator-moves.ts'
import type { Topic } from '../topic.ts'
import { ClassicGroup } from './classic-group.ts'
import { ConsumerGroup, type GroupWorld } from './consumer-group.ts'
import type { CommitClaim, Group } from './group.ts'
import { checkGroupOptions, type GroupOptions } from './group-options.ts'

/** 0, or why the offset of this partition is not taken. */
export type CommitVerdict = (topicId: string, partition: number) => number

/** All groups of a cluster; every node sees the same ones. */
export class Groups {
  readonly world: GroupWorld
  readonly #groups = new Map<string, Group>()
  readonly moves: CoordinatorMoves

  constructor(world: {
    clock: Clock
    random: Random
    topics: ReadonlyMap<string, Topic>
    options?: GroupOptions | undefined
  }) {
    this.world = { ...world, options: checkGroupOptions(world.options) }
    this.moves = new CoordinatorMoves(world.clock)
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  get all(): Group[] {
    return [...this.#groups.values()]
  }

  /** The coordinator becomes another node, which has to load the group for so long. */
  move(id: string, nodeId: number, loadMs: number): void {
    this.#groups.get(id)?.unload()
    this.moves.move(id, nodeId, loadMs, () => this.#groups.get(id)?.load())
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

  /** Judges a commit; one from outside of any membership makes a group that is empty. */
  judgeCommit(id: string, claim: CommitClaim): CommitVerdict {
    const errorCode = this.#refuseCommit(id, claim)
    const isLate = errorCode === ErrorCode.STALE_MEMBER_EPOCH || errorCode === ErrorCode.ILLEGAL_GENERATION
    if (!isLate) return () => errorCode
    const group = this.#groups.get(id)
    return (topicId, partition) => (group?.takesLate(claim, topicId, partition) ? ErrorCode.NONE : errorCode)
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
    this.moves.close()
  }

  #refuseCommit(id: string, claim: CommitClaim): number {
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

  #put<G extends Group>(group: G): G {
    this.#groups.get(group.id)?.close()
    this.#groups.set(group.id, group)
    return group
  }
}
