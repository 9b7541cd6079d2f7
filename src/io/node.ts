// One address of the cluster, with the connections of all roles to it. [I/O thread]
import type { MillraceError } from '../base/errors.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Address } from '../base/transport.ts'
import { Channel, type ChannelHost, type Role } from './channel.ts'

/**
 * Nodes go by address, not by broker id: a bootstrap address and the broker behind it then share a connection, and a
 * broker that moved is simply another node.
 */
export class Node {
  readonly address: Address
  /** `host:port`. */
  readonly name: string
  readonly #host: ChannelHost
  readonly #channels = new Map<Role, Channel>()

  constructor(address: Address, host: ChannelHost) {
    this.address = address
    this.name = formatAddress(address)
    this.#host = host
  }

  /** The channel of a role; it opens its connection when asked for one. */
  channel(role: Role): Channel {
    let channel = this.#channels.get(role)
    if (channel === undefined) {
      channel = new Channel(this.address, role, this.#host)
      this.#channels.set(role, channel)
    }
    return channel
  }

  /** Whether some role has a usable connection. */
  get connected(): boolean {
    return [...this.#channels.values()].some((channel) => channel.current !== undefined)
  }

  /** Closes the connection of a role that nobody needs any more. */
  release(role: Role, error: MillraceError): void {
    this.#channels.get(role)?.close(error)
    this.#channels.delete(role)
  }

  close(error: MillraceError): void {
    for (const channel of this.#channels.values()) channel.close(error)
    this.#channels.clear()
  }
}
