// Sockets, as every role sees them: TCP on real threads, pipes with faults in the simulation. [pure: any thread]

/** Where a peer listens. */
export interface Address {
  host: string
  port: number
}

/** What the owner of a socket is told. After `closed` nothing more is called. */
export interface SocketEvents {
  /** The connection is up. Never called for a socket that a server accepted: it is up already. */
  connected?(): void
  /**
   * Where the next bytes go. Called before every read; what it returned last belongs to the transport until the next
   * `received` or `closed`. Must not be empty.
   */
  buffer(): Uint8Array
  /** `count` bytes were written to the start of the last `buffer()`. Return false to stop reading until `resume`. */
  received(count: number): boolean
  /** The connection is over, once, for whatever reason. */
  closed(error: Error | undefined): void
}

/** One end of a connection. */
export interface Socket {
  /** The peer, as `host:port`. */
  readonly peer: string
  /** Sends the pieces in order. They must not change until `sent` is called. */
  write(pieces: Uint8Array[], sent?: () => void): void
  /** Starts reading again after `received` returned false. */
  resume(): void
  /** Cuts the connection now; `closed` follows. */
  destroy(): void
}

/** A listening port. */
export interface Listener {
  readonly address: Address
  close(): Promise<void>
}

/** Opens and accepts connections. */
export interface Transport {
  connect(address: Address, events: SocketEvents): Socket
  /** Resolves once the port is bound. `accept` gives the events of each new connection. */
  listen(address: Address, accept: (socket: Socket) => SocketEvents): Promise<Listener>
}
