// Calls a handler for one record or one batch until it is processed, or given up as the policy says.
// [any thread that runs handlers]
import type { Clock } from '../base/clock.ts'
import { MillraceError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { attempt, type ErrorPolicy, nextStep } from './attempts.ts'
import type { Batch, Pending } from './batch.ts'
import type { ConsumerRecord } from './record.ts'
import { DeserializationError } from './record-decoder.ts'
import type { RunContext } from './run-context.ts'

/** What handlers run under. */
export interface AttemptPlan {
  clock: Clock
  random: Random
  policy: ErrorPolicy
  timeoutMs: number | undefined
  /** What user code is called in errors. */
  handlerName: string
  /** The worker that this is. */
  worker: number | undefined
  /** Handed to handlers: fires when nobody waits for them any more. */
  handlers: AbortSignal
  /** No further attempt is made once it has fired. */
  ending: AbortSignal
  deadLetter(topic: string, batch: AnyBatch, i: number, error: unknown, attempts: number): Promise<void>
}

/** The partition that a batch is of, as it was when the batch was handed out. */
export interface Standing extends Pending {
  /** What was handed out is void: the partition was taken away or sought. */
  readonly stale: boolean
  /** Attempts at the record at this offset that ended with the death of their worker. */
  deaths?(offset: number): { attempts: number; error: unknown } | undefined
  /** A handler has begun with a batch from this offset on; what it gives is called when the handler has ended. */
  begins?(offset: number): () => void
}

type AnyBatch = Batch<unknown, unknown>
type AnyRecord = ConsumerRecord<unknown, unknown>

/** Record `row` of a batch. Resolves when it is processed, left out, sent elsewhere, or nobody's any more. */
export async function runRecord(
  plan: AttemptPlan,
  standing: Standing,
  batch: AnyBatch,
  row: number,
  eachRecord: (record: AnyRecord, context: RunContext) => unknown,
): Promise<void> {
  const ack = () => void batch.ack(row)
  const told = { worker: plan.worker, ack, commit: () => batch.commitFloor() }
  for (let number = 1; !standing.stale; number++) {
    try {
      const record = batch.decodeAt(row)
      if (record !== undefined) {
        await attempt((signal) => eachRecord(record, { signal, attempt: number, ...told }), limits(plan))
      }
      return ack()
    } catch (error) {
      if (standing.stale) return
      if (await settled(plan, batch, row, error, number)) return
    }
  }
}

/** A batch. What its handler acknowledged before it failed is spared; the rest is delivered again. */
export async function runBatch(
  plan: AttemptPlan,
  standing: Standing,
  batch: AnyBatch,
  eachBatch: (batch: AnyBatch, context: RunContext) => unknown,
): Promise<void> {
  /** The record that attempts are counted for: the first that is not processed. */
  let failing = -1
  let attempts = 0
  for (;;) {
    const part = standing.stale ? undefined : batch.left(standing)
    if (part === undefined) return
    if (part.baseOffset !== failing) {
      failing = part.baseOffset
      const deaths = standing.deaths?.(failing)
      attempts = deaths?.attempts ?? 0
      // The worker is new: that is all the wait there is before the next attempt.
      const step = deaths === undefined ? undefined : nextStep(plan.policy, attempts, deaths.error, plan.random)
      if (step !== undefined && step.do !== 'retry') {
        if ((await settled(plan, part, 0, deaths!.error, attempts)) && plan.ending.aborted) return
        continue
      }
    }
    try {
      await call(plan, standing, part, attempts + 1, eachBatch)
      part.ack()
    } catch (error) {
      if (standing.stale) return
      const left = part.left(standing)
      if (left === undefined && plan.policy.finally.do !== 'fail') continue
      const failed = left ?? part.part(part.count - 1, part.count)
      attempts = failed.baseOffset === failing ? attempts + 1 : 1
      failing = failed.baseOffset
      if ((await settled(plan, failed, 0, error, attempts)) && plan.ending.aborted) return
    }
  }
}

async function call(
  plan: AttemptPlan,
  standing: Standing,
  part: AnyBatch,
  number: number,
  eachBatch: (batch: AnyBatch, context: RunContext) => unknown,
): Promise<void> {
  const ended = standing.begins?.(part.baseOffset)
  const told = {
    attempt: number,
    worker: plan.worker,
    ack: (i?: number) => void part.ack(i),
    commit: () => part.commitFloor(),
  }
  try {
    await attempt((signal) => eachBatch(part, { signal, ...told }), limits(plan))
  } finally {
    ended?.()
  }
}

const limits = ({ clock, timeoutMs, handlers }: AttemptPlan) => ({ clock, timeoutMs, signal: handlers })

/** Does what the policy says. False: the record is to be tried again; true: nothing is left to be done about it now. */
async function settled(plan: AttemptPlan, batch: AnyBatch, i: number, error: unknown, attempts: number) {
  // Nobody waits any more: what the handler threw is perhaps just that.
  if (plan.handlers.aborted) return true
  const step = nextStep(plan.policy, attempts, error, plan.random)
  if (step.do === 'fail') throw failure(plan, batch, i, error, attempts)
  if (step.do === 'retry') {
    await rest(step.afterMs, plan)
    return plan.ending.aborted
  }
  if (step.do === 'deadLetter') await plan.deadLetter(step.topic, batch, i, error, attempts)
  batch.ack(i)
  return true
}

/** Waits, unless the run ends. */
function rest(ms: number, { clock, ending }: AttemptPlan): Promise<void> {
  if (ending.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel()
      ending.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.after(ms, done)
    ending.addEventListener('abort', done, { once: true })
  })
}

function failure(plan: AttemptPlan, batch: AnyBatch, i: number, error: unknown, attempts: number): MillraceError {
  if (error instanceof DeserializationError) return error
  const { topic, partition } = batch
  const offset = batch.released ? batch.baseOffset : batch.offsetAt(i)
  const times = attempts === 1 ? '' : ` in attempt ${attempts}`
  const why = error instanceof Error ? error.message : String(error)
  const text = `${plan.handlerName} failed at ${topic}[${partition}] offset ${offset}${times}: ${why}`
  return new MillraceError('HANDLER_FAILED', text, { topic, partition, offset, cause: error })
}
