// Bytes that Kafka's own message classes wrote: we read them, and write the same bytes again.

import { beforeAll, expect, it } from 'vitest'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { type Api, type ApiName, apiByKey, apis } from '../../src/protocol/apis.ts'
import { compileCodec, interpretedCodec } from '../../src/protocol/compile.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/protocol/frame.ts'
import { isDefault } from '../../src/protocol/interpret.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../src/protocol/messages/consumer-protocol.ts'
import { type Plan, planOf } from '../../src/protocol/plan.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { javaDescribe } from '../support/kafka-describe.ts'
import { seed } from '../support/seed.ts'
import { type GoldenFrame, goldenFrames } from './golden-frames.ts'

const entries: Api[] = Object.values(apis)

javaDescribe('messages written by Kafka', () => {
  let frames: GoldenFrame[] = []
  beforeAll(async () => {
    frames = await goldenFrames(seed)
  })

  it('cover every (API, version) that we carry, request and response', () => {
    const wanted = entries.flatMap(({ key, request: { versions } }) => {
      return Array.from({ length: versions[1] - versions[0] + 1 }, (_, index) => `${key} v${versions[0] + index}`)
    })
    for (const kind of ['request', 'response']) {
      for (const variant of ['full', 'tagged', 'sparse']) {
        const got = frames.filter((frame) => frame.kind === kind && frame.variant === variant)
        expect(got.map(({ key, version }) => `${key} v${version}`)).toEqual(wanted)
      }
    }
    expect(wanted.length).toBeGreaterThan(260)
  })

  it.each(entries.map(({ name, key }) => [name, key] as const))('%s is read and written alike', (_, key) => {
    for (const frame of frames.filter((candidate) => candidate.key === key)) {
      const { plain, body, again, plan } = throughFrames(frame, frames)
      expect(hex(again)).toBe(hex(plain.bytes))
      throughCodecs(plan, body, plain.bytes)
      if (frame.variant === 'full') expect(stillDefault(plan, body, plan.label)).toEqual([])
    }
  })

  it('of the consumer protocol are read and written alike', () => {
    const embedded = frames.filter(({ kind }) => kind === 'subscription' || kind === 'assignment')
    expect(embedded.length).toBe(2 * 4 * 3)
    for (const { kind, version, bytes } of embedded) {
      const message: Message = kind === 'subscription' ? ConsumerProtocolSubscription : ConsumerProtocolAssignment
      const plan = planOf(message, version)
      throughCodecs(plan, interpretedCodec(plan).decode(new Reader(bytes)), bytes)
    }
  })
})

/** Through the functions that clients and brokers use. */
function throughFrames(frame: GoldenFrame, frames: readonly GoldenFrame[]) {
  const entry = apiByKey(frame.key)!
  const { version, kind, bytes } = frame
  // Unknown tags are skipped: what is written again is the same message without them.
  const same = (other: GoldenFrame) => other.key === frame.key && other.version === version && other.kind === kind
  const plain = frame.variant === 'tagged' ? frames.find((other) => same(other) && other.variant === 'full')! : frame
  if (kind === 'request') {
    const request = decodeRequest(bytes)
    expect([request.api, request.version, request.correlationId]).toEqual([entry.name, version, version])
    const again = encodeRequest<ApiName>(request.api, version, request, request.body)
    return { plain, body: request.body, again: again.subarray(4), plan: planOf(entry.request, version) }
  }
  const body = decodeResponse<ApiName>(entry.name, version, bytes)
  const again = encodeResponse<ApiName>(entry.name, version, version, body)
  return { plain, body, again: again.subarray(4), plan: planOf(entry.response, version) }
}

/** Through both codecs: the body, which ends the frame. */
function throughCodecs(plan: Plan, body: unknown, frame: Uint8Array): void {
  for (const codec of [compileCodec(plan), interpretedCodec(plan)]) {
    const writer = new Writer()
    codec.encode(writer, body)
    const written = writer.finish()
    expect(hex(written)).toBe(hex(frame.subarray(frame.length - written.length)))
    expect(codec.decode(new Reader(written))).toEqual(body)
  }
}

/** The fields that Java should have filled but that hold their default: then the test would prove nothing of them. */
function stillDefault(plan: Plan, value: unknown, path: string): string[] {
  return plan.fields.flatMap((field) => {
    if (field.presence === 'absent') return []
    const inner = (value as { [name: string]: unknown })[field.name]
    const here = `${path}.${field.name}`
    if (isDefault(field, inner)) return [here]
    const type = field.type.kind === 'array' ? field.type.of : field.type
    if (type.kind !== 'struct') return []
    return (Array.isArray(inner) ? inner : [inner]).flatMap((struct) => stillDefault(type.plan, struct, here))
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
