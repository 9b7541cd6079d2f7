// Random messages that a version can carry, drawn from its plan. [test processes]

import type { Random } from '../../src/base/random.ts'
import type { Plan, PlanField, PlanType } from '../../src/protocol/plan.ts'
import type { PrimitiveKind } from '../../src/protocol/schema.ts'

/** A value of every field, some left out, some null, some at their default, arrays short. */
export function randomMessage(plan: Plan, random: Random): { [name: string]: unknown } {
  const result: { [name: string]: unknown } = {}
  for (const field of plan.fields) {
    const value = randomField(field, random)
    if (value !== undefined) result[field.name] = value
  }
  return result
}

function randomField(field: PlanField, random: Random): unknown {
  if (field.presence === 'absent' && !field.ignorable) return undefined
  // Only a default that may be written can be left to the codec: a null may have no place in this version.
  const nullDefault = field.default === null && !isNullable(field.type)
  if (!nullDefault && random.next() < 0.15) return undefined
  if (isNullable(field.type) && random.next() < 0.2) return null
  return randomValue(field.type, random)
}

function isNullable(type: PlanType): boolean {
  return type.kind === 'struct' ? type.nullable : /nullable/i.test(type.method)
}

function randomValue(type: PlanType, random: Random): unknown {
  if (type.kind === 'struct') return randomMessage(type.plan, random)
  if (type.kind !== 'array') return primitives[type.kind](random)
  return Array.from({ length: below(random, 3) }, () => randomValue(type.of, random))
}

const below = (random: Random, limit: number): number => Math.floor(random.next() * limit)
const oneOf = <T>(random: Random, ...values: T[]): T => values[below(random, values.length)] as T
const bits = (random: Random): number => below(random, 2 ** 32)
const bigBits = (random: Random): bigint => BigInt.asIntN(64, (BigInt(bits(random)) << 32n) | BigInt(bits(random)))
const someBytes = (random: Random): Uint8Array => {
  return Uint8Array.from({ length: oneOf(random, 0, 1, 7, 130) }, () => below(random, 256))
}

const primitives: { readonly [kind in PrimitiveKind]: (random: Random) => unknown } = {
  bool: (random) => random.next() < 0.5,
  int8: (random) => oneOf(random, -128, 127, 0, (bits(random) << 24) >> 24),
  int16: (random) => oneOf(random, -32768, 32767, (bits(random) << 16) >> 16),
  uint16: (random) => oneOf(random, 0, 65535, bits(random) & 0xffff),
  int32: (random) => oneOf(random, -(2 ** 31), 2 ** 31 - 1, bits(random) | 0),
  uint32: (random) => oneOf(random, 0, 2 ** 32 - 1, bits(random)),
  int64: (random) => oneOf(random, -(2n ** 63n), 2n ** 63n - 1n, -1n, bigBits(random)),
  safeInt64: (random) => oneOf(random, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, -1, bits(random) * 2 ** 20),
  float64: (random) => oneOf(random, 0.1, -1e300, Number.POSITIVE_INFINITY, random.next()),
  string: (random) => oneOf(random, '', 'a', 'topic-é€中𝄞', 'x'.repeat(127), 'y'.repeat(20_000)),
  bytes: someBytes,
  records: someBytes,
  uuid: (random) => Buffer.from(Array.from({ length: 16 }, () => below(random, 256))).toString('base64url'),
}
