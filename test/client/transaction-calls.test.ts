// Transactions of one id with other options each, and signals that end the waits of transactions. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka, type Serializer, string } from '../../src/index.ts'
import { errorOf, within } from '../support/reading.ts'

let broker: Broker
beforeAll(async () => {
  broker = await Broker.start()
  broker.createTopic('t', { partitions: 1 })
})
afterAll(() => broker.close())

const client = () => new Kafka({ brokers: broker.addresses, threads: 'inline' })
const committed = async () => (await broker.messages('t', 0, { committed: true })).map(({ value }) => String(value))
const never = () => new Promise<never>(() => {})

/** Each has its mark where nobody can see it. */
class Marked implements Serializer<string> {
  readonly #mark: string
  constructor(mark: string) {
    this.#mark = mark
  }
  serialize(value: string): Uint8Array {
    return Buffer.from(`${this.#mark}:${value}`)
  }
}

describe('a later transaction of the same id', () => {
  test('is written with its own serializer, also while the one before runs', async () => {
    await using kafka = client()
    const send = (mark: string) =>
      kafka.transaction((tx) => tx.send({ topic: 't', value: 'x' }), {
        transactionalId: 'own',
        value: new Marked(mark),
      })
    await Promise.all(['one', 'two', 'three'].map(send))
    expect((await committed()).slice(-3)).toEqual(['one:x', 'two:x', 'three:x'])
  })

  test.each([{ transactionalId: 'asked' }, {}])('has its options checked: %o', async (id) => {
    await using kafka = client()
    await kafka.transaction(() => {}, id)
    const misspelt = kafka.transaction(() => {}, { ...id, compresion: 'gzip' } as never)
    expect(await errorOf(misspelt)).toMatchObject({ name: 'InvalidOption' })
  })

  test('is of the same producer while nothing differs', async () => {
    await using kafka = client()
    const value = new Marked('same')
    const run = () =>
      kafka.transaction(() => {}, { transactionalId: 'same', key: string(), value, compression: 'gzip' })
    await run()
    const engine = await kafka.engine()
    const opened: unknown[] = []
    const call = engine.call.bind(engine)
    engine.call = ((asked: { op: string }, limits: never) => {
      opened.push(asked.op)
      return call(asked as never, limits)
    }) as never
    await run()
    expect(opened).toEqual(['beginTransaction', 'endTransaction'])
  })
})

describe('a signal', () => {
  test('aborts a transaction whose function waits, and the next one commits', async () => {
    await using kafka = client()
    const options = { transactionalId: 'waits' }
    const abort = new AbortController()
    let aborted: unknown
    const running = kafka.transaction(
      async (tx) => {
        await tx.send({ topic: 't', value: 'never' })
        abort.abort(new Error('enough'))
        await never()
      },
      { ...options, signal: abort.signal, onAbort: (error) => void (aborted = error) },
    )
    expect((await errorOf(within('the transaction', 10_000, running))).message).toBe('enough')
    expect(aborted).toBe(abort.signal.reason)
    await kafka.transaction((tx) => tx.send({ topic: 't', value: 'after' }), options)
    expect((await committed()).at(-1)).toBe('after')
    expect(await committed()).not.toContain('never')
  })

  test('that fires when the function has committed by itself is too late: what it gives is given', async () => {
    await using kafka = client()
    const abort = new AbortController()
    const result = await kafka.transaction(
      async (tx) => {
        await tx.send({ topic: 't', value: 'by itself' })
        await tx.commit()
        abort.abort(new Error('enough'))
        await sleep(20)
        return 'done'
      },
      { transactionalId: 'too-late', signal: abort.signal },
    )
    expect(result).toBe('done')
    expect((await committed()).at(-1)).toBe('by itself')
  })

  test('ends the wait for the transaction before, which goes on', async () => {
    await using kafka = client()
    const options = { transactionalId: 'queue' }
    let go = () => {}
    const first = kafka.transaction(() => new Promise<void>((resolve) => (go = resolve)), options)
    const abort = new AbortController()
    let ran = false
    const second = errorOf(kafka.transaction(() => void (ran = true), { ...options, signal: abort.signal }))
    const third = kafka.transaction(() => 3, options)
    await sleep(50)
    abort.abort(new Error('enough'))
    expect((await second).message).toBe('enough')
    go()
    expect([await first, await third, ran]).toEqual([undefined, 3, false])
  })

  test('that fires before a commit has left leaves the transaction open; it may still be committed', async () => {
    await using kafka = client()
    const tx = await kafka.producer({ transactionalId: 'open' }).beginTransaction()
    const release = holding('Produce')
    const sent = tx.send({ topic: 't', value: 'late' })
    const abort = new AbortController()
    const committing = errorOf(tx.commit({ signal: abort.signal }))
    await sleep(50)
    abort.abort(new Error('enough'))
    expect([(await committing).message, tx.state]).toEqual(['enough', 'open'])
    release()
    await sent
    await tx.commit({ signal: new AbortController().signal })
    expect([tx.state, (await committed()).at(-1)]).toEqual(['committed', 'late'])
  })

  test('that fires behind a commit does not make it look decided; the commit goes on', async () => {
    await using kafka = client()
    const producer = kafka.producer({ transactionalId: 'left' })
    const tx = await producer.beginTransaction()
    await tx.send({ topic: 't', value: 'left' })
    const held = holding('EndTxn')
    const abort = new AbortController()
    const committing = errorOf(tx.commit({ signal: abort.signal }))
    await held.asked
    abort.abort(new Error('enough'))
    const error = await committing
    expect(error).toMatchObject({ code: 'TRANSACTION_UNDECIDED', stored: 'may be stored', cause: abort.signal.reason })
    expect([tx.state, tx.isOpen]).toEqual(['ending', true])
    held()
    await producer.close()
    expect([tx.state, (await committed()).at(-1)]).toEqual(['committed', 'left'])
  })

  test('ends the waits of abort, beginTransaction and commitOffsets, which go on', async () => {
    await using kafka = client()
    const producer = kafka.producer({ transactionalId: 'others' })
    const enough = () => AbortSignal.timeout(50)
    const init = holding('InitProducerId')
    expect((await errorOf(producer.beginTransaction({ signal: enough() }))).name).toBe('TimeoutError')
    init()
    await producer.finish()
    const tx = await producer.beginTransaction()
    const adding = holding('TxnOffsetCommit')
    const offsets = [{ topic: 't', partition: 0, offset: 1 }]
    expect((await errorOf(tx.commitOffsets(offsets, { groupId: 'g' }, { signal: enough() }))).name).toBe('TimeoutError')
    adding()
    await tx.commit()
    expect(broker.group('g')?.offsets).toMatchObject([{ offset: 1 }])
    const next = await producer.beginTransaction()
    await next.send({ topic: 't', value: 'aborted' })
    const ending = holding('EndTxn')
    expect((await errorOf(next.abort({ signal: enough() }))).name).toBe('TimeoutError')
    expect(next.state).toBe('ending')
    ending()
    await producer.finish()
    expect(next.state).toBe('aborted')
  })

  test('that fired before begins nothing', async () => {
    await using kafka = client()
    const producer = kafka.producer({ transactionalId: 'begun' })
    const fired = { signal: AbortSignal.abort(new Error('enough')) }
    expect((await errorOf(producer.beginTransaction(fired))).message).toBe('enough')
    const tx = await producer.beginTransaction()
    const begins = [tx.commit(fired), tx.abort(fired), tx.commitOffsets([], { groupId: 'g' }, fired)].map(errorOf)
    for (const begun of await Promise.all(begins)) expect(begun.message).toBe('enough')
    expect(tx.state).toBe('open')
    expect((await errorOf(kafka.transaction(() => {}, fired))).message).toBe('enough')
  })
})

/** The broker answers this api only when what is returned is called. */
function holding(
  api: 'Produce' | 'EndTxn' | 'InitProducerId' | 'TxnOffsetCommit',
): (() => void) & { asked: Promise<void> } {
  let release = () => {}
  let told = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const asked = new Promise<void>((resolve) => (told = resolve))
  broker.once(api, async () => {
    told()
    await released
    return undefined
  })
  return Object.assign(() => release(), { asked })
}
