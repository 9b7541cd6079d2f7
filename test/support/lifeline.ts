// The network of one client of a simulation, which can be cut for ever: as if its process had been killed. [simulation]
import type { Address, Listener, Socket, SocketEvents, Transport } from '../../src/base/transport.ts'

/** A transport until `cut`; afterwards a hole. */
export class Lifeline implements Transport {
  readonly #network: Transport
  readonly #sockets = new Set<Socket>()
  #dead = false

  constructor(network: Transport) {
    this.#network = network
  }

  connect(address: Address, events: SocketEvents): Socket {
    if (this.#dead) return hole(address, events)
    const socket = this.#network.connect(address, {
      ...(events.connected === undefined ? {} : { connected: () => events.connected?.() }),
      buffer: () => events.buffer(),
      received: (count) => events.received(count),
      closed: (error) => {
        this.#sockets.delete(socket)
        events.closed(error)
      },
    })
    this.#sockets.add(socket)
    return socket
  }

  listen(address: Address, accept: (socket: Socket) => SocketEvents): Promise<Listener> {
    return this.#network.listen(address, accept)
  }

  /** Nothing goes out and nothing comes in any more. */
  cut(): void {
    this.#dead = true
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Connects for ever. */
function hole({ host, port }: Address, events: SocketEvents): Socket {
  return { peer: `${host}:${port}`, write: () => {}, resume: () => {}, destroy: () => events.closed(undefined) }
}
