// The fault injector: a hook per API that may answer otherwise, late, wrongly or not at all. [broker]
import type { ApiName, RequestOf, ResponseInput, ResponseOf } from '../protocol/apis.ts'
import type { RequestContext } from './handler.ts'

/** When a request is swallowed: before it has any effect, or after it had it and only the answer is lost. */
export type When = 'before' | 'after'

/** What to do with one request. `delayMs`, `answered`, `cutAfterBytes` go with any of the others; of these give one. */
export interface Fault<A extends ApiName> {
  /** Wait so long before anything else. */
  delayMs?: number
  /** Everything that was asked for fails with this code; nothing takes effect. */
  errorCode?: number
  /** Answer with this body; nothing takes effect. */
  response?: ResponseInput<A>
  /** Serve the request, then change its answer, in place or by returning another. */
  edit?: (response: ResponseOf<A>) => ResponseInput<A> | undefined
  /** Send these bytes, without a length prefix, instead of an answer; nothing takes effect. */
  raw?: Uint8Array
  /** Never answer, as a broker that hangs: what follows on the connection waits as well. True is 'before'. */
  drop?: true | When
  /** Close the connection instead of answering. True is 'before'. */
  cut?: true | When
  /** Called when the whole answer was handed to the socket: the client has it, or will have it. */
  answered?: () => void
  /** Send only so many bytes of the answer, length prefix included, then close the connection. */
  cutAfterBytes?: number
}

/** Sees a request before it is served; returns nothing to let it pass. */
export type FaultHook<A extends ApiName> = (
  request: RequestOf<A>,
  context: RequestContext,
) => Fault<A> | undefined | Promise<Fault<A> | undefined>

type AnyFault = Fault<ApiName>
type AnyHook = (request: unknown, context: RequestContext) => AnyFault | undefined | Promise<AnyFault | undefined>

interface Registered {
  hook: AnyHook
  once: boolean
}

/** The hooks, by API, asked in the order in which they were added; the first that returns something decides. */
export class Faults {
  readonly #hooks = new Map<ApiName, Registered[]>()

  /** Adds a hook; returns how to take it away. One with `once` sees one request. */
  add<A extends ApiName>(api: A, hook: FaultHook<A>, once: boolean): () => void {
    const registered: Registered = { hook: hook as unknown as AnyHook, once }
    this.#hooks.set(api, [...(this.#hooks.get(api) ?? []), registered])
    return () => this.#remove(api, registered)
  }

  /** Takes all hooks away, or those of one API. */
  clear(api?: ApiName): void {
    if (api === undefined) this.#hooks.clear()
    else this.#hooks.delete(api)
  }

  /** The APIs that have a hook: a broker admits to these even without a handler. */
  get apis(): ApiName[] {
    return [...this.#hooks.keys()]
  }

  /** What to do with this request; undefined: serve it. */
  async decide(api: ApiName, request: unknown, context: RequestContext): Promise<AnyFault | undefined> {
    for (const registered of this.#hooks.get(api) ?? []) {
      if (registered.once) this.#remove(api, registered)
      const fault = await registered.hook(request, context)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #remove(api: ApiName, registered: Registered): void {
    const left = (this.#hooks.get(api) ?? []).filter((other) => other !== registered)
    if (left.length === 0) this.#hooks.delete(api)
    else this.#hooks.set(api, left)
  }
}
