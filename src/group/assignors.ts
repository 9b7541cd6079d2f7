// The built-in assignors by name, and what a list of them means for the group. [pure: any thread]
import type { Assignor } from './assignor.ts'
import { range } from './range.ts'
import { roundRobin } from './round-robin.ts'
import { cooperativeSticky, sticky } from './sticky.ts'

/** Java's assignors, as plain objects: for `partitionAssignmentStrategy`, or to build another one on. */
export const assignors = { range, roundRobin, sticky, cooperativeSticky } as const satisfies Record<string, Assignor>

/** Finds a built-in assignor by the name that groups know it by. */
export function assignorNamed(name: string): Assignor | undefined {
  return Object.values(assignors).find((one) => one.name === name)
}

/**
 * How a member with these assignors rebalances: only when all of them can, it keeps its partitions meanwhile. The list
 * `['cooperative-sticky', 'range']` is the first step of a rolling upgrade, and runs eager.
 */
export function rebalanceProtocol(used: readonly Pick<Assignor, 'protocol'>[]): Assignor['protocol'] {
  return used.every(({ protocol }) => protocol === 'cooperative') ? 'cooperative' : 'eager'
}
