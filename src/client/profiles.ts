// Profiles: sets of defaults for one purpose. What is set explicitly wins. [main thread]

/** The profiles by name. */
export const PROFILE_NAMES = ['throughput', 'latency', 'memory'] as const

/** What each profile sets. */
export const profiles = {
  throughput: {
    fetchMaxBytes: 104_857_600,
    maxPartitionFetchBytes: 10_485_760,
    maxPollRecords: 10_000,
    fetchMaxWaitMs: 100,
    bufferBytes: 268_435_456,
  },
  latency: { fetchMinBytes: 1, fetchMaxWaitMs: 10, maxPollRecords: 1 },
  memory: {
    fetchMaxBytes: 1_048_576,
    maxPartitionFetchBytes: 262_144,
    maxPollRecords: 100,
    bufferBytes: 8_388_608,
  },
} as const satisfies Record<(typeof PROFILE_NAMES)[number], Readonly<Record<string, number>>>
