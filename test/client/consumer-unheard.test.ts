// What a consumer pays for nobody: lags without a listener, hooks without an interceptor. [test]
import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { ConsumerInterceptors } from '../../src/client/consumer-interceptors.ts'
import { LagReporter } from '../../src/client/consumer-lag.ts'
import type { ConsumerPartition } from '../../src/client/consumer-partition.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'

it('works lags out every second while somebody listens, and never otherwise', async () => {
  const clock = new VirtualClock()
  const events = new EventEmitter<{ lag: [unknown] }>()
  const reporter = new LagReporter(events)
  let asked = 0
  reporter.start(clock, () => {
    asked++
    return [{ topic: 't', partition: 0, lag: 7 } as ConsumerPartition]
  })
  await clock.run(5_500)
  expect(asked).toBe(0)
  const told: unknown[] = []
  events.on('lag', (report) => told.push(report))
  await clock.run(7_500)
  const report = { partitions: [{ topic: 't', partition: 0, lag: 7 }], lag: 7, lagMax: 7 }
  expect(told).toEqual([report, report])
  events.removeAllListeners()
  await clock.run(12_500)
  expect(asked).toBe(2)
  reporter.stop()
})

it('does not look at a batch, nor at what is committed, where there are no interceptors', () => {
  const looked = () => {
    throw new Error('it was looked at')
  }
  const interceptors = new ConsumerInterceptors(undefined, looked)
  interceptors.consumed(new Proxy({}, { get: looked }) as never)
  interceptors.committed([new Proxy({}, { get: looked })] as never)
  expect(() => new ConsumerInterceptors([{}], looked).consumed(new Proxy({}, { get: looked }) as never)).toThrow()
})
