// User code that takes too long, and processors that cannot begin: typed errors that name the file, and nothing left
// behind. [test]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/broker.ts'
import { Kafka } from '../../src/index.ts'
import { processorRun } from '../support/processor-run.ts'
import { errorOf } from '../support/reading.ts'

const one = { partitions: 1, records: 60, batchRecords: 10 }
const range = (end: number) => Array.from({ length: end }, (_, i) => i)

describe.each([
  ['in workers', false],
  ['inline', true],
])('handlerTimeoutMs of a processor %s', (_, inline) => {
  it('a handler that waits too long is told by its signal, and tried again', async () => {
    const module = `
      export default (batch, { signal, attempt }) => {
        if (batch.baseOffset !== 20 || attempt > 1) return report(batch)
        note('began')
        return new Promise((_, reject) => signal.addEventListener('abort', () => {
          note(signal.reason.code)
          reject(signal.reason)
        }))
      }`
    const options = { handlerTimeoutMs: 50, onError: { retries: 1, backoffMs: 1 } }
    const { notes, seen } = await processorRun({ ...one, module, inline, options })
    expect(notes).toEqual(['began', 'HANDLER_TIMED_OUT'])
    expect(seen).toEqual([range(60)])
  })

  it('one that does not heed its signal ends the run, with an error that names the file', async () => {
    const module = 'export default (batch) => batch.baseOffset === 20 ? new Promise(() => {}) : report(batch)'
    const options = { handlerTimeoutMs: 50, onError: { retries: 3, backoffMs: 1 } }
    const failed = await errorOf(processorRun({ ...one, module, inline, options }))
    expect(failed).toMatchObject({ code: 'HANDLER_FAILED', offset: 20, cause: { code: 'HANDLER_TIMED_OUT' } })
    expect(failed.message).toMatch(/^The processor file:.*processor\.mjs failed at events\[0\] offset 20/)
  })
})

describe('a handler that keeps its thread to itself', () => {
  const module = `
    export default (batch, { attempt }) => {
      note(attempt)
      if (batch.baseOffset === 20 && attempt < 3) for (;;);
      report(batch)
    }`

  it('is ended with it, and its record tried again in a new one', async () => {
    const options = { handlerTimeoutMs: 50, onError: { retries: 2, backoffMs: 1 } }
    const { seen, replaced, left, notes } = await processorRun({ ...one, module, options })
    expect(replaced).toBe(2)
    expect(notes).toContain(3)
    expect([...new Set(seen[0])].sort((a, b) => a - b)).toEqual(range(60))
    expect(left).toEqual([0, 0, 0, 0, 0])
  })

  it('ends the run when attempts are used up, with an error that names the file', async () => {
    const failed = await errorOf(processorRun({ ...one, module, options: { handlerTimeoutMs: 50 } }))
    expect(failed).toMatchObject({ code: 'PROCESSOR_DIED', topic: 'events', partition: 0, offset: 20 })
    expect(failed.message).toMatch(/processor\.mjs had not returned after \d+ ms/)
  })
})

describe('a processor that cannot begin', () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-refused-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const cases: [what: string, code: string | undefined, expected: string][] = [
    ['does not parse', 'export default (batch => {', 'PROCESSOR_NOT_LOADED'],
    ['throws when it is loaded', 'throw new Error("at once")', 'PROCESSOR_NOT_LOADED'],
    ['imports what is not there', 'import "./nowhere.mjs"', 'PROCESSOR_NOT_LOADED'],
    ['has no default export', 'export const x = 1', 'PROCESSOR_INVALID'],
    ['exports something else', 'export default 7', 'PROCESSOR_INVALID'],
    ['exports an init that is none', 'export default () => {}; export const init = 3', 'PROCESSOR_INVALID'],
    [
      'has an init that fails',
      'export default () => {}; export const init = () => { throw Error("no") }',
      'PROCESSOR_INIT_FAILED',
    ],
  ]
  const hanging = 'export default () => {}; export const init = () => new Promise(() => {})'
  cases.push(['has an init that never ends', hanging, 'PROCESSOR_NOT_READY'])
  cases.push(['is not there', undefined, 'PROCESSOR_NOT_LOADED'])
  const inThreads = [...cases, ['ends its thread at once', 'process.exit(1)', 'PROCESSOR_DIED']] as typeof cases

  it.each([
    ...inThreads.map(([what, code, expected]) => ({ threads: 'workers' as const, what, code, expected })),
    ...cases.map(([what, code, expected]) => ({ threads: 'inline' as const, what, code, expected })),
  ])('$threads: one that $what is refused by name, and nothing is left', async ({ threads, what, code, expected }) => {
    const file = join(dir, `${threads} ${what}.mjs`.replaceAll(' ', '-'))
    if (code !== undefined) writeFileSync(file, code)
    const broker = await Broker.start()
    broker.createTopic('events', { partitions: 2 })
    const kafka = new Kafka({ brokers: broker.address, threads, defaultApiTimeoutMs: 1_500 })
    try {
      const consumer = kafka.consumer({ autoOffsetReset: 'earliest' })
      consumer.assign([0, 1].map((partition) => ({ topic: 'events', partition })))
      await kafka.connect()
      const { memory } = await kafka.engine()
      const before = [memory.readersOpen, memory.workers.length]
      const alive = new Set<Worker>()
      const came = (thread: Worker) => {
        alive.add(thread)
        thread.once('exit', () => alive.delete(thread))
      }
      process.on('worker', came)
      const failed = await errorOf(consumer.run({ processor: file, workers: 2 }))
      process.off('worker', came)
      expect(failed).toMatchObject({ code: expected })
      expect(failed.message).toContain(file)
      expect([memory.readersOpen, memory.workers.length]).toEqual(before)
      expect(alive.size).toBe(0)
      // It can be used as before.
      await broker.seed('events', [{ value: 'x', partition: 0 }])
      expect(String((await consumer.recv()).value)).toBe('x')
    } finally {
      await kafka.close()
      await broker.close()
    }
  })
})

it('a close hook that fails ends the run with an error that names the file', async () => {
  const module = 'export default report; export const close = () => { throw new Error("stuck") }'
  for (const inline of [false, true]) {
    const failed = await errorOf(processorRun({ ...one, module, inline }))
    expect(failed).toMatchObject({ code: 'PROCESSOR_CLOSE_FAILED' })
    expect(failed.message).toMatch(/close of the processor file:.* failed: stuck/)
  }
})
