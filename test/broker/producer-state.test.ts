// Idempotent producers: repeats are recognised, gaps and old epochs refused.
import { expect, test } from 'vitest'
import { ProducerState, sequenceAfter } from '../../src/broker/producer-state.ts'

const batch = (baseSequence: number, count = 1, producerEpoch = 0) => ({
  producerId: 1n,
  producerEpoch,
  baseSequence,
  lastOffsetDelta: count - 1,
  maxTimestamp: 5000,
})

function after(...batches: ReturnType<typeof batch>[]): ProducerState {
  const state = new ProducerState()
  for (const [i, one] of batches.entries()) {
    expect(state.check(one).outcome).toBe('append')
    state.appended(one, i * 100)
  }
  return state
}

test('the next sequence is appended, a gap is refused', () => {
  const state = after(batch(0, 3), batch(3, 2))
  expect(state.check(batch(5)).outcome).toBe('append')
  expect(state.check(batch(6)).outcome).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
})

test('any of the last five batches is recognised, an older one is not', () => {
  const state = after(...[0, 1, 2, 3, 4, 5].map((sequence) => batch(sequence)))
  for (const sequence of [1, 2, 3, 4, 5]) {
    expect(state.check(batch(sequence))).toEqual({
      outcome: 'duplicate',
      baseOffset: sequence * 100,
      maxTimestamp: 5000,
    })
  }
  expect(state.check(batch(0)).outcome).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
})

test('a newer epoch starts at zero and fences the older one', () => {
  const state = after(batch(0), batch(1))
  expect(state.check(batch(7, 1, 1)).outcome).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  state.appended(batch(0, 1, 1), 200)
  expect(state.check(batch(2)).outcome).toBe('INVALID_PRODUCER_EPOCH')
  expect(state.check(batch(1, 1, 1)).outcome).toBe('append')
})

test('sequences start again after 2^31 - 1', () => {
  expect(sequenceAfter(0x7fff_ffff, 1)).toBe(0)
  const state = after(batch(0x7fff_fffe, 4))
  expect(state.check(batch(2)).outcome).toBe('append')
  expect(state.check(batch(0x7fff_fffe, 4)).outcome).toBe('duplicate')
})

test('a producer without an id, and one that is not known, pass', () => {
  const state = new ProducerState()
  expect(state.check({ ...batch(9), producerId: -1n }).outcome).toBe('append')
  expect(state.check(batch(9)).outcome).toBe('append')
})
