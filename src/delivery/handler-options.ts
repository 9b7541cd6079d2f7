// How user code in workers is run: plain data, as it goes to every thread of a run. [any thread that runs handlers]
import type { ErrorPolicy } from './attempts.ts'
import type { Order } from './lanes.ts'
import type { DecodePolicy } from './record-decoder.ts'

/** What all workers of a run have in common. */
export interface HandlerOptions {
  /** URL of the module whose default export is the handler. */
  module: string
  order: Order
  /** Handlers that run at once in each worker. */
  concurrency: number
  policy: ErrorPolicy
  timeoutMs: number | undefined
  onDeserializationError: DecodePolicy
}
