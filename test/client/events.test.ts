// Claims about what a Kafka instance tells without being asked.
import { expect, it, vi } from 'vitest'
import { InvalidOption } from '../../src/base/errors.ts'
import { Broker } from '../../src/broker/index.ts'
import { Events } from '../../src/client/events.ts'
import { Kafka } from '../../src/index.ts'

it('a cut connection is told to listeners and to the logger, with its broker and why', async () => {
  const broker = await Broker.start()
  const logged: unknown[][] = []
  const log = (...parts: unknown[]) => void logged.push(parts)
  const kafka = new Kafka({ brokers: broker.address, logger: { debug: log, info: log, warn: log, error: log } })
  try {
    await broker.seed('events', ['a'])
    const connected: string[] = []
    kafka.on('connected', (event) => connected.push(event.role))
    const cut = new Promise<{ broker: string; error: Error }>((resolve) => void kafka.on('disconnected', resolve))
    const source = kafka.iterate('events', { until: 'never' })
    await source.poll()
    broker.disconnectAll()
    expect(await cut).toMatchObject({ broker: broker.address, error: { name: 'Disconnected' } })
    expect(connected).toContain('admin')
    expect(logged.map(([text]) => text)).toContain('millrace disconnected')
    await source.close()
  } finally {
    await kafka.close()
    await broker.close()
  }
})

it('who asks for an event that there is not, or names no listener, is told', async () => {
  await using kafka = new Kafka({ brokers: 'x' })
  expect(() => kafka.on('disconected' as 'disconnected', () => {})).toThrow(/no event 'disconected', but connected, /)
  expect(() => kafka.on('toString' as 'connected', () => {})).toThrow(InvalidOption)
  expect(() => kafka.on('reset', undefined as never)).toThrow(/function/)
})

it('a listener that was taken away hears nothing more', async () => {
  const broker = await Broker.start()
  const kafka = new Kafka({ brokers: broker.address })
  try {
    const heard: string[] = []
    kafka.on('connected', () => heard.push('gone'))()
    kafka.on('connected', () => heard.push('here'))
    await kafka.connect()
    expect(heard).toEqual(['here'])
  } finally {
    await kafka.close()
    await broker.close()
  }
})

it('a stall that nobody listens to warns the process, once a group; a listener is told each time', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  try {
    const events = new Events(undefined)
    const stall = { groupId: 'g', groupInstanceId: undefined, stalledMs: 800, maxPollIntervalMs: 1_000 }
    for (const groupId of ['g', 'g', 'h']) events.tell('stalled', { ...stall, groupId })
    expect(warned.mock.calls.map(([text]) => /'(.)'.* 800 ms.*1000 ms/.exec(String(text))?.[1])).toEqual(['g', 'h'])
    const told: number[] = []
    events.on('stalled', ({ stalledMs }) => told.push(stalledMs))
    for (const groupId of ['g', 'i']) events.tell('stalled', { ...stall, groupId })
    expect([told, warned.mock.calls.length]).toEqual([[800, 800], 2])
  } finally {
    warned.mockRestore()
  }
})
