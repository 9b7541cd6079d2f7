// A record that failed for good, as plain data that outlives its batch. [any thread that runs handlers]
import type { DeadLetter } from '../control/processing.ts'
import type { Batch } from './batch.ts'

/** Record `i` of a batch, and what became of it. */
export function deadLetterOf(batch: Batch<unknown, unknown>, i: number, error: unknown, attempts: number): DeadLetter {
  const { code, name, message } = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown }
  const { topic, partition } = batch
  return {
    ...{ topic, partition, attempts, offset: batch.offsetAt(i), timestamp: batch.timestampAt(i) },
    key: batch.withKey(i, copyOf),
    value: batch.withValue(i, copyOf),
    headers: [...batch.headersAt(i)],
    errorCode: String(code ?? name ?? 'Error'),
    errorMessage: String(message ?? error),
  }
}

const copyOf = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes))
