// From a decoded request to the bytes of its answer, by way of the fault injector. [broker]
import type { ApiName, RequestOf, ResponseInput } from '../protocol/apis.ts'
import { decodeResponse, encodeResponse } from '../protocol/frame.ts'
import type { Fault, Faults } from './faults.ts'
import type { Handler, RequestContext } from './handler.ts'
import { handlers } from './handlers.ts'

/** What the connection does next: `silent` goes on without an answer, `hang` never goes on. */
export type Outcome = Answered | 'silent' | 'hang' | 'cut'

/** What leaves, and who hears of it. */
export interface Answered {
  pieces: Uint8Array[]
  cutAfterBytes: number | undefined
  answered: (() => void) | undefined
}

/** The API is not known any more once a request travels through common code: the registry keeps the pairs right. */
type AnyHandler = Handler<ApiName, unknown>
type AnyRequest = RequestOf<ApiName>

/** Serves one request. */
export async function answerRequest(
  faults: Faults,
  api: ApiName,
  request: AnyRequest,
  context: RequestContext,
): Promise<Outcome> {
  const fault = await faults.decide(api, request, context)
  if (fault === undefined) return serve(api, request, undefined, context)
  if (fault.delayMs !== undefined) await delay(fault.delayMs, context)
  if (fault.drop === true || fault.drop === 'before') return 'hang'
  if (fault.cut === true || fault.cut === 'before') return 'cut'
  const outcome = await serve(api, request, fault, context)
  if (fault.drop === 'after') return 'hang'
  if (fault.cut === 'after') return 'cut'
  return outcome
}

async function serve(
  api: ApiName,
  request: AnyRequest,
  fault: Fault<ApiName> | undefined,
  context: RequestContext,
): Promise<Outcome> {
  const leaves = (pieces: Uint8Array[]): Answered => ({
    pieces,
    cutAfterBytes: fault?.cutAfterBytes,
    answered: fault?.answered,
  })
  if (fault?.raw !== undefined) return leaves([fault.raw])
  const encodePlain = (body: unknown) =>
    encodeResponse(api, context.version, context.correlationId, body as ResponseInput<ApiName>)
  if (fault?.response !== undefined) return leaves([encodePlain(fault.response)])
  const handler = handlers[api] as AnyHandler | undefined
  // A hooked API without a handler, whose hook let the request pass.
  if (handler === undefined) return 'cut'
  const answer =
    fault?.errorCode === undefined
      ? await handler.handle(request, context)
      : handler.refuse(request, fault.errorCode, context)
  if (answer === undefined) return 'silent'
  const pieces = handler.encode?.(answer, context) ?? [encodePlain(answer)]
  if (fault?.edit === undefined) return leaves(pieces)
  const body = decodeResponse(api, context.version, Buffer.concat(pieces).subarray(4))
  return leaves([encodePlain(fault.edit(body) ?? body)])
}

/** Waits on the broker's clock; the end of the connection ends the wait. */
function delay(delayMs: number, { cluster, onClosed }: RequestContext): Promise<void> {
  return new Promise((resolve) => {
    const timer = cluster.clock.after(delayMs, () => {
      stayOpen()
      resolve()
    })
    const stayOpen = onClosed(() => {
      timer.cancel()
      resolve()
    })
  })
}
