// Claims about what a Kafka instance tells without being asked.
import { expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
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
