// ApiVersions (key 18): which APIs and versions a broker has. [pure: any thread]

import { array, bool, errorCode, int16, int32, message, offset, string } from '../schema.ts'

/** ApiVersions (KIP-35; KIP-511 software name v3; KIP-584 features v3). Its answer has header v0 in every version. */
export const ApiVersionsRequest = message(
  'ApiVersionsRequest',
  18,
  { versions: [0, 4], flexible: 3 },
  {
    clientSoftwareName: string.since(3).ignorable(),
    clientSoftwareVersion: string.since(3).ignorable(),
  },
)

/** The answer to `ApiVersionsRequest`. */
export const ApiVersionsResponse = message(
  'ApiVersionsResponse',
  18,
  { versions: [0, 4], flexible: 3 },
  {
    errorCode: errorCode,
    apiKeys: array({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
    throttleTimeMs: int32.since(1).ignorable(),
    supportedFeatures: array({
      name: string,
      minVersion: int16,
      maxVersion: int16,
    })
      .since(3)
      .tagged(0)
      .ignorable(),
    finalizedFeaturesEpoch: offset.since(3).tagged(1).default(-1).ignorable(),
    finalizedFeatures: array({
      name: string,
      maxVersionLevel: int16,
      minVersionLevel: int16,
    })
      .since(3)
      .tagged(2)
      .ignorable(),
    zkMigrationReady: bool.since(3).tagged(3).ignorable(),
  },
)
