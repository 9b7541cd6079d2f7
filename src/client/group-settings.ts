// From a consumer's options to what its membership is made with. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { GroupSettings } from '../control/grouping.ts'
import type { Assignor } from '../group/assignor.ts'
import { assignorNamed, assignors } from '../group/assignors.ts'
import type { ResolvedConsumerOptions } from './options.ts'

/** A heartbeat may be late twice before the session ends. */
const BEATS_PER_SESSION = 3

/** Checked against each other; throws `InvalidOption`. */
export function groupSettings(options: ResolvedConsumerOptions, progress: SharedArrayBuffer): GroupSettings {
  const { groupId, groupInstanceId, groupProtocol, groupRemoteAssignor, partitionAssignmentStrategy } = options
  if (groupId === undefined) {
    const text =
      'subscribe, topics: a group shares their partitions out; give the consumer a groupId, or assign partitions.'
    throw new InvalidOption('NO_GROUP', text)
  }
  if (groupProtocol === 'consumer' && partitionAssignmentStrategy !== undefined) {
    const how = "groupRemoteAssignor names one of the broker's, or use groupProtocol 'classic'"
    throw wrong(`partitionAssignmentStrategy: with groupProtocol 'consumer' the broker assigns; ${how}.`)
  }
  if (groupProtocol === 'classic' && groupRemoteAssignor !== undefined) {
    throw wrong("groupRemoteAssignor goes with groupProtocol 'consumer'; here partitionAssignmentStrategy counts.")
  }
  const { sessionTimeoutMs, heartbeatIntervalMs, heartbeatFloorMs, maxPollIntervalMs, clientRack } = options
  return {
    ...{ groupId, groupInstanceId, groupProtocol, groupRemoteAssignor, sessionTimeoutMs, heartbeatFloorMs },
    ...{ maxPollIntervalMs, rackId: clientRack === '' ? undefined : clientRack, progress },
    heartbeatIntervalMs: Math.min(heartbeatIntervalMs, Math.max(1, Math.floor(sessionTimeoutMs / BEATS_PER_SESSION))),
    assignors: assignorsOf(options).map((one) => {
      return { name: one.name, protocol: one.protocol, custom: assignorNamed(one.name) !== one }
    }),
  }
}

/** The assignors that were chosen, as objects. */
export function assignorsOf({ partitionAssignmentStrategy }: ResolvedConsumerOptions): Assignor[] {
  const chosen = [partitionAssignmentStrategy ?? assignors.cooperativeSticky].flat() as (string | Assignor)[]
  const found = chosen.map((one) => {
    if (typeof one !== 'string') return one
    const assignor = assignorNamed(one)
    if (assignor !== undefined) return assignor
    const names = Object.values(assignors).map(({ name }) => `'${name}'`)
    throw wrong(`partitionAssignmentStrategy: there is no '${one}', but ${names.join(', ')}; or give an object.`)
  })
  const twice = found.find(({ name }, i) => found.findIndex((other) => other.name === name) !== i)
  if (twice !== undefined) throw wrong(`partitionAssignmentStrategy: '${twice.name}' is there twice.`)
  return found
}

const wrong = (text: string) => new InvalidOption('INVALID_OPTION', text)
