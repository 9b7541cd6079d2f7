// Dead letters at the end of everything. [test process]
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { modes, pause, Reading } from '../support/reading.ts'

describe.each(modes)('dead letters, %s', (mode) => {
  let reading: Reading
  beforeEach(async () => {
    reading = await Reading.start(mode)
    for (const topic of ['events', 'dlq']) reading.broker.createTopic(topic, {})
  })
  afterEach(() => reading[Symbol.asyncDispose]())

  it('are stored also when they are due while the instance is being closed', async () => {
    await reading.broker.seed('events', [{ value: 'v0', partition: 0 }])
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'events', partition: 0 }])
    let fail = (_: Error) => {}
    const failing = new Promise<void>((_, reject) => {
      fail = reject
    })
    await new Promise<void>((began) => {
      const eachRecord = () => {
        began()
        return failing
      }
      consumer.run({ onError: { retries: 0, deadLetter: 'dlq' }, eachRecord }).catch(() => undefined)
    })
    const closing = reading.kafka.close()
    await pause(100)
    fail(new Error('late'))
    await closing
    expect((await reading.broker.messages('dlq')).map(({ value }) => String(value))).toEqual(['v0'])
  })

  it('may be as large as what was read', async () => {
    reading.broker.createTopic('large', { configs: { 'max.message.bytes': '10000000' } })
    reading.broker.createTopic('large.dlq', { configs: { 'max.message.bytes': '10000000' } })
    await reading.broker.seed('large', [{ value: Buffer.alloc(5_000_000, 1), partition: 0 }])
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'large', partition: 0 }])
    const stop = new AbortController()
    reading.broker.on('Produce', () => {
      setTimeout(() => stop.abort(), 200)
      return undefined
    })
    const eachRecord = () => Promise.reject(new Error('no'))
    await consumer.run({ onError: { retries: 0, deadLetter: 'large.dlq' }, eachRecord, signal: stop.signal })
    expect((await reading.broker.messages('large.dlq')).map(({ value }) => value?.length)).toEqual([5_000_000])
  })
})
