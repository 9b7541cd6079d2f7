// Which broker coordinates a group or a transaction: asked once, forgotten when it was wrong. [I/O thread]
import { Disconnected } from '../base/errors.ts'
import type { Address } from '../base/transport.ts'
import type { RequestInput, ResponseOf } from '../protocol/apis.ts'
import { brokerError } from '../protocol/errors.ts'

/** What is coordinated. */
export type CoordinatorType = 'group' | 'transaction'

const KEY_TYPES: Record<CoordinatorType, number> = { group: 0, transaction: 1 }

/** The first version that takes many keys (KIP-699). */
const MANY_KEYS_VERSION = 4

/** Asks any broker for a coordinator. */
export type AskCoordinator = (
  body: (version: number) => RequestInput<'FindCoordinator'>,
) => Promise<ResponseOf<'FindCoordinator'>>

/** Caches where coordinators are. */
export class Coordinators {
  readonly #ask: AskCoordinator
  readonly #found = new Map<string, Promise<Address>>()

  constructor(ask: AskCoordinator) {
    this.#ask = ask
  }

  /** Where the coordinator is; one request for all who ask at once. Rejects retriably while there is none. */
  find(type: CoordinatorType, key: string): Promise<Address> {
    const name = `${type}:${key}`
    let found = this.#found.get(name)
    if (found === undefined) {
      found = this.#lookUp(type, key)
      this.#found.set(name, found)
      found.catch(() => {
        if (this.#found.get(name) === found) this.#found.delete(name)
      })
    }
    return found
  }

  /** Forgets a coordinator that turned out not to be one. */
  invalidate(type: CoordinatorType, key: string): void {
    this.#found.delete(`${type}:${key}`)
  }

  async #lookUp(type: CoordinatorType, key: string): Promise<Address> {
    const keyType = KEY_TYPES[type]
    const answer = await this.#ask((version) =>
      version < MANY_KEYS_VERSION ? { key, keyType } : { keyType, coordinatorKeys: [key] },
    )
    const found = answer.coordinators.find((one) => one.key === key) ?? answer
    if (found.errorCode !== 0) throw brokerError(found.errorCode, { what: `FindCoordinator for ${type} '${key}'` })
    const { host, port } = found
    if (host === '' || port <= 0 || port > 65_535) {
      const text = `The broker named no usable coordinator for ${type} '${key}' (${host}:${port}).`
      throw new Disconnected('NO_COORDINATOR', text, { retriable: true })
    }
    return { host, port }
  }
}
