// Claims about finding the error in a response.
import { expect, it } from 'vitest'
import { type Api, type ApiName, apis, type ResponseInput, type ResponseOf } from '../../src/protocol/apis.ts'
import { firstError } from '../../src/protocol/first-error.ts'
import { decodeResponse, encodeResponse } from '../../src/protocol/frame.ts'
import type { FieldType, Shape } from '../../src/protocol/schema.ts'

function response<A extends ApiName>(api: A, body: ResponseInput<A>): ResponseOf<A> {
  const version = apis[api].response.versions[1]
  return decodeResponse(api, version, encodeResponse(api, version, 1, body).subarray(4))
}

it('a response without an error has none', () => {
  expect(firstError('Heartbeat', response('Heartbeat', {}))).toBeUndefined()
  const topics = [{ name: 'a', partitions: [{ partitionIndex: 0 }] }]
  expect(firstError('ListOffsets', response('ListOffsets', { topics }))).toBeUndefined()
})

it('the first error code is found with its topic, partition, path and message', () => {
  const partitionResponses = [{ index: 1 }, { index: 5, errorCode: 10, errorMessage: 'too big' }]
  const body = { responses: [{ partitionResponses: [] }, { name: 'events', partitionResponses }] }
  const v9 = decodeResponse('Produce', 9, encodeResponse('Produce', 9, 1, body).subarray(4))
  expect(firstError('Produce', v9)).toEqual({
    code: 10,
    path: 'responses[1].partitionResponses[1].errorCode',
    message: 'too big',
    topic: 'events',
    partition: 5,
  })
})

it('an error at the top comes before those of partitions', () => {
  const body = { errorCode: 70, responses: [{ partitions: [{ partitionIndex: 2, errorCode: 6 }] }] }
  const found = firstError('Fetch', response('Fetch', body))
  expect(found).toEqual({ code: 70, path: 'errorCode', message: null, topic: undefined, partition: undefined })
})

it('an error inside a null array or struct is looked for in vain, not in error', () => {
  expect(firstError('Metadata', response('Metadata', { topics: [{ name: null, errorCode: 3 }] }))?.code).toBe(3)
  expect(firstError('ConsumerGroupHeartbeat', response('ConsumerGroupHeartbeat', { assignment: null }))).toBeUndefined()
})

it('the error codes of every API are found, wherever its table has them', () => {
  let found = 0
  for (const api of Object.values(apis) as Api[]) {
    for (const path of errorPaths(api.response.shape)) {
      const error = firstError(api.name, build(path) as never)
      expect([api.name, error?.code, error?.path]).toEqual([api.name, 77, path.join('.').replaceAll('.[]', '[0]')])
      found++
    }
  }
  expect(found).toBeGreaterThan(100)
})

/** The paths of all error codes: `['topics', '[]', 'errorCode']`. */
function errorPaths(shape: Shape): string[][] {
  return Object.entries(shape).flatMap(([name, field]) => {
    return field.rules.errorCode ? [[name]] : inner(field.type).map((path) => [name, ...path])
  })
}

function inner(type: FieldType): string[][] {
  if (type.kind === 'struct') return errorPaths(type.shape)
  return type.kind === 'array' ? inner(type.of).map((path) => ['[]', ...path]) : []
}

/** The smallest object that has code 77 at a path; other error codes are not there, which counts as 0. */
function build([step, ...rest]: string[]): unknown {
  if (step === undefined) return 77
  return step === '[]' ? [build(rest)] : { [step]: build(rest) }
}
