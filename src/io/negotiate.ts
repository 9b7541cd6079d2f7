// The first exchange on a connection: which versions of which APIs the broker speaks (KIP-35, KIP-511). [I/O thread]
import { ProtocolViolation, UnsupportedVersion } from '../base/errors.ts'
import type { RequestInput, ResponseOf } from '../protocol/apis.ts'
import { brokerError, ErrorCode } from '../protocol/errors.ts'
import { decodeResponse } from '../protocol/frame.ts'
import { ownRange, type VersionRange } from './version-range.ts'

const API_VERSIONS_KEY = 18
/** Sent to the broker's metrics and request log (KIP-511); letters, digits, dot and dash only, or it refuses. */
const CLIENT_SOFTWARE = { clientSoftwareName: 'millrace', clientSoftwareVersion: '0.1.0' }

/** What is known of a broker after the negotiation. */
export interface Negotiated {
  /** By API key. */
  ranges: ReadonlyMap<number, VersionRange>
  /** The whole answer, for features (KIP-584). */
  answer: ResponseOf<'ApiVersions'>
}

/** Sends one ApiVersions request and resolves to the raw answer, starting at the correlation id. */
export type AskVersions = (version: number, body: RequestInput<'ApiVersions'>) => Promise<Uint8Array>

/**
 * Asks in our highest version. A broker that does not know it answers UNSUPPORTED_VERSION in the layout of v0, with
 * its own range since Kafka 2.4 and without it before; then that, or v0, is asked.
 */
export async function negotiate(ask: AskVersions, broker: string): Promise<Negotiated> {
  for (let version = ownRange('ApiVersions')[1]; ; ) {
    const bytes = await ask(version, CLIENT_SOFTWARE)
    const code = errorCodeOf(bytes, broker)
    if (code !== ErrorCode.UNSUPPORTED_VERSION) {
      const answer = decodeResponse('ApiVersions', version, bytes)
      if (answer.errorCode !== 0) throw brokerError(answer.errorCode, { what: `ApiVersions v${version}`, broker })
      return { answer, ranges: rangesOf(answer) }
    }
    const next = version === 0 ? undefined : fallback(bytes, version)
    if (next === undefined) {
      const text = `${broker} refuses ApiVersions in every version that millrace knows; it cannot be used.`
      throw new UnsupportedVersion('UNSUPPORTED_VERSION', text, { broker, kafkaCode: code })
    }
    version = next
  }
}

/** The error code stands first in every version, so it can be read before the layout is known. */
function errorCodeOf(bytes: Uint8Array, broker: string): number {
  if (bytes.length < 6) {
    const text = `${broker} answered ApiVersions with ${bytes.length} bytes, too few to be an answer.`
    throw new ProtocolViolation('BAD_RESPONSE', text, { broker })
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt16(4)
}

function fallback(bytes: Uint8Array, refused: number): number | undefined {
  const [first] = ownRange('ApiVersions')
  const offered = rangesOf(decodeResponse('ApiVersions', 0, bytes)).get(API_VERSIONS_KEY)
  // Strictly lower than before, so that this ends whatever a broker answers.
  const next = Math.min(refused - 1, offered?.[1] ?? 0)
  return next >= Math.max(first, offered?.[0] ?? 0) ? next : undefined
}

function rangesOf(answer: ResponseOf<'ApiVersions'>): Map<number, VersionRange> {
  return new Map(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]))
}
