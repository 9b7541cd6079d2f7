// What of a commit is kept, for both ways to commit: by itself, and in a transaction. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { CommittedOffset } from '../offset-store.ts'

/** One partition of a request to commit. */
export interface AskedOffset {
  committedOffset: number
  committedLeaderEpoch: number
  committedMetadata: string | null
}

/** The offset as it is kept, or the error code that refuses it. */
export function offsetToCommit(asked: AskedOffset, metadataBytesMax: number): CommittedOffset | number {
  const metadata = asked.committedMetadata ?? ''
  if (Buffer.byteLength(metadata) > metadataBytesMax) return ErrorCode.OFFSET_METADATA_TOO_LARGE
  return { offset: asked.committedOffset, leaderEpoch: asked.committedLeaderEpoch, metadata }
}
