// Where one reader stands in one partition. [I/O thread]
import type { CursorStart } from '../control/commands.ts'

/**
 * What a cursor is doing: fetched from its leader; looking for a leader; checking its position after a change of
 * leader epoch (KIP-320); asking where to go on after OFFSET_OUT_OF_RANGE; or stopped by an error, for good.
 */
export type CursorState = 'fetching' | 'locating' | 'validating' | 'resetting' | 'failed'

/** A (reader, partition) on the I/O thread. Seeks replace its generation; answers to older requests are ignored. */
export class Cursor {
  readonly slot: number
  readonly topic: string
  readonly partition: number
  readonly end: number | undefined
  generation: number
  position: number
  /**
   * Rises when answers that are under way stop counting: at a seek, and when the cursor leaves the leader that it was
   * fetched from. Else two leaders' answers to one position would mix.
   */
  turn = 0
  #state: CursorState = 'locating'
  /** Who leads the partition. */
  leader = -1
  /** The node it is fetched from while `fetching`: the leader, or a replica that the leader named (KIP-392). */
  node = -1
  /** When the leader is asked again whether another replica is closer; only while `node` is not the leader. */
  nodeUntilMs = 0
  leaderEpoch = -1
  /** Fixed when first seen: a topic that was deleted and made again has another id, and other offsets. */
  topicId: string | undefined
  /** Leader epoch of the last batch fetched, which OffsetForLeaderEpoch asks about. */
  lastEpoch = -1
  /** Size of the last batch fetched. */
  batchBytes = 0
  /** Failed attempts in a row to find or reach the leader. */
  attempts = 0

  constructor({ slot, generation, topic, partition, position, end }: CursorStart) {
    this.slot = slot
    this.generation = generation
    this.topic = topic
    this.partition = partition
    this.position = position
    this.end = end
  }

  get state(): CursorState {
    return this.#state
  }

  set state(next: CursorState) {
    if (this.#state === 'fetching' && next !== 'fetching') this.turn++
    this.#state = next
  }

  /** Nothing is left to fetch. */
  get finished(): boolean {
    return this.end !== undefined && this.position >= this.end
  }

  /** Starts anew at another offset. */
  seek(position: number, generation: number): void {
    this.position = position
    this.generation = generation
    this.turn++
    this.lastEpoch = -1
    if (this.state !== 'fetching') this.state = 'locating'
  }
}
