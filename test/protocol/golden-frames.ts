// The messages that Kafka's own classes wrote (test/java/GoldenMessages.java). [test processes]

import { Reader } from '../../src/bytes/reader.ts'
import { type Api, apis } from '../../src/protocol/apis.ts'
import { runJava } from '../support/kafka-jars.ts'

/** The kinds of frames, as Java numbers them; the last two have no header. */
export const goldenKinds = ['request', 'response', 'subscription', 'assignment'] as const
/** How the fields were filled: none at its default; the same plus unknown tags; some at defaults, some null. */
export const goldenVariants = ['full', 'tagged', 'sparse'] as const

/** One message written by Java: header and body as they go on the wire, without the length. */
export interface GoldenFrame {
  readonly key: number
  readonly version: number
  readonly kind: (typeof goldenKinds)[number]
  readonly variant: (typeof goldenVariants)[number]
  readonly bytes: Uint8Array
}

/** Every (API, version) that we carry, three variants of request and of response each. */
export async function goldenFrames(seed: number): Promise<GoldenFrame[]> {
  const entries: Api[] = Object.values(apis)
  const lines = [...entries.map(({ key, request }) => `${key} ${request.versions.join(' ')}`), '-1 0 3']
  const { stdout, stderr, status } = await runJava('GoldenMessages.java', [`${seed}`], { stdin: lines.join('\n') })
  if (status !== 0) throw new Error(stderr)
  const reader = new Reader(stdout)
  const frames: GoldenFrame[] = []
  while (reader.remaining > 0) {
    const [key, version] = [reader.int16(), reader.int16()]
    const [kind, variant] = [goldenKinds[reader.int8()]!, goldenVariants[reader.int8()]!]
    const size = reader.int32()
    const at = reader.skip(size)
    frames.push({ key, version, kind, variant, bytes: stdout.subarray(at, at + size) })
  }
  return frames
}
