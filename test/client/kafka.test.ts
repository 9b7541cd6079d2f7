// A client as a whole: what it opens, and when. [test process]
import { expect, test } from 'vitest'
import { simulate } from '../../src/wiring/simulated.ts'

test('nothing is opened before the first call; connect() opens a connection', async () => {
  await using world = await simulate({ seed: 1 })
  const kafka = world.client()
  await world.advance(1_000)
  expect(world.broker.connectionCount).toBe(0)
  await world.until(kafka.connect())
  expect(world.broker.connectionCount).toBe(1)
})

test('connect() fails at once where nobody listens', async () => {
  await using world = await simulate({ seed: 1 })
  const connected = world.client({ brokers: ['127.0.0.1:1'] }).connect()
  await expect(world.until(connected, 1_000)).rejects.toMatchObject({
    cause: { name: 'Disconnected', code: 'NO_BROKER_REACHABLE' },
  })
})
