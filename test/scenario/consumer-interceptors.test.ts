// Interceptors see what a consumer hands out and commits, and can break nothing. [test process]
import { expect, test } from 'vitest'
import type { ConsumerInterceptor, MillraceError } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'

onEveryGround('interceptors', (ground) => {
  test('see every batch and every commit; one that throws is told of, and keeps nobody from anything', async () => {
    const topic = await ground.topic('seen')
    await ground.produce(
      topic,
      Array.from({ length: 10 }, (_, i) => ({ value: `v${i}` })),
    )
    const consumed: [string, number, number][] = []
    const committed: number[] = []
    const errors: MillraceError[] = []
    const throwing: ConsumerInterceptor = {
      onConsume: () => {
        throw new Error('not today')
      },
      onCommit: () => {
        throw new Error('nor tomorrow')
      },
    }
    // Types let an asynchronous one pass.
    const late: ConsumerInterceptor = {
      onConsume: async () => {
        throw new Error('not even later')
      },
      onCommit: async () => {
        throw new Error('nor ever')
      },
    }
    const seeing: ConsumerInterceptor = {
      onConsume: (batch) => consumed.push([batch.topic, batch.baseOffset, batch.lastOffset]),
      onCommit: (offsets) => committed.push(...offsets.map(({ offset }) => offset)),
    }
    const consumer = ground.kafka().consumer({
      groupId: topic,
      autoOffsetReset: 'earliest',
      autoCommit: false,
      interceptors: [throwing, late, seeing],
    })
    consumer.on('error', (error) => errors.push(error))
    consumer.assign([{ topic, partition: 0 }])
    const records = await consumer.take(7).toArray()
    await consumer.commit()
    await consumer.seek({ topic, partition: 0 }, 8)
    await consumer.run({ eachRecord: ({ offset }) => void (offset === 9 && consumer.close()) })
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(consumed[0]).toEqual([topic, 0, expect.any(Number)])
    expect(consumed.at(-1)).toEqual([topic, 8, 9])
    expect(committed).toEqual([7])
    const texts = errors.map(({ code, message }) => `${code} ${message}`)
    expect(texts).toContain('USER_CODE_FAILED onConsume of an interceptor threw: not today')
    expect(texts).toContain('USER_CODE_FAILED onCommit of an interceptor threw: nor tomorrow')
    expect(texts).toContain('USER_CODE_FAILED onConsume of an interceptor threw: not even later')
    expect(texts).toContain('USER_CODE_FAILED onCommit of an interceptor threw: nor ever')
  })

  test.each([[{}], [[{ onConsume: 1 }]], ['x']])('refuses %j', async (interceptors) => {
    expect(() => ground.kafka().consumer({ interceptors: interceptors as never })).toThrow(/interceptors/)
  })
})
