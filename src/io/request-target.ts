// Whom a request is for. [I/O thread]
import type { CoordinatorType } from './coordinators.ts'

/** A broker by id, any broker, the controller, the leader of a partition, or a coordinator. */
export type RequestTarget =
  | 'any'
  | 'controller'
  | { broker: number }
  | { leader: { topic: string; partition: number } }
  | { coordinator: CoordinatorType; key: string }

/** The target in words, for errors. */
export function describeTarget(target: RequestTarget): string {
  if (target === 'any') return 'any broker'
  if (target === 'controller') return 'the controller'
  if ('broker' in target) return `broker ${target.broker}`
  if ('leader' in target) return `the leader of ${target.leader.topic}-${target.leader.partition}`
  return `the coordinator of ${target.coordinator} '${target.key}'`
}
