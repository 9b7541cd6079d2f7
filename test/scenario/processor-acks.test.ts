// Acks, commits, retries and dead letters of user code in workers: the same words as on main. [test]
import { describe, expect, it } from 'vitest'
import { processorRun } from '../support/processor-run.ts'
import { errorOf } from '../support/reading.ts'

const range = (end: number) => Array.from({ length: end }, (_, i) => i)
const rising = (offsets: number[]) => [...new Set(offsets)].sort((a, b) => a - b)
const one = { partitions: 1, records: 60, batchRecords: 10 }

describe.each([
  ['in workers', false],
  ['inline', true],
])('a processor %s', (_, inline) => {
  it('that fails is spared what it acknowledged; the first record left is tried again with the rest', async () => {
    const module = `
      export default (batch, { ack, attempt }) => {
        note(batch.baseOffset + '-' + batch.lastOffset + '#' + attempt)
        if (batch.baseOffset === 20 && batch.count === 10) {
          ack(0)
          ack(1)
          ack(4)
          throw new Error('once')
        }
        report(batch)
      }`
    const options = { onError: { retries: 2, backoffMs: 1 } }
    const { notes, floors, seen } = await processorRun({ ...one, module, inline, options })
    expect(notes).toEqual(['0-9#1', '10-19#1', '20-29#1', '22-23#2', '25-29#1', '30-39#1', '40-49#1', '50-59#1'])
    expect(seen[0]).toEqual(range(60).filter((offset) => ![20, 21, 24].includes(offset)))
    expect(floors).toEqual([60])
  })

  it('commits by record, batch and context, up to the floor and never past it', async () => {
    const module = `
      export default async (batch, { commit, ack }) => {
        if (batch.baseOffset === 0) {
          const records = [...batch]
          await records[3].commit()
          note('gap')
          for (const record of records.slice(0, 3)) record.ack()
          await commit()
          note('four')
        }
        if (batch.baseOffset === 10) await batch.commit()
        report(batch)
      }`
    const consumer = { autoCommit: false }
    const { commits, notes } = await processorRun({ ...one, module, inline, consumer })
    expect(notes).toEqual(['gap', 'four'])
    expect(commits).toEqual([
      [0, 4],
      [0, 20],
    ])
  })

  it('that fails for good has its record sent elsewhere, with its story; the offset waits for it', async () => {
    const module = `
      export default (batch, { ack, attempt }) => {
        for (let i = 0; i < batch.count; i++) {
          if (batch.offsetAt(i) === 33) throw Object.assign(new RangeError('thirty-three'), { code: 'E33' })
          ack(i)
        }
        report(batch)
      }`
    const stored: string[] = []
    const { letters, floors, commits } = await processorRun({
      ...{ ...one, module, inline },
      consumer: { autoCommitIntervalMs: 1 },
      options: { onError: { retries: 1, backoffMs: 20, deadLetter: 'dlq' } },
      prepare: (broker) => {
        broker.on('Produce', () => {
          stored.push('asked')
          return stored.length === 1 ? { errorCode: 7 } : undefined
        })
      },
    })
    expect(stored).toHaveLength(2)
    expect(floors).toEqual([60])
    expect(letters).toEqual([
      {
        ...{ partition: 0, value: 'v33' },
        headers: {
          ...{ 'original-topic': 'events', 'original-partition': '0', 'original-offset': '33' },
          'original-timestamp': expect.stringMatching(/^\d+$/),
          ...{ 'error-code': 'E33', 'error-message': 'thirty-three', attempts: '2' },
        },
      },
    ])
    // Nothing was committed past it while it was tried.
    const before = commits.slice(
      0,
      commits.findIndex(([, offset]) => offset > 33),
    )
    expect(before.map(([, offset]) => offset).every((offset) => offset <= 33)).toBe(true)
  })

  it('whose dead letter cannot be stored ends the run; the record stays unprocessed', async () => {
    const module = 'export default () => { throw new Error("bad") }'
    const options = { onError: { retries: 0, deadLetter: 'no-such-topic' } }
    const failed = await errorOf(processorRun({ ...one, module, inline, options }))
    expect(failed).toMatchObject({ name: 'TopicNotFound', topic: 'no-such-topic' })
  }, 90_000)

  it('takes no more of a partition while too much is done behind a gap, and all of it afterwards', async () => {
    const module = `
      let free
      const blocked = new Promise((resolve) => { free = resolve })
      let done = 0
      export default async (batch) => {
        if (batch.baseOffset === 0) {
          // Until nothing more comes: that it rests, not how soon, is what counts.
          let before = -1
          const rests = setInterval(() => {
            if (done < 100 || done !== before) return void (before = done)
            clearInterval(rests)
            note(done)
            free()
          }, 300)
          await blocked
        }
        done += batch.count
        report(batch)
      }`
    const options = { order: 'none', concurrency: 4, workers: 1 } as const
    const consumer = { maxGapRecords: 100, maxPartitionFetchBytes: 1_000, fetchMaxBytes: 1_000 }
    const test = { module, inline, options, consumer, partitions: 1, records: 6_000, batchRecords: 10 }
    const { notes, seen, floors } = await processorRun(test)
    expect(notes[0]).toBeGreaterThanOrEqual(100)
    // The first batch waits, and no batch begins more than 100 records above it.
    expect(notes[0]).toBe(100)
    expect(seen[0]!.sort((a, b) => a - b)).toEqual(range(6_000))
    expect(floors).toEqual([6_000])
  })

  it('goes on by key whatever waits for what, also where next to nothing may be done behind a gap', async () => {
    const module = `export default async (batch) => {
      const offsets = Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))
      if (offsets.some((offset) => offset % 41 === 0)) await new Promise((resolve) => setTimeout(resolve, 2))
      report(batch)
    }`
    const options = { order: 'key', concurrency: 4, workers: 1 } as const
    const consumer = { maxGapRecords: 1 }
    const { seen, floors } = await processorRun({ module, inline, options, consumer, partitions: 1, batchRecords: 7 })
    expect([...seen[0]!].sort((a, b) => a - b)).toEqual(range(2_000))
    expect(floors).toEqual([2_000])
  })
})

describe('a record that ends the thread of its processor', () => {
  const module = `
    export default async (batch, { ack, attempt }) => {
      for (let i = 0; i < batch.count; i++) {
        if (batch.offsetAt(i) === 33) {
          note(attempt)
          await new Promise((resolve) => setTimeout(resolve, 5))
          process.exit(1)
        }
        ack(i)
      }
      report(batch)
    }`

  it('has its attempts counted, one a death, and is sent elsewhere when they are used up', async () => {
    const options = { onError: { retries: 2, backoffMs: 1, deadLetter: 'dlq' } }
    const { letters, notes, floors, seen } = await processorRun({ ...one, module, options })
    expect(notes).toEqual([1, 2, 3])
    expect(letters).toMatchObject([
      { value: 'v33', headers: { attempts: '3', 'error-code': 'PROCESSOR_DIED', 'original-offset': '33' } },
    ])
    expect(floors).toEqual([60])
    expect(rising(seen[0]!)).toEqual(range(60).filter((offset) => offset < 30 || offset > 33))
  })

  it('ends the run when nothing else is said', async () => {
    const failed = await errorOf(processorRun({ ...one, module }))
    expect(failed).toMatchObject({ code: 'PROCESSOR_DIED', topic: 'events', partition: 0, offset: 33 })
    expect(failed.message).toMatch(/processor file:.* at events\[0\] from offset 33 on ended: it exited with code 1/)
  })
})
