// Asks the brokers for offsets: the ends of logs, and the first record at or after a time. [main thread]
import { fromWire } from '../base/errors.ts'
import type { Call, OffsetAnswer } from '../control/commands.ts'
import type { CallLimits } from '../engine/calls.ts'
import type { Engine } from '../engine/engine.ts'

/** What is asked, and what is visible to whoever asks. */
export type OffsetQuestion = Omit<Extract<Call, { op: 'offsets' }>, 'op'>

/** An answer for each query, in their order: one request a leader. The first error is thrown. */
export async function askOffsets(
  engine: Engine,
  question: OffsetQuestion,
  limits: CallLimits,
): Promise<readonly OffsetAnswer[]> {
  if (question.queries.length === 0) return []
  const answers: OffsetAnswer[] = await engine.call({ op: 'offsets', ...question }, limits)
  const failed = answers.find(({ error }) => error !== undefined)
  if (failed?.error !== undefined) throw fromWire(failed.error)
  return answers
}
