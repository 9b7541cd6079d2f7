// Frames: the length prefix, the header and the body of requests and responses. [pure: any thread]
// Request header v2 and response header v1 go with flexible versions (KIP-482). One exception: the answer to
// ApiVersions always has header v0, for it must be read before both sides know each other's versions (KIP-511).

import { ProtocolViolation, UnsupportedVersion } from '../base/errors.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { ResponseInput, ResponseOf } from './apis.ts'
import { type Api, type ApiName, apiByKey, apis, type RequestInput, type RequestOf } from './apis.ts'
import { type Codec, codecOf } from './compile.ts'

/** What precedes the body of every request. */
export interface RequestHeader {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A decoded request: `api` tells which body it has. */
export type DecodedRequest = {
  [A in ApiName]: {
    readonly api: A
    readonly version: number
    readonly correlationId: number
    readonly clientId: string | null
    readonly body: RequestOf<A>
  }
}[ApiName]

type AnyCodec = Codec<unknown, unknown>

const UNSUPPORTED_VERSION = 35

/** Encodes a request as it goes on the wire, its 4-byte length prefix included. */
export function encodeRequest<A extends ApiName>(
  api: A,
  version: number,
  header: { correlationId: number; clientId: string | null },
  body: RequestInput<A>,
): Uint8Array {
  return writeRequest(api, version, header, body).finish()
}

/** The same where record batches are given in pieces: these stay what they are, with what is between them. */
export function encodeRequestPieces<A extends ApiName>(
  api: A,
  version: number,
  header: { correlationId: number; clientId: string | null },
  body: RequestInput<A>,
): Uint8Array[] {
  return writeRequest(api, version, header, body).finishPieces()
}

function writeRequest<A extends ApiName>(
  api: A,
  version: number,
  { correlationId, clientId }: { correlationId: number; clientId: string | null },
  body: RequestInput<A>,
): Writer {
  const entry: Api = apis[api]
  const codec = codecOf(entry.request, version)
  const writer = new Writer()
  writer.int32(0)
  writer.int16(entry.key)
  writer.int16(version)
  writer.int32(correlationId)
  writer.nullableString(clientId)
  if (version >= entry.request.flexible) writer.uvarint(0)
  codec.encode(writer, body)
  return finishFrame(writer)
}

/** Encodes a response as it goes on the wire, its 4-byte length prefix included. */
export function encodeResponse<A extends ApiName>(
  api: A,
  version: number,
  correlationId: number,
  body: ResponseInput<A>,
): Uint8Array {
  const codec = codecOf((apis[api] as Api).response, version)
  const writer = new Writer()
  writer.int32(0)
  writer.int32(correlationId)
  if (responseHeaderVersion(api, version) === 1) writer.uvarint(0)
  codec.encode(writer, body)
  return finishFrame(writer).finish()
}

/** Decodes a response; `bytes` begin at the correlation id, behind the length prefix, and end with the frame. */
export function decodeResponse<A extends ApiName>(api: A, version: number, bytes: Uint8Array): ResponseOf<A> {
  const reader = new Reader(bytes)
  const { response } = apis[api] as Api
  const what = `${response.name} v${version}`
  headed(what, () => readResponseHeader(reader, api, version))
  // A broker that does not know the version of an ApiVersions request answers in v0 with error 35 (KIP-511).
  const fallback = api === 'ApiVersions' && version > 0 && peekInt16(reader) === UNSUPPORTED_VERSION
  const codec: AnyCodec = codecOf(response, fallback ? 0 : version)
  const body = codec.decode(reader)
  refuseRest(reader, what)
  return body as ResponseOf<A>
}

/** Decodes a request; `bytes` begin at the API key, behind the length prefix, and end with the frame. */
export function decodeRequest(bytes: Uint8Array): DecodedRequest {
  const reader = new Reader(bytes)
  const { apiKey, version, correlationId, clientId } = headed('request', () => readRequestHeader(reader))
  const entry = apiByKey(apiKey)
  if (entry === undefined) {
    throw new UnsupportedVersion('UNSUPPORTED_VERSION', `a request has API key ${apiKey}, which is not known`)
  }
  const codec: AnyCodec = codecOf(entry.request, version)
  const what = `${entry.request.name} v${version}`
  if (version >= entry.request.flexible) headed(what, () => skipTags(reader))
  const body = codec.decode(reader)
  refuseRest(reader, what)
  return { api: entry.name, version, correlationId, clientId, body } as DecodedRequest
}

/** Reads a request header up to its tagged fields, for any API key and version, known or not. */
export function readRequestHeader(reader: Reader): RequestHeader {
  return {
    apiKey: reader.int16(),
    version: reader.int16(),
    correlationId: reader.int32(),
    clientId: reader.nullableString(),
  }
}

/** Reads a response header and gives its correlation id; the body comes next. */
export function readResponseHeader(reader: Reader, api: ApiName, version: number): number {
  const correlationId = reader.int32()
  if (responseHeaderVersion(api, version) === 1) skipTags(reader)
  return correlationId
}

/** The version of the header in front of a response: 1 has tagged fields. */
export function responseHeaderVersion(api: ApiName, version: number): 0 | 1 {
  return api !== 'ApiVersions' && version >= apis[api].response.flexible ? 1 : 0
}

/** Moves past tagged fields that nobody here knows. */
export function skipTags(reader: Reader): void {
  for (let left = reader.tagCount(); left > 0; left--) {
    reader.uvarint()
    reader.skip(reader.uvarint())
  }
}

/** Fills in the length of the frame. */
function finishFrame(writer: Writer): Writer {
  const end = writer.at
  const { sizeBytes } = writer
  writer.at = 0
  writer.int32(sizeBytes - 4)
  writer.at = end
  return writer
}

function headed<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error
    throw new ProtocolViolation(error.code, `${what}: header: ${error.message}`, { cause: error })
  }
}

function peekInt16(reader: Reader): number | undefined {
  if (reader.remaining < 2) return undefined
  const at = reader.at
  const value = reader.int16()
  reader.at = at
  return value
}

function refuseRest(reader: Reader, what: string): void {
  if (reader.remaining === 0) return
  throw new ProtocolViolation(
    'PROTOCOL_VIOLATION',
    `${what}: ${reader.remaining} bytes left over behind its last field`,
  )
}
