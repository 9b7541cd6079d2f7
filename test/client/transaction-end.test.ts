// The end of a transaction as main tells it, where the I/O thread says nothing; and ends that meet a close. [test]
import { describe, expect, it } from 'vitest'
import { Closed, type MillraceError, ThreadDied, Timeout } from '../../src/base/errors.ts'
import { type World, world } from './producer-world.ts'

const failureOf = (pending: Promise<unknown>) =>
  pending.then(
    () => undefined,
    (error: MillraceError) => error,
  )

/** An open transaction with a record that is stored. */
async function begun(w: World) {
  const transaction = await w.producer.beginTransaction()
  const sent = transaction.send({ topic: 'other', value: 'x' })
  await w.clock.advance(10)
  w.store()
  await sent
  return transaction
}

describe('a commit', () => {
  it.each([
    ['the death of the I/O thread', new ThreadDied('THREAD_DIED', 'it died', { fatal: true })],
    ['a limit of time', new Timeout('CALL_TIMED_OUT', 'no answer')],
    ['the end of the client', new Closed('CLOSED', 'this Kafka instance was closed')],
  ])('that ends by %s is undecided: it may have been sent', async (_, failure) => {
    const w = world({ transactionalId: 'x' })
    const transaction = await begun(w)
    w.failures.endTransaction = failure
    const error = await failureOf(transaction.commit())
    expect(error).toMatchObject({ name: failure.name, code: 'TRANSACTION_UNDECIDED', stored: 'may be stored' })
    expect(error?.cause).toBe(failure)
    expect(transaction.state).toBe('undecided')
  })

  it.each([
    ['has died', (w: World) => w.die(), 'THREAD_DIED'],
    ['says that nothing can be sent', (w: World) => w.failProducer(new Closed('FENCED', 'a newer one')), 'FENCED'],
  ])('that begins when the I/O thread %s is not undecided: it was never sent', async (_, end, code) => {
    const w = world({ transactionalId: 'x' })
    const transaction = await begun(w)
    end(w)
    expect(await failureOf(transaction.commit())).toMatchObject({ code, stored: 'not stored' })
    expect(transaction.state).toBe('failed')
    expect(w.calls.filter(({ op }) => op === 'endTransaction')).toEqual([])
  })

  it('that the I/O thread refused to send is not undecided', async () => {
    const w = world({ transactionalId: 'x' })
    const transaction = await begun(w)
    w.failures.endTransaction = new Closed('CLOSED', 'The producer was closed.', { stored: 'not stored' })
    expect(await failureOf(transaction.commit())).toMatchObject({ code: 'CLOSED' })
    expect(transaction.state).toBe('failed')
  })

  it('is awaited by a close that comes meanwhile, and not followed by an abort', async () => {
    const w = world({ transactionalId: 'x' })
    const transaction = await w.producer.beginTransaction()
    void transaction.enqueue({ topic: 'other', value: 'x' })
    const committed = failureOf(transaction.commit())
    const closed = w.producer.close()
    await w.clock.advance(10)
    w.store()
    await w.clock.advance(10)
    await closed
    expect(await committed).toBeUndefined()
    const ends = w.calls.filter(({ op }) => op === 'endTransaction' || op === 'closeProducer')
    expect(ends).toMatchObject([{ commit: true }, { op: 'closeProducer' }])
  })

  it('that fails while a close waits for it is followed by an abort', async () => {
    const w = world({ transactionalId: 'x' })
    const transaction = await w.producer.beginTransaction()
    void transaction.enqueue({ topic: 'other', value: 'x' })
    const committed = failureOf(transaction.commit())
    const closed = w.producer.close()
    await w.clock.advance(10)
    w.fail([...w.posted], { stored: 'not stored' })
    await w.clock.advance(10)
    await closed
    expect(await committed).toMatchObject({ requiresAbort: true })
    expect(w.calls.filter(({ op }) => op === 'endTransaction')).toMatchObject([{ commit: false }])
  })
})

it('a producer whose start failed starts with the next record', async () => {
  const w = world()
  w.startFailures.push(new ThreadDied('THREAD_DIED', 'no thread could be started'))
  expect(await failureOf(w.producer.send({ topic: 'other', value: 'x' }))).toMatchObject({ code: 'THREAD_DIED' })
  const sent = w.producer.send({ topic: 'other', value: 'y' })
  await w.clock.advance(10)
  w.store()
  expect(await sent).toMatchObject({ topic: 'other', partition: 0 })
})
