// A program ends by itself after its last loop, also without close(); and not before. [test]
import { spawn } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerThread } from '../../src/wiring/broker-thread.ts'
import { Kafka } from '../../src/wiring/kafka.ts'
import { collectUntilError, errorOf, modes, pause, within } from '../support/reading.ts'

const child = fileURLToPath(new URL('./process-exit-child.ts', import.meta.url))
const LIMIT_MS = 20_000

const expected = {
  loop: 50,
  break: 0,
  batches: 50,
  poll: 3,
  abandoned: 0,
  error: 'TopicNotFound',
  'a slow body': 20,
  unused: true,
}

/** Runs the child; resolves to what it printed and how it ended. */
function run(...args: string[]): Promise<{ out: string; errors: string; code: number | null }> {
  const process_ = spawn(process.execPath, ['--no-warnings', child, ...args])
  let [out, errors] = ['', '']
  process_.stdout.on('data', (chunk) => {
    out += chunk
  })
  process_.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const ended = new Promise<{ out: string; errors: string; code: number | null }>((resolve) => {
    process_.on('close', (code) => resolve({ out, errors, code }))
  })
  return within(args.join(' '), LIMIT_MS, ended).finally(() => process_.kill())
}

describe.each(modes)('with threads: %s', (mode) => {
  let broker: BrokerThread
  /** Takes connections and never says a word. */
  let silent: Server
  beforeAll(async () => {
    broker = await BrokerThread.start()
    const items = Array.from({ length: 50 }, (_, i) => `value ${i}`)
    await broker.seed('read', items, { batchRecords: 10 })
    silent = createServer((socket) => void socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    silent.close()
    await broker.close()
  })

  it.each(Object.entries(expected))('a program ends by itself: %s', async (how, value) => {
    expect(await run(broker.address, mode, how)).toEqual({ out: `${JSON.stringify(value)}\n`, errors: '', code: 0 })
  })

  it.each([
    ['that does not answer', () => `127.0.0.1:${(silent.address() as AddressInfo).port}`],
    ['that does not exist', () => '127.0.0.1:1'],
  ])('a broker %s: the loop ends with a typed error in time, and close settles', async (_, address) => {
    const kafka = new Kafka({ brokers: [address()], threads: mode, defaultApiTimeoutMs: 500, connectTimeoutMs: 400 })
    const error = await within('the loop', LIMIT_MS, errorOf(collectUntilErrorThrows(kafka)))
    expect(['Timeout', 'Disconnected']).toContain(error.name)
    expect(error.message).toContain(address())
    await within('close', 5_000, kafka.close())
  })

  it('close settles while a loop waits for a broker that does not answer', async () => {
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const kafka = new Kafka({ brokers: [address], threads: mode })
    const loop = collectUntilError(kafka.iterate('read'))
    await pause(300)
    await within('close', 5_000, kafka.close())
    expect((await within('the loop', 5_000, loop)).error).toMatchObject({ name: 'Closed' })
    await within('a second close', 1_000, kafka.close())
  })

  it('close settles when the broker died under a running loop', async () => {
    const dying = await BrokerThread.start()
    await dying.seed('read', ['a'])
    const kafka = new Kafka({ brokers: [dying.address], threads: mode })
    const source = kafka.iterate('read', { until: 'never' })
    const loop = collectUntilError(source)
    while (source.stats().records === 0) await pause(10)
    await dying.close()
    await pause(200)
    await within('close', 5_000, kafka.close())
    expect((await within('the loop', 5_000, loop)).error).toMatchObject({ name: 'Closed' })
  })
})

async function collectUntilErrorThrows(kafka: Kafka): Promise<void> {
  const { error } = await collectUntilError(kafka.iterate('read'))
  if (error !== undefined) throw error
}
