// DescribeCluster, v0 to v2: the brokers and their address (KIP-700). [broker]
import type { ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'

const BROKERS = 1

export const describeCluster: Handler<'DescribeCluster'> = {
  handle(request, context) {
    // Controllers (2) have no listener of their own here (KIP-919).
    const errorCode = request.endpointType === BROKERS ? ErrorCode.NONE : ErrorCode.MISMATCHED_ENDPOINT_TYPE
    return describe(errorCode, context)
  },

  refuse: (_request, errorCode, context) => describe(errorCode, context),
}

function describe(errorCode: number, { cluster }: RequestContext): ResponseInput<'DescribeCluster'> {
  const nodes = errorCode === ErrorCode.NONE ? cluster.nodes.filter(({ live }) => live) : []
  return {
    errorCode,
    clusterId: cluster.id,
    controllerId: cluster.controller.id,
    brokers: nodes.map(({ id, host, port }) => ({ brokerId: id, host, port })),
  }
}
