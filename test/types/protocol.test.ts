// The types that tables infer. What fails here fails in `tsc`; the run itself only shows that the tables load.

import { expectTypeOf, it } from 'vitest'
import type { RequestInput, RequestOf, ResponseOf } from '../../src/protocol/apis.ts'
import { type DecodedRequest, encodeRequest } from '../../src/protocol/frame.ts'
import {
  array,
  type Infer,
  type Input,
  int32,
  int64,
  message,
  offset,
  string,
  struct,
} from '../../src/protocol/schema.ts'

const Probe = message(
  'Probe',
  1,
  { versions: [0, 3] },
  {
    count: int32.since(1).default(-1),
    name: string.nullable().default(null),
    at: offset,
    producer: int64,
    place: struct({ id: int32 }).nullable().default(null),
    topics: array({ topic: string, partitions: array(int32) }),
  },
)

it('a decoded message has every field, of its own type', () => {
  expectTypeOf<Infer<typeof Probe>>().toEqualTypeOf<{
    count: number
    name: string | null
    at: number
    producer: bigint
    place: { id: number } | null
    topics: { topic: string; partitions: number[] }[]
  }>()
})

it('a message to encode may leave out any field, at every depth', () => {
  expectTypeOf<Record<never, never>>().toExtend<Input<typeof Probe>>()
  expectTypeOf<{ topics: { topic: string }[] }>().toExtend<Input<typeof Probe>>()
  expectTypeOf<Infer<typeof Probe>>().toExtend<Input<typeof Probe>>()
  expectTypeOf<{ count: string }>().not.toExtend<Input<typeof Probe>>()
  expectTypeOf<{ name: null }>().toExtend<Input<typeof Probe>>()
  expectTypeOf<{ count: null }>().not.toExtend<Input<typeof Probe>>()
})

it('a wrong default does not compile', () => {
  // @ts-expect-error a number is no default for a string
  string.default(5)
  // @ts-expect-error null needs nullable()
  string.default(null)
  // @ts-expect-error a 64-bit field takes a bigint
  int64.default(-1)
})

it('an API name leads to its own messages', () => {
  expectTypeOf<RequestOf<'Fetch'>['topics'][number]['partitions'][number]['fetchOffset']>().toEqualTypeOf<number>()
  expectTypeOf<ResponseOf<'InitProducerId'>['producerId']>().toEqualTypeOf<bigint>()
  expectTypeOf<RequestInput<'Metadata'>['topics']>().toExtend<readonly unknown[] | null | undefined>()
  // @ts-expect-error Metadata has no field of that name
  encodeRequest('Metadata', 1, { correlationId: 1, clientId: null }, { topic: [] })
})

it('the API of a decoded request narrows its body', () => {
  type Narrowed = Extract<DecodedRequest, { api: 'DeleteTopics' }>['body']
  expectTypeOf<Narrowed>().toEqualTypeOf<RequestOf<'DeleteTopics'>>()
})
