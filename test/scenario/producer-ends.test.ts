// What ends while something is under way: closes that meet commits, threads that die, clients that give up.
// [test process]
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorOf, Reading, within } from '../support/reading.ts'

/** What `close` promises, and what a busy machine may add. */
const CLOSE_MS = 5_000 + 3_000

let reading: Reading
beforeEach(async () => {
  reading = await Reading.start('inline')
  reading.broker.createTopic('t', { partitions: 1 })
})
afterEach(async () => {
  reading.broker.off()
  await reading[Symbol.asyncDispose]()
})

/** An open transaction with a record that is stored. */
async function begun(transactionalId: string, kafka = reading.kafka) {
  const producer = kafka.producer({ transactionalId })
  const transaction = await producer.beginTransaction()
  await transaction.send({ topic: 't', value: transactionalId })
  return { producer, transaction }
}

const committed = async () =>
  (await reading.broker.messages('t', 0, { committed: true })).map(({ value }) => String(value))

describe.each(['producer', 'kafka'] as const)('the close of a %s', (which) => {
  test('lets a commit that is under way end', async () => {
    const { broker, kafka } = reading
    const { producer, transaction } = await begun('slow')
    broker.once('EndTxn', () => ({ delayMs: 300 }))
    const commit = transaction.commit()
    await within('close', CLOSE_MS, which === 'kafka' ? kafka.close() : producer.close({ timeoutMs: 1_500 }))
    await commit
    expect(transaction.state).toBe('committed')
    expect(await committed()).toEqual(['slow'])
  })

  test('does not wait for ever, and a commit that nobody confirmed is undecided', async () => {
    const { broker, kafka } = reading
    const { producer, transaction } = await begun('lost')
    broker.on('EndTxn', () => ({ drop: 'after' }))
    const commit = errorOf(transaction.commit())
    await within('close', CLOSE_MS, which === 'kafka' ? kafka.close() : producer.close({ timeoutMs: 1_500 }))
    expect(await within('commit', 1_000, commit)).toMatchObject({ code: 'TRANSACTION_UNDECIDED' })
    expect(transaction.state).toBe('undecided')
  })

  test.each(['never answers', 'is gone'])('is bounded when the broker of an open transaction %s', async (how) => {
    const { broker, kafka } = reading
    const { producer } = await begun('open')
    if (how === 'is gone') await broker.close()
    else broker.on('EndTxn', () => ({ drop: 'before' }))
    await within('close', CLOSE_MS, which === 'kafka' ? kafka.close() : producer.close({ timeoutMs: 1_500 }))
    await expect(producer.beginTransaction()).rejects.toMatchObject({ name: 'Closed' })
  })
})

test('a commit that the death of the I/O thread cuts off is undecided', async () => {
  const threads: Worker[] = []
  const started = (thread: Worker) => void threads.push(thread)
  process.on('worker', started)
  const { transaction } = await begun('cut', reading.client({ threads: 'workers', decodeWorkers: 1 }))
  process.off('worker', started)
  const asked = new Promise<void>((resolve) => {
    reading.broker.on('EndTxn', () => {
      resolve()
      return { drop: 'before' }
    })
  })
  const commit = errorOf(transaction.commit())
  await asked
  // The I/O thread is started last.
  await threads.at(-1)!.terminate()
  expect(await commit).toMatchObject({ name: 'ThreadDied', code: 'TRANSACTION_UNDECIDED', stored: 'may be stored' })
  expect(transaction.state).toBe('undecided')
})

test('a transactional producer that was fenced leaves nothing behind', async () => {
  const { kafka, broker } = reading
  await kafka.transaction(async (tx) => void (await tx.send({ topic: 't', value: 'first' })), {
    transactionalId: 'other',
  })
  const fence = async () => {
    const fenced = kafka.transaction(
      async (tx) => {
        await tx.send({ topic: 't', value: 'old' })
        const young = reading.client()
        await young.transaction(async (other) => void (await other.send({ topic: 't', value: 'young' })), {
          transactionalId: 'same',
        })
        await young.close()
      },
      { transactionalId: 'same' },
    )
    expect(await errorOf(fenced)).toMatchObject({ fatal: true })
  }
  await fence()
  await within('the first connections', 5_000, quiet())
  const before = broker.connectionCount
  for (let i = 0; i < 4; i++) await fence()
  await within('connections of fenced producers', 5_000, quiet(before))

  /** Resolves when no more connections than these are open; without a number, when none is being closed. */
  async function quiet(count = Number.POSITIVE_INFINITY): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, 50))
    while (broker.connectionCount > count)
  }
})
