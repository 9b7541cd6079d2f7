// Claims about the one table of broker errors.
import { expect, it } from 'vitest'
import { NotLeader, Unauthorized } from '../../src/base/errors.ts'
import { brokerError, brokerErrorOf, brokerErrors, ErrorCode, isRetriable } from '../../src/protocol/errors.ts'

const namesWith = (test: (error: (typeof brokerErrors)[number]) => boolean) => {
  return brokerErrors.filter(test).map((error) => error.code)
}

it('authorization and authentication codes are Unauthorized, and no others', () => {
  expect(namesWith((error) => error.class === 'Unauthorized')).toEqual([29, 30, 31, 53, 54, 58, 65])
  expect(namesWith((error) => error.class === 'QuotaExceeded')).toEqual([89])
})

it('a failure that can come after the append says that records may be stored', () => {
  expect(namesWith((error) => error.stored === 'may be stored')).toEqual([-1, 6, 7, 13, 20, 56])
  expect(namesWith((error) => error.stored === 'stored')).toEqual([0, 46])
  expect(brokerErrorOf(ErrorCode.NOT_ENOUGH_REPLICAS).stored).toBe('not stored')
})

it('no error is both retriable and fatal', () => {
  expect(namesWith((error) => error.retriable && (error.fatal || error.requiresAbort))).toEqual([])
  expect(namesWith((error) => error.fatal)).toEqual([48, 50, 53, 82, 90, 111, 112])
})

it('every code has a text, and codes and names are unique', () => {
  expect(brokerErrors.filter((error) => error.text.length < 8)).toEqual([])
  expect(new Set(brokerErrors.map((error) => error.code)).size).toBe(135)
})

it('an error says what failed, where, why, and what the broker calls it', () => {
  const at = { broker: '10.0.0.1:9092', topic: 'events', partition: 3 }
  const error = brokerError(ErrorCode.NOT_LEADER_OR_FOLLOWER, {
    what: 'Fetch from events/3',
    brokerMessage: 'moved',
    ...at,
  })
  expect(error).toBeInstanceOf(NotLeader)
  expect(error).toMatchObject({ ...at, code: 'NOT_LEADER_OR_FOLLOWER', kafkaCode: 6, retriable: true, fatal: false })
  expect(error.message).toBe(
    'Fetch from events/3 (broker 10.0.0.1:9092): the broker does not serve the partition any more; ' +
      'ask the new leader: moved [NOT_LEADER_OR_FOLLOWER 6]',
  )
  expect(brokerError(29, { what: 'Produce to secrets/0', topic: 'secrets' })).toBeInstanceOf(Unauthorized)
})

it('details given by the caller win over the table', () => {
  expect(brokerError(6, { what: 'x', retriable: false }).retriable).toBe(false)
})

it('a code from a newer broker is an error that is not retried and whose records may be stored', () => {
  expect(brokerErrorOf(9999)).toMatchObject({ code: 9999, name: 'UNKNOWN_ERROR_CODE', stored: 'may be stored' })
  expect(isRetriable(9999)).toBe(false)
  expect(brokerError(9999, { what: 'x' })).toMatchObject({ code: 'UNKNOWN_ERROR_CODE', kafkaCode: 9999 })
})
