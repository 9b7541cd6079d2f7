// Knocks at a broker: does something listen there, and does it speak Kafka. [main thread]
import { connect } from 'node:net'
import { formatAddress } from '../base/tcp.ts'
import type { Address } from '../base/transport.ts'
import { apis } from '../protocol/apis.ts'
import { decodeResponse, encodeRequest } from '../protocol/frame.ts'

/** What was found behind one address. */
export interface Knock {
  address: string
  ok: boolean
  /** When it is a broker: how fast it answered and what it can. */
  detail?: string
  /** When it is none: what went wrong. */
  problem?: string
}

/** An answer to ApiVersions is a few hundred bytes; whatever announces more is no broker. */
const ANSWER_BYTES_MAX = 65_536

/** Connects and asks for ApiVersions v0, which every broker answers, even one that wants authentication first. */
export function knock(address: Address, timeoutMs: number): Promise<Knock> {
  const name = formatAddress(address)
  const started = performance.now()
  const request = encodeRequest('ApiVersions', 0, { correlationId: 1, clientId: 'millrace-doctor' }, {})
  return new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port })
    const failed = (problem: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ address: name, ok: false, problem })
    }
    const timer = setTimeout(() => failed(`nothing answered within ${timeoutMs} ms`), timeoutMs)
    let received = Buffer.alloc(0)
    socket.on('connect', () => socket.write(request))
    socket.on('error', (error: NodeJS.ErrnoException) => failed(problemOf(error)))
    socket.on('close', () => failed('the connection was closed before an answer came; is it a TLS port?'))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4) return
      const size = received.readInt32BE()
      if (size < 8 || size > ANSWER_BYTES_MAX) return failed('something listens there, but it does not speak Kafka')
      if (received.length < 4 + size) return
      try {
        const { apiKeys } = decodeResponse('ApiVersions', 0, received.subarray(4, 4 + size))
        const fetch = apiKeys.find(({ apiKey }) => apiKey === apis.Fetch.key)
        const ms = Math.round(performance.now() - started)
        clearTimeout(timer)
        socket.destroy()
        resolve({ address: name, ok: true, detail: `answers in ${ms} ms; Fetch up to v${fetch?.maxVersion ?? '?'}` })
      } catch {
        failed('something listens there, but it does not speak Kafka')
      }
    })
  })
}

function problemOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'connection refused: nothing listens there'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'this host name cannot be resolved'
  return message
}
