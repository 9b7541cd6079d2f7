// What the types of a producer say, checked by tsc. [test process]
import { expect, it } from 'vitest'
import { int32, json, Kafka, type Producer, type Sendable } from '../../src/index.ts'

/** True when both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>() => {}

it('a producer takes what its serializers take', () => {
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'] })
  const plain = kafka.producer()
  holds<Same<typeof plain, Producer<Sendable, Sendable>>>()
  const typed = kafka.producer({ key: int32(), value: json<{ amount: number }>() })
  holds<Same<typeof typed, Producer<number | null, { amount: number } | null>>>()
  const wrong = () => [
    // @ts-expect-error: the key is a number
    typed.send({ topic: 'orders', key: 'a', value: { amount: 3 } }),
    // @ts-expect-error: the value has another shape
    typed.sendBatch('orders', [{ amount: '3' }]),
    // @ts-expect-error: a number needs a serializer
    plain.topic('orders').send({ value: 5 }),
    // @ts-expect-error: there is no such codec
    kafka.producer({ compression: 'brotli' }),
  ]
  const right = () => [
    typed.send({ topic: 'orders', key: 5, value: { amount: 3 }, headers: { a: ['1', null] } }),
    plain.sendBatch('orders', ['text', { json: true }, null, new Uint8Array(1)]),
    kafka.producer({ onDelivery: ({ offset, error, record }) => [offset, error?.stored, record.topic] }),
    kafka.transaction(() => 5, { onAbort: (error) => String(error) }),
    kafka.producer({}, async (producer) => producer.send({ topic: 'orders', value: 'x' })),
    kafka.transaction(async (tx) => tx.sendBatch([{ topic: 'orders', value: { amount: 3 } }]), {
      value: json<{ amount: number }>(),
    }),
  ]
  // Called by nobody: only their types are of interest.
  expect([typeof wrong, typeof right]).toEqual(['function', 'function'])
})
