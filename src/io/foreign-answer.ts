// Tells what answered in place of a Kafka broker, so that the error can say so. [I/O thread]
import { ProtocolViolation } from '../base/errors.ts'

/** The shortest response: a correlation id. */
const FRAME_BYTES_MIN = 4

/**
 * Judges the first four bytes of a frame: a length from 4 up to `capBytes`, or the start of another protocol.
 * Returns the error to fail with (KAFKA-4090: a TLS alert or 'HTTP' read as a length makes other clients allocate it).
 */
export function foreignAnswer(
  first: Uint8Array,
  at: { broker: string; capBytes: number; handshake: boolean },
): ProtocolViolation | undefined {
  const { broker, capBytes } = at
  const sizeBytes = new DataView(first.buffer, first.byteOffset, 4).getInt32(0)
  const fits = sizeBytes >= FRAME_BYTES_MIN && sizeBytes <= capBytes
  // A cap above 1.2 GB would let 'HTTP' through as a length, so the first answer is always looked at.
  const other = at.handshake || !fits ? protocolOf(first) : undefined
  if (other !== undefined) {
    return new ProtocolViolation('NOT_A_KAFKA_BROKER', `${broker} ${other}`, { broker })
  }
  if (fits) return undefined
  const announced = `${broker} announced a response of ${sizeBytes} bytes`
  if (sizeBytes < FRAME_BYTES_MIN) {
    const text = `${announced}, which is impossible (${inHex(first)}); the connection was closed.`
    return new ProtocolViolation('BAD_FRAME_LENGTH', text, { broker })
  }
  const why = at.handshake
    ? `more than the ${capBytes} allowed in the handshake (${inHex(first)}). Is this a Kafka broker?`
    : `more than maxResponseBytes (${capBytes}); the connection was closed. Raise it if such answers are expected.`
  return new ProtocolViolation('RESPONSE_TOO_LARGE', `${announced}, ${why}`, { broker })
}

function protocolOf(first: Uint8Array): string | undefined {
  const text = String.fromCharCode(...first)
  if (text === 'HTTP') return 'answers HTTP, not the Kafka protocol. Give the address of a Kafka listener in brokers.'
  if (text === 'SSH-') return 'answers SSH, not the Kafka protocol. Give the address of a Kafka listener in brokers.'
  if (first[0] === 0x15 && first[1] === 0x03) {
    return 'answers with a TLS alert: it expects TLS. Set tls, or give the address of a plaintext listener.'
  }
  if (first[0] === 0x16 && first[1] === 0x03) {
    return 'answers with a TLS handshake: it expects TLS. Set tls, or give the address of a plaintext listener.'
  }
  if ([...first].every((byte) => byte >= 0x20 && byte < 0x7f)) {
    return `answers with text ("${text}…"), not the Kafka protocol. Give the address of a Kafka listener in brokers.`
  }
  return undefined
}

function inHex(first: Uint8Array): string {
  return `bytes ${[...first].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`
}
