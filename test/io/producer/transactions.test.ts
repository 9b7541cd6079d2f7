// Transactions of both protocols on the embedded broker: what ends, what is only said to, and what follows.
import { describe, expect, test } from 'vitest'
import type { BrokerOptions } from '../../../src/broker/index.ts'
import type { BatchReport } from '../../../src/control/producing.ts'
import type { ApiName } from '../../../src/protocol/apis.ts'
import { errorTable } from '../../../src/protocol/error-table.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { caught } from '../../support/io-world.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import { ProducerRig } from '../../support/producing.ts'
import { readCommitted, readCommittedOffset } from '../../support/read-committed.ts'

const startWorld = producerWorlds()

const PROTOCOLS: [string, BrokerOptions][] = [
  ['first protocol', { transactionVersion: 1 }],
  ['second protocol (KIP-890)', { transactionVersion: 2 }],
  ['first protocol of a 2.1 broker', { apiVersions: '2.1' }],
]
const GROUP = { groupId: 'g', generationId: -1, memberId: '', groupInstanceId: null }

describe.each(PROTOCOLS)('%s', (name, options) => {
  const second = name.startsWith('second')

  async function start() {
    const world = await startWorld({ transactionalId: 'etl', transactionTimeoutMs: 600_000 }, options)
    const { clock, broker, rig } = world
    const asked: string[] = []
    for (const api of [
      'InitProducerId',
      'AddPartitionsToTxn',
      'AddOffsetsToTxn',
      'TxnOffsetCommit',
      'EndTxn',
    ] as const) {
      broker.on(api, () => void asked.push(api))
    }
    let number = 0
    const begin = () => clock.until(rig.call({ op: 'beginTransaction', transaction: ++number }))
    const send = (partition: number, value: string) => rig.send({ partition, values: [value], transaction: number })
    const end = (commit: boolean) => clock.until(rig.call({ op: 'endTransaction', commit }))
    const endError = (commit: boolean) => clock.until(caught(rig.call({ op: 'endTransaction', commit })))
    const committed = () => clock.until(readCommitted(rig.cluster, 'events', 4))
    return { ...world, asked, begin, send, end, endError, committed }
  }

  test('what is committed is there, what is aborted is not', async () => {
    const { clock, asked, begin, send, end, committed } = await start()
    for (const [i, commit] of [true, false, true].entries()) {
      await begin()
      const sent = [0, 1].map((partition) => send(partition, `${i}/${partition}`))
      const reports: BatchReport[] = await clock.until(Promise.all(sent.map(({ report }) => report)))
      expect(reports.map(({ error }) => error)).toEqual([undefined, undefined])
      await end(commit)
    }
    expect(await committed()).toEqual(['0/0', '2/0', '0/1', '2/1'])
    expect(asked.filter((api) => api === 'AddPartitionsToTxn').length).toBe(second ? 0 : 3)
    expect(asked.filter((api) => api === 'EndTxn').length).toBe(3)
    expect(asked.filter((api) => api === 'InitProducerId').length).toBe(1)
  })

  test('an empty transaction asks nobody', async () => {
    const { asked, begin, end } = await start()
    await begin()
    await end(true)
    await begin()
    await end(false)
    expect(asked).toEqual(['InitProducerId'])
  })

  test('offsets are committed with it, or not at all', async () => {
    const { clock, rig, asked, begin, end } = await start()
    const offsets = [{ topic: 'events', partition: 0, offset: 7, leaderEpoch: -1, metadata: null }]
    await begin()
    await clock.until(rig.call({ op: 'addOffsets', group: GROUP, offsets }))
    await end(true)
    await begin()
    await clock.until(rig.call({ op: 'addOffsets', group: GROUP, offsets: [{ ...offsets[0]!, offset: 9 }] }))
    await end(false)
    expect(await clock.until(readCommittedOffset(rig.cluster, 'g', 'events', 0))).toBe(7)
    expect(asked.filter((api) => api === 'AddOffsetsToTxn').length).toBe(second ? 0 : 2)
  })

  test('a batch that fails takes the others down; the abort makes way for the next', async () => {
    const { clock, broker, begin, send, end, endError, committed } = await start()
    await begin()
    await clock.until(send(0, 'a').report)
    broker.once('Produce', () => ({ errorCode: ErrorCode.INVALID_RECORD }))
    const refused = send(1, 'b')
    expect((await clock.until(refused.report)).error).toMatchObject({ code: 'INVALID_RECORD', requiresAbort: true })
    const late = send(0, 'c')
    expect((await clock.until(late.report)).error).toMatchObject({ code: 'TRANSACTION_ABORTED', stored: 'not stored' })
    expect(await endError(true)).toMatchObject({ code: 'INVALID_RECORD', requiresAbort: true })
    await end(false)
    await begin()
    await clock.until(Promise.all([send(0, 'd').report, send(1, 'e').report]))
    await end(true)
    expect(await committed()).toEqual(['d', 'e'])
  })

  test('an abort does not wait for what was not sent, only for what is on its way', async () => {
    const { clock, broker, begin, send, end, committed } = await start()
    await begin()
    await clock.until(send(0, 'a').report)
    broker.once('Produce', () => ({ delayMs: 500 }))
    const slow = Array.from({ length: 8 }, (_, i) => send(0, `${i}`))
    await clock.advance(10)
    await end(false)
    const reports = await clock.until(Promise.all(slow.map(({ report }) => report)))
    expect(reports.slice(5).map(({ error }) => error?.stored)).toEqual(['not stored', 'not stored', 'not stored'])
    await begin()
    await clock.until(send(0, 'z').report)
    await end(true)
    expect(await committed()).toEqual(['z'])
  })

  test('a batch of a transaction that has ended is not taken', async () => {
    const { clock, rig, begin, end } = await start()
    await begin()
    await end(false)
    const { error } = await clock.until(rig.send({ transaction: 1 }).report)
    expect(error).toMatchObject({ code: 'NO_TRANSACTION', stored: 'not stored' })
  })

  test('a producer that was replaced is told so at its next step, and is of no use any more', async () => {
    const { clock, world, rig, begin, send, endError, committed } = await start()
    await begin()
    await clock.until(send(0, 'zombie').report)
    const newer = new ProducerRig(world.host, { transactionalId: 'etl', idempotent: true })
    await clock.until(newer.call({ op: 'beginTransaction', transaction: 1 }))
    expect(await endError(true)).toMatchObject({ fatal: true })
    expect(rig.told.some(({ type }) => type === 'producerFailed')).toBe(true)
    await clock.until(newer.send({ transaction: 1, values: ['new'] }).report)
    await clock.until(newer.call({ op: 'endTransaction', commit: true }))
    expect(await committed()).toEqual(['new'])
    newer.cluster.close()
  })

  test.each([
    ['answer to EndTxn', 'EndTxn', { cut: 'after' }],
    ['EndTxn', 'EndTxn', { cut: 'before' }],
    ['answer to InitProducerId', 'InitProducerId', { cut: 'after' }],
    ['answer to AddPartitionsToTxn', 'AddPartitionsToTxn', { cut: 'after' }],
    ['answer to a Produce', 'Produce', { cut: 'after' }],
  ] as const)('a lost %s is made up for', async (_, api, fault) => {
    const { clock, broker, begin, send, end, committed } = await start()
    broker.once(api as ApiName, () => fault)
    for (const value of ['a', 'b']) {
      await begin()
      expect((await clock.until(send(0, value).report)).error).toBeUndefined()
      await end(true)
    }
    expect(await committed()).toEqual(['a', 'b'])
  })

  test.each([
    ['is never answered', { drop: 'after' }, true],
    ['is never answered nor carried out', { drop: 'before' }, false],
    ['fails as nobody knows how', { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR }, false],
  ] as const)('a commit that %s is undecided, never success, and the next one begins clean', async (_, fault, done) => {
    const { clock, broker, rig, begin, send, end, committed } = await start()
    await begin()
    await clock.until(send(0, 'a').report)
    broker.on('EndTxn', () => fault)
    const ending = caught(rig.call({ op: 'endTransaction', commit: true }))
    expect(await clock.until(ending)).toMatchObject({ code: 'TRANSACTION_UNDECIDED', stored: 'may be stored' })
    broker.off('EndTxn')
    await begin()
    await clock.until(send(0, 'b').report)
    await end(true)
    expect(await committed()).toEqual(done ? ['a', 'b'] : ['b'])
  })

  test('a commit that is refused leaves the transaction open, to be aborted', async () => {
    const { clock, broker, begin, send, end, endError, committed } = await start()
    await begin()
    await clock.until(send(0, 'a').report)
    broker.once('EndTxn', () => ({ errorCode: ErrorCode.TRANSACTION_ABORTABLE }))
    expect(await endError(true)).toMatchObject({ code: 'TRANSACTION_ABORTABLE', requiresAbort: true, fatal: false })
    await end(false)
    await begin()
    await clock.until(send(0, 'b').report)
    await end(true)
    expect(await committed()).toEqual(['b'])
  })
})

describe.each(['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'] as const)(
  'no code as the answer to %s makes a transaction look committed that is not',
  (api) => {
    test.each([1, 2] as const)('with transaction.version %i', async (transactionVersion) => {
      for (const [code] of Object.values(errorTable)) {
        if (code === 0) continue
        const settings = { transactionalId: 'etl', transactionTimeoutMs: 600_000 }
        const options = { transactionVersion, io: { defaultApiTimeoutMs: 1_000 } }
        const { clock, broker, rig } = await startWorld(settings, options)
        broker.on(api, () => ({ errorCode: code }))
        const outcome = await clock.until(
          oneTransaction(rig).then(
            () => 'committed',
            () => 'failed',
          ),
          600_000,
        )
        broker.off()
        const asked = transactionVersion === 1 || (api !== 'AddPartitionsToTxn' && api !== 'AddOffsetsToTxn')
        expect([code, outcome]).toEqual([code, asked ? 'failed' : 'committed'])
        expect(await clock.until(readCommitted(rig.cluster, 'events', 1))).toEqual(asked ? [] : ['a'])
        rig.cluster.close()
      }
    })
  },
)

/** A record and an offset, committed; rejects when anything of it fails. */
async function oneTransaction(rig: ProducerRig): Promise<void> {
  await rig.call({ op: 'beginTransaction', transaction: 1 })
  const { error } = await rig.send({ values: ['a'], transaction: 1, timeoutMs: 2_000 }).report
  if (error !== undefined) throw error
  const offsets = [{ topic: 'events', partition: 0, offset: 7, leaderEpoch: -1, metadata: null }]
  await rig.call({ op: 'addOffsets', group: GROUP, offsets })
  await rig.call({ op: 'endTransaction', commit: true })
}
