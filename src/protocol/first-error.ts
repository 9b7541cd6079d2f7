// Finds the first error code in a response, wherever its table has one. [pure: any thread]

import { type Api, type ApiName, apis, type ResponseInput } from './apis.ts'
import type { FieldType, Shape } from './schema.ts'

/** An error code found in a response. */
export interface FoundError {
  readonly code: number
  /** Where it stands: `topics[0].partitions[2].errorCode`. */
  readonly path: string
  /** The broker's own message beside the code, where there is one. */
  readonly message: string | null
  /** The topic and partition that it stands under, where the response names them. */
  readonly topic: string | undefined
  readonly partition: number | undefined
}

type Struct = { readonly [name: string]: unknown }
type Place = { readonly path: string; readonly topic: string | undefined; readonly partition: number | undefined }

/** The first code other than 0, in the order of the table; undefined when there is none. */
export function firstError<A extends ApiName>(api: A, response: ResponseInput<A>): FoundError | undefined {
  const { shape } = (apis[api] as Api).response
  return search(shape, response as Struct, { path: '', topic: undefined, partition: undefined })
}

function search(shape: Shape, struct: Struct, outer: Place): FoundError | undefined {
  if (!hasErrors(shape)) return undefined
  const place = { path: outer.path, ...named(struct, outer) }
  for (const [name, field] of Object.entries(shape)) {
    const value = struct[name]
    const path = place.path === '' ? name : `${place.path}.${name}`
    if (field.rules.errorCode && typeof value === 'number' && value !== 0) {
      const message = struct[name.replace('Code', 'Message')]
      return { code: value, message: typeof message === 'string' ? message : null, ...place, path }
    }
    const found = searchValue(field.type, value, { ...place, path })
    if (found !== undefined) return found
  }
  return undefined
}

function searchValue(type: FieldType, value: unknown, place: Place): FoundError | undefined {
  if (type.kind === 'struct') return value ? search(type.shape, value as Struct, place) : undefined
  if (type.kind !== 'array' || type.of.kind !== 'struct' || !Array.isArray(value)) return undefined
  const { shape } = type.of
  const elements = value as readonly Struct[]
  for (let index = 0; index < elements.length; index++) {
    const found = search(shape, elements[index] as Struct, { ...place, path: `${place.path}[${index}]` })
    if (found !== undefined) return found
  }
  return undefined
}

// The names that responses give to a topic and to a partition number.
function named(struct: Struct, outer: Place): Pick<Place, 'topic' | 'partition'> {
  const topic = [struct['topic'], struct['topicName'], struct['name']].find((name) => typeof name === 'string')
  const partition = struct['partitionIndex'] ?? struct['partition'] ?? struct['index'] ?? struct['partitionId']
  return {
    topic: (topic as string | undefined) ?? outer.topic,
    partition: typeof partition === 'number' ? partition : outer.partition,
  }
}

const known = new WeakMap<Shape, boolean>()

function hasErrors(shape: Shape): boolean {
  let answer = known.get(shape)
  if (answer === undefined) {
    answer = Object.values(shape).some((field) => field.rules.errorCode || typeHasErrors(field.type))
    known.set(shape, answer)
  }
  return answer
}

function typeHasErrors(type: FieldType): boolean {
  if (type.kind === 'array') return typeHasErrors(type.of)
  return type.kind === 'struct' && hasErrors(type.shape)
}
