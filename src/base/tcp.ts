// The transport of real threads: TCP through node:net, bytes read where the owner wants them. [pure: any thread]
import { type AddressInfo, connect, createServer, type Socket as NetSocket } from 'node:net'
import type { Address, Listener, Socket, SocketEvents, Transport } from './transport.ts'

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** TCP. Client sockets read by `onread` straight into `buffer()`, which may be shared memory; servers copy once. */
export const tcp: Transport = {
  connect(address, events) {
    const net = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      keepAlive: true,
      onread: {
        // Node calls this right after every callback, even one that returned false: it must name fresh room each time.
        buffer: () => events.buffer(),
        callback: (count) => events.received(count),
      },
    })
    // Whoever waits for an answer keeps the process up; an idle connection does not.
    net.unref()
    net.on('connect', () => events.connected?.())
    return wrap(net, formatAddress(address), events)
  },

  listen(address, accept) {
    const open = new Set<NetSocket>()
    const server = createServer({ noDelay: true }, (net) => {
      open.add(net)
      net.on('close', () => open.delete(net))
      const socket = wrap(net, formatAddress({ host: net.remoteAddress ?? '?', port: net.remotePort ?? 0 }), {
        closed: (error) => events.closed(error),
      })
      const events = accept(socket)
      net.on('data', (chunk: Buffer) => {
        if (!copyIn(chunk, events)) net.pause()
      })
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.port, address.host, () => {
        const bound = server.address() as AddressInfo
        resolve({
          address: { host: bound.address, port: bound.port },
          close: () =>
            new Promise((done) => {
              server.close(() => done())
              for (const net of open) net.destroy()
            }),
        } satisfies Listener)
      })
    })
  },
}

/** A server's socket has no `onread`: its chunks are copied to where the owner wants them. */
function copyIn(chunk: Uint8Array, events: SocketEvents): boolean {
  let goOn = true
  for (let at = 0; at < chunk.length; ) {
    const room = events.buffer()
    const count = Math.min(room.length, chunk.length - at)
    room.set(chunk.subarray(at, at + count))
    at += count
    goOn = events.received(count)
  }
  return goOn
}

function wrap(net: NetSocket, peer: string, events: Pick<SocketEvents, 'closed'>): Socket {
  let failure: Error | undefined
  net.on('error', (error) => {
    failure = error
  })
  net.on('close', () => events.closed(failure))
  return {
    peer,
    write(pieces, sent) {
      if (pieces.length === 1) {
        net.write(pieces[0]!, sent)
        return
      }
      net.cork()
      for (const [i, piece] of pieces.entries()) net.write(piece, i === pieces.length - 1 ? sent : undefined)
      net.uncork()
    },
    resume: () => void net.resume(),
    destroy: () => void net.destroy(),
  }
}
