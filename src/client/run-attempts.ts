// Calls a handler for one record or one batch until it is processed, or given up as the policy says. [main thread]
import type { Clock } from '../base/clock.ts'
import { MillraceError } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import { attempt, type ErrorPolicy, nextStep } from '../delivery/attempts.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import { DeserializationError } from '../delivery/record-decoder.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import { pause } from './retry.ts'
import type { RunContext } from './run-options.ts'

/** What handlers run under. */
export interface AttemptPlan {
  clock: Clock
  policy: ErrorPolicy
  timeoutMs: number | undefined
  /** Handed to handlers: fires when nobody waits for them any more. */
  handlers: AbortSignal
  /** No further attempt is made once it has fired. */
  ending: AbortSignal
  deadLetter(topic: string, batch: AnyBatch, i: number, error: unknown, attempts: number): Promise<void>
}

type AnyBatch = Batch<unknown, unknown>
type AnyRecord = ConsumerRecord<unknown, unknown>

/** Record `row` of a batch. Resolves when it is processed, left out, sent elsewhere, or nobody's any more. */
export async function runRecord(
  plan: AttemptPlan,
  partition: ConsumerPartition,
  batch: AnyBatch,
  row: number,
  eachRecord: (record: AnyRecord, context: RunContext) => unknown,
): Promise<void> {
  const stale = staleness(partition)
  const ack = () => void batch.ack(row)
  for (let number = 1; !stale(); number++) {
    try {
      const record = batch.decodeAt(row)
      if (record !== undefined) {
        await attempt((signal) => eachRecord(record, { signal, attempt: number, worker: undefined, ack }), limits(plan))
      }
      return ack()
    } catch (error) {
      if (stale()) return
      if (await settled(plan, batch, row, error, number)) return
    }
  }
}

/** A batch. What its handler acknowledged before it failed is spared; the rest is delivered again. */
export async function runBatch(
  plan: AttemptPlan,
  partition: ConsumerPartition,
  batch: AnyBatch,
  eachBatch: (batch: AnyBatch, context: RunContext) => unknown,
): Promise<void> {
  const stale = staleness(partition)
  /** The record that attempts are counted for: the first that is not processed. */
  let failing = -1
  let attempts = 0
  while (!stale()) {
    const rows = partition.pendingRows(batch)
    if (rows === undefined) return
    const part = batch.part(rows.first, rows.end)
    const number = part.baseOffset === failing ? attempts + 1 : 1
    const ack = (i?: number) => void part.ack(i)
    try {
      await attempt((signal) => eachBatch(part, { signal, attempt: number, worker: undefined, ack }), limits(plan))
      part.ack()
    } catch (error) {
      if (stale()) return
      const left = partition.pendingRows(part)
      if (left === undefined && plan.policy.finally.do !== 'fail') continue
      const row = left?.first ?? part.count - 1
      const offset = part.offsetAt(row)
      attempts = offset === failing ? attempts + 1 : 1
      failing = offset
      if ((await settled(plan, part, row, error, attempts)) && plan.ending.aborted) return
    }
  }
}

const limits = ({ clock, timeoutMs, handlers }: AttemptPlan) => ({ clock, timeoutMs, signal: handlers })

/** Whether what was handed out is void: the partition was taken away or sought. */
function staleness(partition: ConsumerPartition): () => boolean {
  const { tracker } = partition
  const { generation } = tracker
  return () => !partition.live || tracker.generation !== generation
}

/** Does what the policy says. False: the record is to be tried again; true: nothing is left to be done about it now. */
async function settled(plan: AttemptPlan, batch: AnyBatch, i: number, error: unknown, attempts: number) {
  // Nobody waits any more: what the handler threw is perhaps just that.
  if (plan.handlers.aborted) return true
  const step = nextStep(plan.policy, attempts, error, systemRandom)
  if (step.do === 'fail') throw failure(batch, i, error, attempts)
  if (step.do === 'retry') {
    await pause(step.afterMs, plan.clock, plan.ending).catch(() => undefined)
    return plan.ending.aborted
  }
  if (step.do === 'deadLetter') await plan.deadLetter(step.topic, batch, i, error, attempts)
  batch.ack(i)
  return true
}

function failure(batch: AnyBatch, i: number, error: unknown, attempts: number): MillraceError {
  if (error instanceof DeserializationError) return error
  const { topic, partition } = batch
  const offset = batch.released ? batch.baseOffset : batch.offsetAt(i)
  const times = attempts === 1 ? '' : ` in attempt ${attempts}`
  const why = error instanceof Error ? error.message : String(error)
  const text = `The handler failed at ${topic}[${partition}] offset ${offset}${times}: ${why}`
  return new MillraceError('HANDLER_FAILED', text, { topic, partition, offset, cause: error })
}
