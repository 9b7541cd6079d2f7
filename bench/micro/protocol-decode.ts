// Question: what does compiled code win over the interpreter when it decodes and encodes messages? [bench]
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { compileCodec, interpretedCodec } from '../../src/protocol/compile.ts'
import { HeartbeatResponse } from '../../src/protocol/messages/heartbeat.ts'
import { MetadataResponse } from '../../src/protocol/messages/metadata.ts'
import { planOf } from '../../src/protocol/plan.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { ask, keep } from '../question.ts'

const partitions = Array.from({ length: 10 }, (_, partitionIndex) => ({
  partitionIndex,
  leaderId: 1 + (partitionIndex % 3),
  leaderEpoch: 5,
  replicaNodes: [1, 2, 3],
  isrNodes: [1, 2, 3],
}))
const metadata = {
  clusterId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: `broker-${nodeId}.example`, port: 9092 })),
  topics: Array.from({ length: 100 }, (_, at) => ({ name: `events-of-service-${at}`, partitions })),
}

for (const [what, message, version, value] of [
  ['Metadata of 100 topics with 10 partitions each', MetadataResponse, 13, metadata],
  ['an empty Heartbeat answer', HeartbeatResponse, 4, {}],
] as [string, Message, number, object][]) {
  const plan = planOf(message, version)
  const compiled = compileCodec(plan)
  const interpreted = interpretedCodec(plan)
  const encode = (codec: typeof compiled) => {
    const writer = new Writer()
    codec.encode(writer, value)
    return writer.finish()
  }
  const bytes = encode(compiled).slice()
  await ask(
    `what does compiled code win over the interpreter on ${what} (${bytes.length} bytes)?`,
    {
      'decode, interpreted': () => keep(interpreted.decode(new Reader(bytes))),
      'decode, compiled': () => keep(compiled.decode(new Reader(bytes))),
      'encode, interpreted': () => keep(encode(interpreted)),
      'encode, compiled': () => keep(encode(compiled)),
      'compile once': () => keep(compileCodec(plan)),
    },
    { unit: 'messages', perCall: 1 },
  )
}
