// What the connections of one broker share beside the cluster's state: faults, versions, limits. [broker]
import type { ApiName } from '../protocol/apis.ts'
import { apis } from '../protocol/apis.ts'
import type { Cluster } from './cluster.ts'
import { Faults } from './faults.ts'
import type { Feature } from './features.ts'
import type { VersionRange } from './versions.ts'

/** More clients than a test opens, fewer than would exhaust file descriptors. */
export const CONNECTIONS_MAX = 2000

/** An open connection, as the server sees it. */
export interface Disconnectable {
  readonly nodeId: number
  disconnect(): void
}

/** Shared by the listeners of one broker. */
export class Server {
  readonly cluster: Cluster
  readonly faults = new Faults()
  readonly connections = new Set<Disconnectable>()
  readonly features: readonly Feature[]
  readonly #versions: ReadonlyMap<ApiName, VersionRange>
  #heldAnswers: (() => void)[] | undefined
  #cut: { bytes: number; nodeId: number | undefined } | undefined

  constructor(cluster: Cluster, versions: ReadonlyMap<ApiName, VersionRange>, features: readonly Feature[] = []) {
    this.cluster = cluster
    this.features = features
    this.#versions = versions
  }

  /** What clients are told: an API with a hook is there, even without a handler. */
  get versions(): ReadonlyMap<ApiName, VersionRange> {
    const hooked = this.faults.apis.filter((name) => !this.#versions.has(name))
    if (hooked.length === 0) return this.#versions
    return new Map([...this.#versions, ...hooked.map((name) => [name, apis[name].request.versions] as const)])
  }

  /** Requests take effect, but no answer leaves until `resumeAnswers`. */
  pauseAnswers(): void {
    this.#heldAnswers ??= []
  }

  /** Lets the held answers go, in the order in which they were ready. */
  resumeAnswers(): void {
    const held = this.#heldAnswers ?? []
    this.#heldAnswers = undefined
    for (const release of held) release()
  }

  /** Settles when answers may leave. */
  async answersMayLeave(): Promise<void> {
    while (this.#heldAnswers !== undefined) {
      const held = this.#heldAnswers
      await new Promise<void>((resolve) => held.push(resolve))
    }
  }

  /** After so many bytes more from clients (of one node) the connection that brings them is cut. */
  cutAfterReceiving(bytes: number, nodeId?: number): void {
    this.#cut = { bytes, nodeId }
  }

  /** Whether these bytes are the last that this connection brings; they are lost with it. */
  cutsOff(nodeId: number, bytes: number): boolean {
    if (this.#cut === undefined || (this.#cut.nodeId ?? nodeId) !== nodeId) return false
    this.#cut.bytes -= bytes
    if (this.#cut.bytes > 0) return false
    this.#cut = undefined
    return true
  }

  /** Cuts every connection, or those to one node. */
  disconnectAll(nodeId?: number): void {
    for (const connection of [...this.connections]) {
      if (nodeId === undefined || connection.nodeId === nodeId) connection.disconnect()
    }
  }
}
