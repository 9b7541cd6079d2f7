// Who sees every batch that a consumer hands out, and every commit. [main thread]
import type { ErrorDetails, MillraceError } from '../base/errors.ts'
import type { Batch } from '../delivery/batch.ts'
import type { OffsetToCommit } from './committer.ts'
import { unawaited, userCodeFailed, warn } from './user-code-failed.ts'

/** Sees what a consumer does, and changes nothing of it (Java's ConsumerInterceptor). Not batches of processors. */
export interface ConsumerInterceptor {
  /** Before user code gets the batch; to be looked into at once, as it is released later. */
  onConsume?(batch: Batch<unknown, unknown>): void
  /** These offsets are committed. */
  onCommit?(offsets: readonly OffsetToCommit[]): void
}

/** One that throws keeps nobody from anything: it is told of. */
export class ConsumerInterceptors {
  readonly #list: readonly ConsumerInterceptor[]
  readonly #tell: (error: MillraceError) => boolean

  /** `tell` answers whether somebody listened; else the process is warned. */
  constructor(list: readonly ConsumerInterceptor[] | undefined, tell: (error: MillraceError) => boolean) {
    this.#list = list ?? []
    this.#tell = tell
  }

  consumed(batch: Batch<unknown, unknown>): void {
    if (this.#list.length === 0) return
    const { topic, partition, baseOffset: offset } = batch
    for (const one of this.#list) this.#guarded('onConsume', { topic, partition, offset }, () => one.onConsume?.(batch))
  }

  committed(offsets: readonly OffsetToCommit[]): void {
    if (this.#list.length === 0 || offsets.length === 0) return
    const { topic, partition, offset } = offsets[0]!
    for (const one of this.#list) this.#guarded('onCommit', { topic, partition, offset }, () => one.onCommit?.(offsets))
  }

  #guarded(name: string, where: ErrorDetails, call: () => unknown): void {
    unawaited(call, (thrown) => {
      const error = userCodeFailed(`${name} of an interceptor`, thrown, where)
      if (!this.#tell(error)) warn(error)
    })
  }
}

/** Whether something is a list of interceptors. */
export function isInterceptors(given: unknown): given is readonly ConsumerInterceptor[] {
  const isHook = (hook: unknown) => hook === undefined || typeof hook === 'function'
  return (
    Array.isArray(given) &&
    given.every((one) => typeof one === 'object' && one !== null && isHook(one.onConsume) && isHook(one.onCommit))
  )
}
