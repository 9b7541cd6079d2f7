// User code in workers: every record once and in order, and none is lost when threads die at any moment. [test]
import { describe, expect, it, vi } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Engine } from '../../src/engine/engine.ts'
import { type ProcessorTest, processorRun } from '../support/processor-run.ts'
import { errorOf } from '../support/reading.ts'

const range = (end: number) => Array.from({ length: end }, (_, i) => i)
const NOTHING = [0, 0, 0, 0, 0]
const ALL = [range(500), range(500), range(500), range(500)]
const rising = (offsets: number[]) => [...new Set(offsets)].sort((a, b) => a - b)

/** Runs a test in which threads die; all records are there all the same, and nothing is held. */
async function survives(test: ProcessorTest): Promise<number> {
  const { seen, left, floors, committed, replaced } = await processorRun({
    ...test,
    options: { onError: { retries: 3, backoffMs: 1 }, ...test.options },
  })
  expect(floors).toEqual([500, 500, 500, 500])
  expect(committed).toEqual(floors)
  expect(seen.map(rising)).toEqual(ALL)
  expect(left).toEqual(NOTHING)
  return replaced
}

describe('a processor', () => {
  it.each(['none', 'lz4'] as const)('gets every record once, in order per partition: codec %s', async (codec) => {
    const { seen, left } = await processorRun({ module: 'export default (batch) => report(batch)', codec })
    expect(seen).toEqual(ALL)
    expect(left).toEqual(NOTHING)
  })

  it('may be TypeScript, with init and close', async () => {
    const module = `
      let ready: number = 0
      export const init = async ({ worker }: { worker: number }) => { ready = 1 + worker }
      export const close = async () => { ready = 0 }
      export default async (batch: any, { worker, attempt }: any) => {
        if (ready !== 1 + worker || attempt !== 1) throw new Error('not ready')
        report(batch)
      }`
    expect((await processorRun({ module, extension: 'ts' })).seen).toEqual(ALL)
  })

  it('that throws is called again, and its records come in order', async () => {
    const module = `export default (batch, { attempt }) => {
      if (attempt < 3) throw new Error('not yet')
      report(batch)
    }`
    const { seen, replaced } = await processorRun({
      ...{ module, records: 400 },
      options: { onError: { retries: 3, backoffMs: 1 } },
    })
    expect(seen).toEqual([range(100), range(100), range(100), range(100)])
    expect(replaced).toBe(0)
  })

  it('that throws ends the run with its error, or is passed over', async () => {
    const module = `export default (batch) => {
      if (batch.partition === 1 && batch.baseOffset === 50) throw new Error('bad batch')
      report(batch)
    }`
    expect(await errorOf(processorRun({ module }))).toMatchObject({
      ...{ code: 'HANDLER_FAILED', topic: 'events', partition: 1, offset: 50, cause: { message: 'bad batch' } },
      message: expect.stringMatching(/^The processor file:.* failed at events\[1\] offset 50: bad batch$/),
    })
    const { seen } = await processorRun({ module, options: { onError: 'skip' } })
    expect(seen[1]).toEqual(range(500).filter((offset) => offset !== 50))
  })
})

const once = (at: string, end: string) => `
  import { existsSync, writeFileSync } from 'node:fs'
  const mark = new URL('./mark', import.meta.url)
  const forever = new Promise(() => {})
  const die = async () => {
    writeFileSync(mark, '')
    ${end}
    await forever
  }
  export default async (batch) => {
    const now = batch.partition === 2 && batch.baseOffset === 100 && !existsSync(mark)
    ${at === 'running' ? 'if (now) await die()' : ''}
    report(batch)
    ${at === 'done' ? 'if (now) await die()' : ''}
  }`

describe.each(['running', 'done'])('a thread that ends with a batch that is %s', (at) => {
  it.each([
    ['an error that nobody catches', "setImmediate(() => { throw new Error('loose') })"],
    ['process.exit', 'process.exit(3)'],
    ['no memory', 'const hoard = []; for (;;) hoard.push(new Array(300_000).fill(hoard.length))'],
  ])('by %s is replaced, and nothing is lost', async (_, end) => {
    expect(await survives({ module: once(at, end), options: { resourceLimits: { maxOldGenerationSizeMb: 24 } } })).toBe(
      1,
    )
  })
})

it('a thread waits for the next death once there was one, and none before', async () => {
  const threads: string[] = []
  const came = ({ threadName }: { threadName?: string | null }) => void threads.push(String(threadName))
  process.on('worker', came as never)
  const processors = async (module: string) => {
    threads.length = 0
    await survives({ module, workers: 1 })
    return threads.filter((name) => name === 'millrace processor').length
  }
  const calm = await processors('export default (batch) => report(batch)')
  const dying = await processors(once('running', 'process.exit(3)'))
  process.off('worker', came as never)
  expect([calm, dying]).toEqual([1, 3])
})

it('a thread that cannot wait for the next death is done without', async () => {
  const { poolHost } = Engine.prototype
  let threads = 0
  const spy = vi.spyOn(Engine.prototype, 'poolHost').mockImplementation(function (this: Engine) {
    const host = poolHost.call(this)
    const startProcessor: typeof host.startProcessor = (spec) => {
      threads++
      if (threads === 3) throw new Error('no more threads')
      return host.startProcessor(spec)
    }
    return { ...host, startProcessor }
  })
  try {
    expect(await survives({ module: once('running', 'process.exit(3)'), workers: 1 })).toBe(1)
    expect(threads).toBe(3)
  } finally {
    spy.mockRestore()
  }
})

describe('a processor that ends its thread', () => {
  it('again and again ends the run when its attempts are used up', async () => {
    const module = `export default async (batch) => {
      if (batch.baseOffset === 100) process.exit(3)
    }`
    const failed = await errorOf(
      processorRun({ module, partitions: 1, options: { onError: { retries: 2, backoffMs: 1 } } }),
    )
    expect(failed).toMatchObject({ code: 'PROCESSOR_DIED', topic: 'events', partition: 0, offset: 100 })
  })

  it('and a record that does so is passed over when errors are', async () => {
    const module = `export default async (batch) => {
      if (batch.baseOffset === 100) process.exit(3)
      report(batch)
    }`
    const { seen, left } = await processorRun({ module, partitions: 1, options: { onError: 'skip' } })
    expect(rising(seen[0]!)).toEqual(range(2_000).filter((offset) => offset !== 100))
    expect(left).toEqual(NOTHING)
  })

  it.each(['none', 'key'] as const)('is told from those that only ran beside it: order %s', async (order) => {
    const module = `let running = 0
    export default async (batch) => {
      running++
      const wait = Date.now() + 500
      // Others are at work as well, unless this is to run with nothing beside it.
      while (running < 3 && Date.now() < wait && batch.baseOffset < 200) await new Promise((go) => setTimeout(go, 1))
      if (Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i)).includes(100)) process.exit(3)
      report(batch)
    }`
    const options = { order, concurrency: 4, onError: 'skip' } as const
    const { seen, left } = await processorRun({ module, partitions: 1, workers: 1, records: 400, options })
    expect(rising(seen[0]!)).toEqual(range(400).filter((offset) => offset !== 100))
    expect(left).toEqual(NOTHING)
  })

  it('or never gives it back does not hold up the end of the run', async () => {
    const module = `export default (batch) => {
      report(batch)
      if (batch.baseOffset === 100) for (;;);
    }`
    // Whether it is given up before the run ends or because of that depends on how fast threads start here.
    const options = { handlerTimeoutMs: 200, onError: { retries: 1_000, backoffMs: 1 } }
    const { left } = await processorRun({ module, partitions: 1, limitMs: 1_000, options })
    expect(left).toEqual(NOTHING)
  })
})

describe('threads that are terminated at any moment', () => {
  it.each(range(4))('are replaced, and nothing is lost: seed %i', async (seed) => {
    const random = seededRandom(seed)
    let kills = 0
    const module = `export default async (batch) => {
      for (let i = 0; i < 20_000; i++) Math.sqrt(i)
      if (batch.baseOffset % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      report(batch)
    }`
    const replaced = await survives({
      module,
      codec: seed % 2 === 0 ? 'none' : 'lz4',
      batchRecords: 10,
      options: { onError: { retries: 1_000, backoffMs: 1 } },
      onProgress: (done, threads) => {
        const thread = threads[random.next() < 0.5 ? 0 : 1]
        if (done === 0 || kills === 10 || thread === undefined || random.next() > 0.3) return
        kills++
        void thread.terminate()
      },
    })
    expect(replaced, `seed ${seed}, ${kills} kills`).toBeGreaterThan(0)
  })
})
