// Ends of transactions and of producers on a virtual clock: what was lost before them, and how long they may take.
import { describe, expect, test } from 'vitest'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { caught } from '../../support/io-world.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import { ProducerRig } from '../../support/producing.ts'
import { readCommitted } from '../../support/read-committed.ts'

const startWorld = producerWorlds()
const settings = { transactionalId: 'etl', transactionTimeoutMs: 600_000 }

describe.each([1, 2] as const)('transaction.version %i', (transactionVersion) => {
  const start = () => startWorld(settings, { transactionVersion })

  test.each(['before', 'after'] as const)(
    'a Produce whose connection was cut %s the broker had it, and then an abort: the next transaction goes on',
    async (cut) => {
      const { clock, broker, rig } = await start()
      const send = (transaction: number, value: string) => rig.send({ transaction, values: [value] })
      await clock.until(rig.call({ op: 'beginTransaction', transaction: 1 }))
      await clock.until(send(1, 'a').report)
      broker.once('Produce', () => ({ delayMs: 300, cut }))
      const lost = send(1, 'b')
      await clock.advance(100)
      await clock.until(rig.call({ op: 'endTransaction', commit: false }))
      expect((await clock.until(lost.report)).error).toMatchObject({ stored: 'may be stored' })
      await clock.until(rig.call({ op: 'beginTransaction', transaction: 2 }))
      expect((await clock.until(send(2, 'c').report)).error).toBeUndefined()
      await clock.until(rig.call({ op: 'endTransaction', commit: true }))
      expect(await clock.until(readCommitted(rig.cluster, 'events', 4))).toEqual(['c'])
    },
  )

  test('a producer that was closed while it asked for its id fences nobody afterwards', async () => {
    const { clock, world, broker, rig } = await start()
    broker.on('InitProducerId', () => ({ errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS }))
    const begin = caught(rig.call({ op: 'beginTransaction', transaction: 1 }))
    await clock.advance(1_500)
    await clock.until(rig.call({ op: 'closeProducer' }))
    expect(await clock.until(begin)).toMatchObject({ name: 'Closed' })
    broker.off('InitProducerId')
    const younger = new ProducerRig(world.host, { ...settings, idempotent: true })
    await clock.until(younger.call({ op: 'beginTransaction', transaction: 1 }))
    await clock.advance(10_000)
    expect((await clock.until(younger.send({ transaction: 1 }).report)).error).toBeUndefined()
    await clock.until(younger.call({ op: 'endTransaction', commit: true }))
    younger.cluster.close()
  })

  test.each([true, false])('an end has one limit for all its steps (commit: %s)', async (commit) => {
    const { clock, broker, rig } = await start()
    await clock.until(rig.call({ op: 'beginTransaction', transaction: 1 }))
    await clock.until(rig.send({ transaction: 1 }).report)
    broker.on('Produce', () => ({ drop: 'before' }))
    const slow = rig.send({ transaction: 1 })
    await clock.advance(50)
    for (const api of ['EndTxn', 'InitProducerId'] as const) broker.on(api, () => ({ drop: 'before' }))
    const startedMs = clock.now()
    const error = await clock.until(caught(rig.call({ op: 'endTransaction', commit }, { timeoutMs: 5_000 })))
    expect(clock.now() - startedMs).toBeLessThan(5_100)
    // It was not sent: nobody has to wonder.
    expect(error).toMatchObject({ name: 'Timeout', code: 'API_TIMEOUT', requiresAbort: commit })
    broker.off()
    if (commit) await clock.until(rig.call({ op: 'endTransaction', commit: false }))
    await clock.until(slow.report)
    await clock.until(rig.call({ op: 'beginTransaction', transaction: 2 }))
    await clock.until(rig.send({ transaction: 2, values: ['z'] }).report)
    await clock.until(rig.call({ op: 'endTransaction', commit: true }))
    expect(await clock.until(readCommitted(rig.cluster, 'events', 4))).toEqual(['z'])
  })

  test('a begin whose answer main did not await does not stand in the way of the next one', async () => {
    const { clock, rig } = await start()
    const send = (transaction: number, value: string) => clock.until(rig.send({ transaction, values: [value] }).report)
    await clock.until(rig.call({ op: 'beginTransaction', transaction: 1 }))
    await send(1, 'a')
    await clock.until(rig.call({ op: 'beginTransaction', transaction: 2 }))
    expect((await send(1, 'b')).error).toMatchObject({ code: 'NO_TRANSACTION', stored: 'not stored' })
    expect((await send(2, 'c')).error).toBeUndefined()
    await clock.until(rig.call({ op: 'endTransaction', commit: true }))
    expect(await clock.until(readCommitted(rig.cluster, 'events', 4))).toEqual(['c'])
  })
})

test('a batch that comes when its time is over is not sent', async () => {
  const { clock, broker, rig } = await startWorld()
  let asked = 0
  await clock.until(rig.send().report)
  broker.on('Produce', () => void asked++)
  const [late, next] = [rig.make({ timeoutMs: 100 }), rig.make({ values: ['next'] })]
  rig.post([next.sealed])
  await clock.advance(200)
  rig.post([late.sealed])
  const { error } = await clock.until(late.sent.report)
  expect(error).toMatchObject({ code: 'DELIVERY_TIMED_OUT', stored: 'not stored' })
  expect((await clock.until(next.sent.report)).error).toBeUndefined()
  expect(asked).toBe(1)
})
