// Questions about partitions, asked of their leaders: together per leader, repeated per partition. [I/O thread]
import { backoff } from '../base/backoff.ts'
import type { Timer } from '../base/clock.ts'
import { MillraceError, PartitionNotFound, ProtocolViolation, Timeout } from '../base/errors.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ApiName } from '../protocol/apis.ts'
import { brokerError, ErrorCode, isRetriable } from '../protocol/errors.ts'
import type { CallBounds, Cluster } from './cluster.ts'
import { type PartitionApi, type PartitionItem, PartitionQuestion } from './partition-question.ts'

/** A partition that does not answer well is asked less and less often, down to this (Java's reset backoff). */
const PARTITION_BACKOFF_MS_MAX = 30_000

/** Errors that say that the metadata is wrong, or may be. */
const LEADERSHIP: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_ID,
])

/** Batches whatever is asked at one moment, by whomever, into one request per leader. */
export class PartitionRequests<A extends ApiName, Item extends PartitionItem, Result> {
  readonly #cluster: Cluster
  readonly #spec: PartitionApi<A, Item, Result>
  #ready: PartitionQuestion<Item, Result>[] = []
  #flush: Timer | undefined
  /** Those that wait for their next attempt. */
  readonly #retries = new Map<Timer, readonly PartitionQuestion<Item, Result>[]>()

  constructor(cluster: Cluster, spec: PartitionApi<A, Item, Result>) {
    this.#cluster = cluster
    this.#spec = spec
    onAbort(cluster.closing, () => {
      for (const timer of this.#retries.keys()) timer.cancel()
      this.#flush?.cancel()
    })
    cluster.onChange((topics) => this.#leadersChanged(topics))
  }

  /** Resolves to the result or error of each item, in their order; rejects only when aborted or closed. */
  async askAll(items: readonly Item[], bounds: CallBounds): Promise<(Result | MillraceError)[]> {
    const { api } = this.#spec
    const deadline = this.#cluster.deadline(`${api} for ${items.length} partitions`, bounds)
    const all = items.map((item) => new PartitionQuestion<Item, Result>(item, deadline))
    const outcomes = Promise.all(all.map(({ outcome }) => outcome))
    this.#locate(all)
    try {
      return await deadline.race(outcomes)
    } catch (error) {
      if (!(error instanceof Timeout)) throw error
      // An answer for those that have none yet; the others keep theirs.
      for (const question of all) question.outOfTime(api)
      return await outcomes
    } finally {
      for (const question of all) question.over = true
      deadline.dispose()
    }
  }

  /** Makes sure of the metadata, topic by topic, so that a missing one does not hold up the others. */
  #locate(all: readonly PartitionQuestion<Item, Result>[]): void {
    const byTopic = new Map<string, PartitionQuestion<Item, Result>[]>()
    for (const question of all) {
      if (question.over) continue
      const same = byTopic.get(question.item.topic)
      if (same === undefined) byTopic.set(question.item.topic, [question])
      else same.push(question)
    }
    for (const [topic, group] of byTopic) {
      const timeoutMs = Math.max(...group.map(({ deadline }) => deadline.leftMs))
      this.#cluster.topic(topic, { timeoutMs }).then(
        () => this.#send(group),
        (error: MillraceError) => this.#failed(group, error),
      )
    }
  }

  /** Waits for the end of the moment, so that topics found by one metadata answer share requests. */
  #send(group: readonly PartitionQuestion<Item, Result>[]): void {
    this.#ready.push(...group)
    this.#flush ??= this.#cluster.host.clock.after(0, () => {
      this.#flush = undefined
      const ready = this.#ready
      this.#ready = []
      this.#sendByLeader(ready)
    })
  }

  #sendByLeader(ready: readonly PartitionQuestion<Item, Result>[]): void {
    const requests: {
      brokerId: number
      kind: string
      asked: Map<string, [PartitionQuestion<Item, Result>, number]>
    }[] = []
    for (const question of ready) {
      if (question.over) continue
      const { topic, partition } = question.item
      const leader = this.#cluster.leaderOf(topic, partition)
      if (leader === undefined) {
        this.#leaderless(question)
        continue
      }
      const { brokerId, leaderEpoch } = leader
      question.asked = leader
      const kind = this.#spec.kindOf(question.item)
      const key = `${topic}/${partition}`
      // A broker refuses a request that names a partition twice.
      let request = requests.find((one) => one.brokerId === brokerId && one.kind === kind && !one.asked.has(key))
      if (request === undefined) {
        request = { brokerId, kind, asked: new Map() }
        requests.push(request)
      }
      request.asked.set(key, [question, leaderEpoch])
    }
    for (const { brokerId, asked } of requests) void this.#ask(brokerId, asked)
  }

  #leaderless(question: PartitionQuestion<Item, Result>): void {
    const { topic, partition } = question.item
    const what = `${this.#spec.api} for ${topic}[${partition}]`
    if (this.#cluster.metadata.partition(topic, partition) !== undefined) {
      this.#later([question], brokerError(ErrorCode.LEADER_NOT_AVAILABLE, { what, topic, partition }))
    } else if (question.looked) {
      const text = `Topic '${topic}' has no partition ${partition}.`
      question.settle(new PartitionNotFound('PARTITION_NOT_FOUND', text, { topic, partition }))
    } else {
      // It may have been added since the metadata was made.
      question.looked = true
      this.#cluster.markStale(topic, partition)
      this.#locate([question])
    }
  }

  async #ask(brokerId: number, asked: ReadonlyMap<string, [PartitionQuestion<Item, Result>, number]>): Promise<void> {
    const { api, body, minVersion, read } = this.#spec
    const waiting = new Map([...asked].map(([key, [question]]) => [key, question]))
    let broker: string | undefined
    try {
      const connection = await this.#cluster.channel(brokerId, 'admin')!.connection()
      broker = connection.broker
      const addressed = [...asked.values()].map(([{ item }, leaderEpoch]) => ({ item, leaderEpoch }))
      const version = Math.max(...addressed.map(({ item }) => minVersion(item)))
      const answer = await connection.request(api, body(addressed), { minVersion: version })
      const failed = new Map<number, PartitionQuestion<Item, Result>[]>()
      for (const { topic, partition, errorCode, result } of read(answer.body)) {
        const key = `${topic}/${partition}`
        const question = waiting.get(key)
        // Not asked for, or told twice: the first word counts.
        if (question === undefined) continue
        waiting.delete(key)
        if (errorCode === 0) question.settle(result)
        else failed.set(errorCode, [...(failed.get(errorCode) ?? []), question])
      }
      for (const [code, group] of failed) this.#refused(group, code, broker)
      if (waiting.size > 0) this.#failed([...waiting.values()], unanswered(api, broker))
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      this.#failed([...waiting.values()], error)
    }
  }

  #refused(group: readonly PartitionQuestion<Item, Result>[], code: number, broker: string): void {
    const errorOf = ({ topic, partition }: PartitionItem) => {
      const what = `${this.#spec.api} for ${topic}[${partition}]`
      return brokerError(code, { what, topic, partition, broker })
    }
    if (!isRetriable(code)) {
      for (const question of group) question.settle(errorOf(question.item))
      return
    }
    if (LEADERSHIP.has(code)) for (const { item } of group) this.#cluster.markStale(item.topic, item.partition)
    this.#later(group, errorOf(group[0]!.item))
  }

  /** The whole request failed, or a topic could not be found. */
  #failed(group: readonly PartitionQuestion<Item, Result>[], error: MillraceError): void {
    if (!error.retriable || error.code === 'NO_BROKER_REACHABLE') {
      for (const question of group) question.settle(error)
      return
    }
    for (const { item } of group) this.#cluster.markStale(item.topic, item.partition)
    this.#later(group, error)
  }

  /** Those that failed together wait together, so that they are asked together again. */
  #later(group: readonly PartitionQuestion<Item, Result>[], error: MillraceError): void {
    const { clock, random, options } = this.#cluster.host
    const attempt = Math.max(...group.map((question) => question.attempt))
    for (const question of group) {
      question.attempt++
      question.lastError = error
    }
    const shape = { baseMs: options.retryBackoffMs, maxMs: PARTITION_BACKOFF_MS_MAX }
    const timer = clock.after(backoff(attempt, shape, random), () => {
      this.#retries.delete(timer)
      this.#locate(group)
    })
    this.#retries.set(timer, group)
  }

  /** What was wrong with the old leader need not be wrong with the new one: it is asked at once. */
  #leadersChanged(topics: ReadonlySet<string>): void {
    for (const [timer, group] of [...this.#retries]) {
      const moved = group.filter((question) => topics.has(question.item.topic) && this.#moved(question))
      if (moved.length === 0) continue
      timer.cancel()
      this.#retries.delete(timer)
      for (const question of moved) question.attempt = 0
      this.#locate(group)
    }
  }

  #moved({ item, asked }: PartitionQuestion<Item, Result>): boolean {
    const { metadata } = this.#cluster
    const found = metadata.partition(item.topic, item.partition)
    if (found === undefined || metadata.broker(found.leaderId) === undefined) return false
    return found.leaderId !== asked?.brokerId || found.leaderEpoch !== asked.leaderEpoch
  }
}

/** A broker that forgets a partition may remember it the next time. */
function unanswered(api: string, broker: string): ProtocolViolation {
  const text = `${broker} answered ${api} without naming all partitions that it was asked for.`
  return new ProtocolViolation('INCOMPLETE_RESPONSE', text, { broker, retriable: true })
}
