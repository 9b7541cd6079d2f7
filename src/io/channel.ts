// The connection of one role to one broker: opened when needed, reopened with backoff (KIP-144, KIP-580). [I/O thread]
import { backoff } from '../base/backoff.ts'
import type { Timer } from '../base/clock.ts'
import type { MillraceError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Address } from '../base/transport.ts'
import { Connection, type ConnectionHost } from './connection.ts'

/**
 * What a connection is for. A broker answers one request at a time per connection, so an idle fetch must not stand in
 * front of anything else: each role has a connection of its own.
 */
export type Role =
  | 'admin'
  | 'coordinator'
  | 'produce'
  | `produce:${number | string}`
  | `fetch:${number | string}`
  | `group:${number}`

/** What channels share. */
export interface ChannelHost extends ConnectionHost {
  random: Random
}

interface Waiter {
  resolve(connection: Connection): void
  reject(error: MillraceError): void
}

/** At most one connection at a time. */
export class Channel {
  readonly address: Address
  readonly role: Role
  readonly #host: ChannelHost
  #connection: Connection | undefined
  #waiters: Waiter[] = []
  #failureCount = 0
  #retryAtMs = 0
  #retryTimer: Timer | undefined
  #lastError: MillraceError | undefined
  #closed: MillraceError | undefined

  constructor(address: Address, role: Role, host: ChannelHost) {
    this.address = address
    this.role = role
    this.#host = host
  }

  /** The connection, if there is one that is ready. */
  get current(): Connection | undefined {
    return this.#connection?.ready ? this.#connection : undefined
  }

  /** Why the last attempt or connection ended; undefined after a success. */
  get lastError(): MillraceError | undefined {
    return this.#lastError
  }

  /** How long the next attempt has to wait, in ms. */
  get backoffLeftMs(): number {
    return Math.max(0, this.#retryAtMs - this.#host.clock.now())
  }

  /** Resolves to a ready connection, opening one if need be; rejects with the error of that one attempt. */
  connection(): Promise<Connection> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const { current } = this
    if (current !== undefined) return Promise.resolve(current)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (this.#connection === undefined && this.#retryTimer === undefined) this.#openLater(this.backoffLeftMs)
    })
  }

  /** Closes for good; whoever waits gets the error. */
  close(error: MillraceError): void {
    if (this.#closed !== undefined) return
    this.#closed = error
    this.#retryTimer?.cancel()
    this.#connection?.close(error)
    this.#rejectWaiters(error)
  }

  #openLater(delayMs: number): void {
    if (delayMs <= 0) {
      this.#open()
      return
    }
    this.#retryTimer = this.#host.clock.after(delayMs, () => {
      this.#retryTimer = undefined
      if (this.#waiters.length > 0) this.#open()
    })
  }

  #open(): void {
    let opened = false
    const connection = new Connection(this.address, this.#host, {
      ready: () => {
        opened = true
        this.#failureCount = 0
        this.#lastError = undefined
        this.#host.onEvent?.({ type: 'connected', broker: connection.broker, role: this.role })
        const waiters = this.#waiters
        this.#waiters = []
        for (const waiter of waiters) waiter.resolve(connection)
      },
      closed: (error) => this.#over(error, opened),
    })
    this.#connection = connection
  }

  #over(error: MillraceError, opened: boolean): void {
    const broker = this.#connection?.broker ?? ''
    this.#connection = undefined
    if (this.#closed !== undefined) return
    this.#lastError = error
    if (error.code !== 'IDLE') {
      const { reconnectBackoffMs: baseMs, reconnectBackoffMaxMs: maxMs } = this.#host.options
      const delayMs = backoff(this.#failureCount, { baseMs, maxMs }, this.#host.random)
      this.#failureCount++
      this.#retryAtMs = this.#host.clock.now() + delayMs
    }
    if (opened) this.#host.onEvent?.({ type: 'disconnected', broker, role: this.role, error })
    this.#rejectWaiters(error)
  }

  #rejectWaiters(error: MillraceError): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }
}
