// Claims about requests and responses as frames.
import { describe, expect, it } from 'vitest'
import { ProtocolViolation, UnsupportedVersion } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { Reader } from '../../src/bytes/reader.ts'
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeRequestPieces,
  encodeResponse,
  readRequestHeader,
  readResponseHeader,
} from '../../src/protocol/frame.ts'

const header = { correlationId: 7, clientId: 'app' }

describe('a request frame', () => {
  it('begins with its own length, key, version, correlation id and client id', () => {
    const frame = encodeRequest('Metadata', 1, header, { topics: null })
    expect(Buffer.from(frame).toString('hex')).toBe('0000001100030001000000070003617070ffffffff')
  })

  it('has tagged fields in its header from the first flexible version on', () => {
    const [rigid, flexible] = [8, 9].map((version) => encodeRequest('Metadata', version, header, { topics: null }))
    expect([...rigid!.subarray(17)].slice(0, 4)).toEqual([255, 255, 255, 255])
    expect([...flexible!.subarray(17)].slice(0, 2)).toEqual([0, 0])
  })

  it('is read back with its header, also out of shared memory', () => {
    const frame = encodeRequest('Metadata', 12, { correlationId: -1, clientId: null }, { topics: [{ name: 'events' }] })
    const shared = new Uint8Array(new SharedArrayBuffer(frame.length), 0)
    shared.set(frame)
    const request = decodeRequest(shared.subarray(4))
    expect(request).toMatchObject({ api: 'Metadata', version: 12, correlationId: -1, clientId: null })
    expect(request.api === 'Metadata' && request.body.topics?.[0]?.name).toBe('events')
  })

  it('of an unknown key or version is refused, but its header can be read to answer it', () => {
    const frame = encodeRequest('ApiVersions', 3, header, {}).slice(4)
    frame.set([0x03, 0xe7], 2)
    expect(() => decodeRequest(frame)).toThrow(UnsupportedVersion)
    expect(readRequestHeader(new Reader(frame))).toEqual({ apiKey: 18, version: 999, ...header })
    frame.set([0x27, 0x0f], 0)
    expect(() => decodeRequest(frame)).toThrow('a request has API key 9999, which is not known')
  })
})

describe('a Produce request whose batches are given in pieces', () => {
  const random = seededRandom(7)
  const upTo = (max: number) => Math.floor(random.next() * (max + 1))
  const some = (size: number) => Uint8Array.from({ length: size }, () => upTo(255))

  /** The bytes, cut in up to five pieces of shared memory; empty ones among them. */
  function cut(bytes: Uint8Array) {
    const cuts = [0, ...Array.from({ length: upTo(4) }, () => upTo(bytes.length)).sort((a, b) => a - b), bytes.length]
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    const pieces = cuts.slice(1).map((end, i) => shared.subarray(cuts[i]!, end))
    return { pieces, sizeBytes: bytes.length }
  }

  /** The same request with its batches whole and in pieces. */
  function requests(topics: number) {
    const names = Array.from({ length: topics }, (_, i) => `topic-${i}`)
    const batches = names.map(() => Array.from({ length: upTo(4) }, () => some(upTo(300))))
    const body = <T>(given: (batch: Uint8Array) => T) => ({
      transactionalId: 'etl',
      acks: -1,
      timeoutMs: 30_000,
      topicData: names.map((name, i) => ({
        name,
        topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
        partitionData: batches[i]!.map((batch, index) => ({ index, records: given(batch) })),
      })),
    })
    return [body((batch) => batch), body(cut)] as const
  }

  it.each([3, 8, 9, 11, 12, 13])('has the bytes of version %i that it has with whole ones', (version) => {
    for (let round = 0; round < 200; round++) {
      const [whole, inPieces] = requests(upTo(4))
      const pieces = encodeRequestPieces('Produce', version, header, inPieces)
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(encodeRequest('Produce', version, header, whole)))
    }
  })

  it('does not copy them', () => {
    const records = cut(some(5_000))
    const topicData = [{ name: 'events', partitionData: [{ index: 0, records }] }]
    const pieces = encodeRequestPieces('Produce', 9, header, { acks: 1, topicData })
    for (const piece of records.pieces) expect(pieces.some((one) => one === piece)).toBe(true)
  })

  it('is refused when the pieces are not as long as was said', () => {
    const topicData = [{ name: 'events', partitionData: [{ index: 3, records: { ...cut(some(10)), sizeBytes: 11 } }] }]
    expect(() => encodeRequestPieces('Produce', 9, header, { topicData })).toThrow('pieces of 10 bytes given as 11')
  })
})

describe('a response frame', () => {
  it('of ApiVersions has the oldest header in every version (KIP-511)', () => {
    const frame = encodeResponse('ApiVersions', 3, 7, {})
    expect(Buffer.from(frame).toString('hex')).toBe('0000000c000000070000010000000000')
    expect(decodeResponse('ApiVersions', 3, frame.subarray(4))).toMatchObject({ errorCode: 0, apiKeys: [] })
  })

  it('of a broker that does not know the version of ApiVersions is read as version 0', () => {
    const body = { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 2 }] }
    const frame = encodeResponse('ApiVersions', 0, 7, body)
    expect(decodeResponse('ApiVersions', 4, frame.subarray(4))).toMatchObject(body)
  })

  it('gives its correlation id and leaves the reader at the body', () => {
    for (const version of [11, 12]) {
      const reader = new Reader(encodeResponse('Fetch', version, 99, { throttleTimeMs: 5 }).subarray(4))
      expect(readResponseHeader(reader, 'Fetch', version)).toBe(99)
      expect(reader.int32()).toBe(5)
    }
  })

  it('with unknown tags in its header is read', () => {
    const frame = encodeResponse('Heartbeat', 4, 1, { errorCode: 27 })
    const tagged = Buffer.concat([frame.subarray(4, 8), Uint8Array.of(1, 9, 3, 1, 2, 3), frame.subarray(9)])
    expect(decodeResponse('Heartbeat', 4, tagged)).toEqual({ throttleTimeMs: 0, errorCode: 27 })
  })

  it('with bytes behind its last field is a ProtocolViolation', () => {
    const frame = encodeResponse('Heartbeat', 4, 1, {})
    const longer = Buffer.concat([frame.subarray(4), Uint8Array.of(0, 0)])
    expect(() => decodeResponse('Heartbeat', 4, longer)).toThrow(ProtocolViolation)
    expect(() => decodeResponse('Heartbeat', 4, longer)).toThrow('HeartbeatResponse v4: 2 bytes left over')
  })

  it('cut in its header is a ProtocolViolation that says so', () => {
    expect(() => decodeResponse('Heartbeat', 4, Uint8Array.of(0, 0))).toThrow(
      'HeartbeatResponse v4: header: 4 bytes needed',
    )
    expect(() => decodeResponse('Heartbeat', 4, Uint8Array.of(0, 0, 0, 1, 5))).toThrow(ProtocolViolation)
    expect(() => decodeRequest(Uint8Array.of(0, 1))).toThrow('request: header: 2 bytes needed')
  })

  it('that is the text of an HTTP server is a ProtocolViolation', () => {
    const text = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    expect(() => decodeResponse('ApiVersions', 4, text)).toThrow(ProtocolViolation)
    expect(() => decodeResponse('Metadata', 12, text)).toThrow(ProtocolViolation)
  })
})
