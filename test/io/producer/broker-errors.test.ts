// Each error code of a broker as the answer to a Produce: one table says what it means, and that is what happens.
import { describe, expect, test } from 'vitest'
import type { BatchReport } from '../../../src/control/producing.ts'
import { errorTable } from '../../../src/protocol/error-table.ts'
import { brokerErrorOf } from '../../../src/protocol/errors.ts'
import { producerWorlds } from '../../support/producer-world.ts'

const start = producerWorlds()
const CODES = Object.entries(errorTable).map(([name, [code]]) => [code, name] as const)

/** Codes about sequences: an idempotent producer goes on in another epoch. */
const OUT_OF_STEP = [45, 59]

async function answeredWith(errorCode: number, settings: Parameters<typeof start>[0]) {
  const { clock, broker, rig, values } = await start(settings)
  broker.once('Produce', () => ({ errorCode }))
  const first = rig.send({ values: ['first'] })
  const second = rig.send({ values: ['second'] })
  const report: BatchReport = await clock.until(first.report)
  expect((await clock.until(second.report)).error).toBeUndefined()
  await clock.until(Promise.all([first.freed, second.freed]))
  return { report, values }
}

test('there are 135 of them', () => {
  expect(CODES.length).toBe(135)
})

describe.each(CODES)('%i (%s)', (code) => {
  const { retriable, stored } = brokerErrorOf(code)

  test('is reported as stored, not stored, or perhaps stored', async () => {
    const { report } = await answeredWith(code, { idempotent: false, retries: 0 })
    if (stored === 'stored') expect(report.error).toBeUndefined()
    else {
      const { name } = brokerErrorOf(code)
      expect(report.error).toMatchObject({ code: name, kafkaCode: code, stored, topic: 'events', partition: 0 })
      expect(report.error!.message).toContain('Produce to events-0')
    }
    expect(report.attempts).toBe(1)
  })

  test('is tried again exactly when that may help', async () => {
    const { report, values } = await answeredWith(code, {})
    const again = retriable || OUT_OF_STEP.includes(code)
    expect(report.attempts).toBe(again ? 2 : 1)
    // The hook answers in the place of the broker, so only a second attempt stores anything.
    expect(values()).toEqual(again ? ['first', 'second'] : ['second'])
  })
})

test('a code that is newer than the table may have stored the records', async () => {
  const { report } = await answeredWith(999, { idempotent: false })
  expect(report.error).toMatchObject({ code: 'UNKNOWN_ERROR_CODE', stored: 'may be stored' })
})
