// How a reader fetches where that does not matter. [test]
import type { ReaderSettings } from '../../src/control/commands.ts'

/** As little as may be, of anything. */
export const readerSettings: ReaderSettings = {
  fetchMinBytes: 1,
  fetchMaxBytes: 1,
  maxPartitionFetchBytes: 1,
  fetchMaxWaitMs: 1,
  isolationLevel: 'read_committed',
  autoOffsetReset: 'none',
  checkCrcs: true,
  clientRack: '',
}
