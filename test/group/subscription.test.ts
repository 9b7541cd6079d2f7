// What members tell each other: read back as written, and hostile bytes refused. [test process]
import { expect, test } from 'vitest'
import { ProtocolViolation } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { assignors } from '../../src/group/assignors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../src/group/subscription.ts'
import { newMember } from './random-group.ts'

const id = { memberId: 'm', groupInstanceId: null }
const member = newMember('m', ['a', 'b'], {
  owned: [
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 5 },
  ],
  generation: 3,
  rackId: 'r1',
  userData: new Uint8Array([1, 2]),
})

test('subscriptions and assignments are read back as they were written', () => {
  expect(decodeSubscription(encodeSubscription(member), id)).toEqual(member)
  expect(decodeAssignment(encodeAssignment(member.owned))).toEqual(member.owned)
  expect(decodeAssignment(new Uint8Array(0))).toEqual([])
})

test('an older subscription lacks what came later; a newer one is read as far as it is known', () => {
  const bytes = encodeSubscription(newMember('m', ['a']))
  const oldest = new Uint8Array([0, 0, ...bytes.subarray(2, 13)])
  expect(decodeSubscription(oldest, id)).toEqual(newMember('m', ['a']))
  const newest = new Uint8Array([0, 9, ...bytes.subarray(2), 1, 2, 3])
  expect(decodeSubscription(newest, id)).toEqual(newMember('m', ['a']))
})

test('bytes that announce more than they hold, or too much, are refused without memory for it', () => {
  const bytes = encodeSubscription(member)
  for (let end = 0; end < bytes.length - 4; end++) {
    expect(() => decodeSubscription(bytes.subarray(0, end), id), `cut at ${end}`).toThrow(ProtocolViolation)
  }
  expect(() => decodeAssignment(new Uint8Array(5 * 1024 * 1024))).toThrow(/4194304 are allowed/)
  const many = Array.from({ length: 200_001 }, (_, partition) => ({ topic: 't', partition }))
  expect(() => decodeAssignment(encodeAssignment(many))).toThrow(/200000 are allowed/)
})

test('damaged bytes give a subscription or a ProtocolViolation, and assignors survive what is in them (seed 5)', () => {
  const random = seededRandom(5)
  const bytes = encodeSubscription(member)
  for (let run = 0; run < 5000; run++) {
    const damaged = bytes.slice()
    for (let i = 0; i < 3; i++) damaged[Math.floor(random.next() * damaged.length)] = Math.floor(random.next() * 256)
    try {
      const read = decodeSubscription(damaged, id)
      for (const assignor of Object.values(assignors)) {
        assignor.assign([read, newMember('n', ['a'])], [{ topic: 'a', partitions: 2 }])
      }
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolViolation)
    }
  }
})
