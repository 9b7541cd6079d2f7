// What a loop has in hand, and where that is known. [test process]
import { expect, test } from 'vitest'
import { type Hand, LoopHand } from '../../src/client/loop-hand.ts'

const one = { ack: () => true }

test('what was given is taken out of the hand once', () => {
  const hand = new LoopHand(new Set<WeakRef<Hand>>())
  expect(hand.give(one)).toBe(one)
  expect([hand.empty(), hand.empty()]).toEqual([one, undefined])
})

test('a hand is known while it has something, however many loops there were', () => {
  const hands = new Set<WeakRef<Hand>>()
  for (let i = 0; i < 100; i++) {
    const hand = new LoopHand(hands)
    hand.give(one)
    hand.rest()
    expect([...hands].map((ref) => ref.deref())).toEqual([hand])
    hand.empty()
    hand.rest()
    expect(hands.size).toBe(0)
  }
})

test('a loop that was asked again after its end is known again', () => {
  const hands = new Set<WeakRef<Hand>>()
  const hand = new LoopHand(hands)
  for (let i = 0; i < 2; i++) {
    hand.give(one)
    expect(hands.size).toBe(1)
    hand.empty()
    hand.rest()
  }
  expect(hands.size).toBe(0)
})
