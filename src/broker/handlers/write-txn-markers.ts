// WriteTxnMarkers, v1, v2: ends transactions in partitions, as coordinators and admins do (KIP-98, KIP-664). [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'
import type { Partition } from '../topic.ts'

type Marker = RequestOf<'WriteTxnMarkers'>['markers'][number]

/** From this transaction version on a marker has an epoch of its own (KIP-1228). */
const OWN_EPOCH_SINCE = 2

export const writeTxnMarkers: Handler<'WriteTxnMarkers'> = {
  handle: (request, context) => answerAll(request, (marker, topic, index) => write(marker, topic, index, context)),
  refuse: (request, errorCode) => answerAll(request, () => errorCode),
}

function write(marker: Marker, topic: string, index: number, { cluster, node }: RequestContext): number {
  const partition = findPartition(cluster, { topic, topicId: '', partition: index }, 0)
  if (typeof partition === 'number') return partition
  const leaderError = cluster.leaderError(node, partition, -1)
  if (leaderError !== ErrorCode.NONE) return leaderError
  const refusal = refuseMarker(marker, partition)
  if (refusal !== ErrorCode.NONE) return refusal
  cluster.endTransaction(partition, marker, marker.transactionResult ? 'commit' : 'abort', marker.coordinatorEpoch)
  return ErrorCode.NONE
}

function refuseMarker(marker: Marker, { log }: Partition): number {
  const { producerId, producerEpoch, coordinatorEpoch, transactionVersion } = marker
  const known = log.producers.get(producerId)
  if (known === undefined) return ErrorCode.NONE
  const sameIsOld = transactionVersion >= OWN_EPOCH_SINCE && log.hasOpenTransaction(producerId)
  if (producerEpoch < known.epoch || (sameIsOld && producerEpoch === known.epoch)) {
    return ErrorCode.INVALID_PRODUCER_EPOCH
  }
  return coordinatorEpoch < known.coordinatorEpoch ? ErrorCode.TRANSACTION_COORDINATOR_FENCED : ErrorCode.NONE
}

function answerAll(
  { markers }: RequestOf<'WriteTxnMarkers'>,
  answer: (marker: Marker, topic: string, partition: number) => number,
): ResponseInput<'WriteTxnMarkers'> {
  return {
    markers: markers.map((marker) => ({
      producerId: marker.producerId,
      topics: marker.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: answer(marker, name, partitionIndex),
        })),
      })),
    })),
  }
}
