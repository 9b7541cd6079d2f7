// ListGroups, v0 to v5: the groups that this node coordinates, by state (KIP-518) and type (KIP-848). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { groupCoordinatorOf } from './find-coordinator.ts'

export const listGroups: Handler<'ListGroups'> = {
  handle({ statesFilter, typesFilter }, { cluster, node }) {
    const groups = cluster.groups.all.filter(
      ({ id, state, type }) =>
        groupCoordinatorOf(cluster, id) === node && passes(statesFilter, state) && passes(typesFilter, type),
    )
    return {
      errorCode: ErrorCode.NONE,
      groups: groups.map(({ id, protocolType, state, type }) => {
        return { groupId: id, protocolType, groupState: state, groupType: type.toLowerCase() }
      }),
    }
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}

/** An empty filter lets everything pass; case does not matter. */
function passes(filter: readonly string[], value: string): boolean {
  return filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === value.toLowerCase())
}
