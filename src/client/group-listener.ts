// What user code is told of partitions that come and go. [main thread]
import { inspect } from 'node:util'
import { InvalidOption } from '../base/errors.ts'
import type { TopicPartition } from './consumer-partition.ts'

/** Each is awaited, at most until the group would go on without this member; heartbeats go on meanwhile. */
export interface RebalanceListener {
  /** These are new; `assignment()` has all. Seek in here, and nothing else of them is read first. */
  onAssigned?(partitions: TopicPartition[]): unknown
  /** These go to others when this is done: commit here what is processed. Also called on close and `unsubscribe`. */
  onRevoked?(partitions: TopicPartition[]): unknown
  /** These may be with others already: nothing of them can be committed any more. */
  onLost?(partitions: TopicPartition[]): unknown
}

/** Each with what else it may have been called. */
const NAMES: readonly (readonly [keyof RebalanceListener, RegExp])[] = [
  ['onAssigned', /assign/i],
  ['onRevoked', /revo/i],
  ['onLost', /lost/i],
]

/** Throws `InvalidOption` where something would never be called. An instance of a class may have more than is told. */
export function checkListener(what: string, given: unknown): RebalanceListener {
  const wrong = (why: string) => new InvalidOption('INVALID_OPTION', `${what} ${why}`)
  const shown = inspect(given, { depth: 0, breakLength: Number.POSITIVE_INFINITY })
  if (typeof given !== 'object' || given === null) {
    throw wrong(`must be an object of functions: onAssigned, onRevoked, onLost, not ${shown}.`)
  }
  for (const [name] of NAMES) {
    const told = (given as RebalanceListener)[name]
    if (told !== undefined && typeof told !== 'function') throw wrong(`must have a function as ${name}.`)
  }
  const isPlain = Object.getPrototypeOf(given) === Object.prototype
  if (!isPlain && NAMES.some(([name]) => name in given)) return given
  const unknown = Object.keys(given).find((key) => !NAMES.some(([name]) => name === key))
  if (unknown === undefined && isPlain) return given
  const [meant] = NAMES.find(([, like]) => like.test(unknown ?? '')) ?? []
  const hint = meant === undefined ? 'There are onAssigned, onRevoked and onLost.' : `Did you mean ${meant}?`
  throw wrong(`has nothing to call in ${shown}: ${hint}`)
}
