// `kafka.transaction` against an end that fails, one that nobody awaited, and code of the user's that fails as well.
// [test process]
import { expect, test } from 'vitest'
import type { MillraceError, Transaction } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { inlineKafka } from '../support/inline-kafka.ts'

const given = inlineKafka()

/** A transaction that sends one record, and then does this. */
function sending<T>(topic: string, then: (transaction: Transaction) => T, onAbort?: (error: unknown) => unknown) {
  given.broker.createTopic(topic, { partitions: 1 })
  const run = async (transaction: Transaction) => {
    await transaction.send({ topic, value: 'x' })
    return then(transaction)
  }
  return given.kafka.transaction(run as never, { transactionalId: topic, onAbort }) as Promise<T>
}

const read = async (topic: string) => {
  const values: string[] = []
  for await (const { value } of given.kafka.iterate(topic, { until: 'end' })) values.push(String(value))
  return values
}

test('a commit that nobody awaited has ended when the call does', async () => {
  let state: unknown
  const result = await sending('floating', (transaction) => {
    void transaction.commit()
    state = () => transaction.state
    return 'done'
  })
  expect([result, (state as () => string)()]).toEqual(['done', 'committed'])
})

test('where it fails the call does, and the next transaction of that id is fine', async () => {
  const mend = given.broker.fail('EndTxn', ErrorCode.INVALID_TXN_STATE)
  let floating: Promise<unknown> | undefined
  const running = sending('refused', (transaction) => {
    floating = transaction.commit().catch((error: MillraceError) => error.code)
  })
  const code = await running.catch((error: MillraceError) => error.code)
  mend()
  expect(code).toBe(await floating)
  expect(code).toBeTypeOf('string')
  const again = { transactionalId: 'refused' }
  await given.kafka.transaction((transaction) => transaction.send({ topic: 'refused', value: 'y' }), again)
  expect(await read('refused')).toEqual(['y'])
})

test('and where the function throws meanwhile, its own error is told, behind that end', async () => {
  let state: (() => string) | undefined
  let aborts = 0
  const running = sending(
    'thrown',
    (transaction) => {
      void transaction.commit()
      state = () => transaction.state
      throw new Error('mine')
    },
    () => aborts++,
  )
  await expect(running).rejects.toThrow('mine')
  expect([state!(), aborts]).toEqual(['committed', 0])
  expect(await read('thrown')).toEqual(['x'])
})

test('the error of the function is told, not that of an onAbort: the process is warned of that', async () => {
  const warned: string[] = []
  const warn = ({ message }: Error) => void warned.push(message)
  process.on('warning', warn)
  const mine = new Error('mine')
  const running = sending(
    'aborted',
    () => {
      throw mine
    },
    () => Promise.reject(new Error('not even that')),
  )
  await expect(running).rejects.toBe(mine)
  await expect.poll(() => warned).toContain('onAbort of a transaction threw: not even that')
  process.off('warning', warn)
  expect(await read('aborted')).toEqual([])
})

test.each([
  ['that the abort failed as well can be read off it', new Error('mine'), { code: 'INVALID_TXN_STATE' }],
  ['also one that takes nothing more', Object.freeze(new Error('frozen')), undefined],
])('the error of the function is told: %s', async (_, mine, suppressed) => {
  given.broker.fail('EndTxn', ErrorCode.INVALID_TXN_STATE)
  const error = await sending(mine.message, () => {
    throw mine
  }).catch((thrown: unknown) => thrown)
  expect(error).toBe(mine)
  if (suppressed === undefined) expect(error).not.toHaveProperty('suppressed')
  else expect(error).toMatchObject({ suppressed })
})
