// What a close says of batches that the I/O thread never had. [test]
import { expect, it } from 'vitest'
import { type MillraceError, Timeout } from '../../src/base/errors.ts'
import { world } from './producer-world.ts'

it.each([
  ['answers, it was not sent', undefined, 'not stored'],
  ['does not answer, it may be stored', new Timeout('CALL_TIMED_OUT', 'no answer'), 'may be stored'],
  ['hangs, it may be stored, a second later', new Promise<never>(() => {}), 'may be stored'],
])('of a batch that a worker still has when the I/O thread %s', async (_, failure, stored) => {
  const w = world({ compression: 'lz4', lingerMs: 0 })
  const sent = w.producer.send({ topic: 'other', value: 'x' }).catch((error: MillraceError) => error)
  await w.clock.advance(10)
  expect(w.jobs).toHaveLength(1)
  if (failure !== undefined) w.failures.closeProducer = failure
  const closed = w.producer.close({ timeoutMs: 10 })
  await w.clock.advance(1_010)
  await closed
  expect(await sent).toMatchObject({ code: 'PRODUCER_CLOSED', stored })
})
