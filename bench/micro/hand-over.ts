// Question: what does a record cost main, from the call into a batch and to its report, by enqueue, send and sendBatch?
//
// The I/O thread is played: each batch is stored as soon as it is there.
import { clickEvents } from '../../src/broker/click-events.ts'
import { world } from '../../test/client/producer-world.ts'
import { ask } from '../question.ts'

const lines = [...clickEvents()].slice(0, 10_000).map((line) => Buffer.from(line))
const count = lines.length

const w = world({ lingerMs: 0, batchBytes: 1_000_000, bufferMemoryBytes: 67_108_864, enableIdempotence: false })
const { producer } = w
const stored = async () => {
  // The batch goes at the end of the turn.
  for (let turn = 0; turn < 3; turn++) await undefined
  w.store()
}
await Promise.all([
  producer.send({ topic: 'events', value: 'the partitions are known now' }),
  w.clock.advance(1).then(stored),
])

await ask(
  'what does a record cost main on its way into a batch and back?',
  {
    async enqueue() {
      for (const value of lines) producer.enqueue({ topic: 'events', value })
      await stored()
    },
    async send() {
      const sent = lines.map((value) => producer.send({ topic: 'events', value }))
      await stored()
      for (const one of sent) await one
    },
    async sendBatch() {
      const sent = producer.sendBatch('events', lines)
      await stored()
      await sent
    },
  },
  { unit: 'records', perCall: count },
)
