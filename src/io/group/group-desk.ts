// All memberships of a `Kafka` instance: hands main's commands to them, and their questions to main. [I/O thread]
import type { Random } from '../../base/random.ts'
import type { GroupCommand, GroupEvent, GroupSettings } from '../../control/grouping.ts'
import { ProgressWord } from '../../ring/progress.ts'
import type { Cluster } from '../cluster.ts'
import type { Requester } from '../requester.ts'
import { ClassicMembership } from './classic.ts'
import { ConsumerMembership } from './kip848.ts'
import type { Membership, MembershipHost } from './membership.ts'
import { Questions } from './questions.ts'

/** What memberships share. */
export interface GroupDeskPlan {
  cluster: Cluster
  requester: Requester
  random: Random
  post(consumer: number, event: GroupEvent): void
}

interface Entry {
  membership: Membership
  questions: Questions
  role: MembershipHost['role']
}

/** One entry a consumer that has a subscription. */
export class GroupDesk {
  readonly #plan: GroupDeskPlan
  readonly #entries = new Map<number, Entry>()

  constructor(plan: GroupDeskPlan) {
    this.#plan = plan
  }

  /** A command of main. */
  command(consumer: number, command: GroupCommand): void {
    if (command.do === 'open') {
      this.#entries.set(consumer, this.#open(consumer, command.settings))
      return
    }
    const entry = this.#entries.get(consumer)
    if (entry === undefined) return
    switch (command.do) {
      case 'subscribe':
        return entry.membership.subscribe(command.subscription)
      case 'rejoin':
        return entry.membership.rejoin(command.reason)
      case 'done':
        return entry.questions.answered(command.id, command)
      case 'close':
        return this.#close(consumer, entry)
    }
  }

  /** Leaves the group, within the time given. */
  async leave(consumer: number, permanently: boolean, timeoutMs: number): Promise<undefined> {
    await this.#entries.get(consumer)?.membership.leave({ permanently, timeoutMs })
    return undefined
  }

  /** Ends everything, without a word to coordinators. */
  close(): void {
    for (const [consumer, entry] of this.#entries) this.#close(consumer, entry)
  }

  #open(consumer: number, settings: GroupSettings): Entry {
    const { cluster, requester, random, post } = this.#plan
    const role = `group:${consumer}` as const
    const { clock } = cluster.host
    // Whoever answers later than this is no member any more: the coordinator has waited as long.
    const questions = new Questions(clock, settings.maxPollIntervalMs, (event) => post(consumer, event))
    const host: MembershipHost = {
      ...{ settings, cluster, requester, random, role },
      progress: new ProgressWord(settings.progress),
      tell: (news) => post(consumer, news),
      ask: (question) => questions.ask(question),
    }
    const make = settings.groupProtocol === 'classic' ? ClassicMembership : ConsumerMembership
    return { membership: new make(host), questions, role }
  }

  #close(consumer: number, { membership, questions, role }: Entry): void {
    this.#entries.delete(consumer)
    membership.close()
    questions.close()
    this.#plan.cluster.releaseRole(role)
  }
}
