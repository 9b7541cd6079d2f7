// What a consumer's membership is to the rest of the I/O thread, whichever protocol it speaks. [I/O thread]
import type { Random } from '../../base/random.ts'
import type { GroupNews, GroupQuestion, GroupSettings, GroupSubscription } from '../../control/grouping.ts'
import type { ProgressWord } from '../../ring/progress.ts'
import type { Cluster } from '../cluster.ts'
import type { Requester } from '../requester.ts'
import type { Answered } from './questions.ts'

/** What a membership works with. */
export interface MembershipHost {
  readonly settings: GroupSettings
  readonly cluster: Cluster
  readonly requester: Requester
  readonly random: Random
  /** When user code last made progress. */
  readonly progress: ProgressWord
  /** The connections of this consumer to coordinators: a JoinGroup that waits must not stand before a commit. */
  readonly role: `group:${number}`
  /** Tells main. */
  tell(news: GroupNews): void
  /** Has main do something; answers undefined when it takes longer than the group can wait. */
  ask(question: GroupQuestion): Promise<Answered | undefined>
}

/** One consumer in its group. */
export interface Membership {
  /** Joins, or changes the subscription. */
  subscribe(subscription: GroupSubscription): void
  /** Has the group rebalance. */
  rejoin(reason: string): void
  /**
   * Gives up what it has and leaves; rejects with what the coordinator said, when that is worth knowing. A static
   * member is expected back, unless `permanently`.
   */
  leave(bounds: { permanently: boolean; timeoutMs: number }): Promise<void>
  /** Ends at once, without a word to anybody. */
  close(): void
}
