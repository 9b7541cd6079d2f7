// Batches that were too large for the broker: what main tells of their parts. [test]
import { describe, expect, it } from 'vitest'
import { type World, world } from './producer-world.ts'

const pass = ({ clock }: World, ms = 0) => clock.advance(ms)

describe('a batch that went in parts', () => {
  const parts = [
    { count: 2, baseOffset: 7, logAppendTime: -1, error: undefined },
    {
      count: 1,
      baseOffset: -1,
      logAppendTime: -1,
      error: { class: 'MessageTooLarge', code: 'LARGE', message: 'large' },
    },
    { count: 2, baseOffset: 0, logAppendTime: 55, error: undefined },
  ] as const

  it('tells each record what became of its part', async () => {
    const w = world({ lingerMs: 1 })
    const sent = Array.from({ length: 5 }, (_, i) => w.producer.send({ topic: 'other', value: `${i}`, timestamp: 9 }))
    const settled = Promise.allSettled(sent)
    await pass(w, 2)
    w.endInParts(w.posted[0]!, parts)
    const fates = (await settled).map((one) => (one.status === 'rejected' ? one.reason.code : one.value))
    expect(fates.map((fate) => fate.offset ?? fate)).toEqual([7, 8, 'LARGE', 0, 1])
    expect(fates.map(({ timestamp }) => timestamp)).toEqual([9, 9, undefined, 55, 55])
    expect(w.producer.stats()).toMatchObject({ records: 4, failed: 1, batches: 1 })
  })

  it('is told by flush where nobody waited for what failed', async () => {
    const w = world({ lingerMs: 1 })
    for (let i = 0; i < 5; i++) void w.producer.enqueue({ topic: 'other', value: `${i}` })
    await pass(w, 2)
    const flushed = w.producer.flush()
    w.endInParts(w.posted[0]!, parts)
    await expect(flushed).rejects.toThrow(/^1 enqueued records were not delivered/)
  })

  it('is no news to flush where the senders of what failed were told', async () => {
    const w = world({ lingerMs: 1 })
    for (let i = 0; i < 2; i++) void w.producer.enqueue({ topic: 'other', value: `${i}` })
    const sent = w.producer.send({ topic: 'other', value: '2' })
    const call = w.producer.sendBatch('other', ['3', '4'])
    await pass(w, 2)
    const flushed = w.producer.flush()
    w.endInParts(w.posted[0]!, parts)
    await expect(sent).rejects.toMatchObject({ code: 'LARGE' })
    expect(await call).toHaveLength(2)
    await flushed
  })
})
