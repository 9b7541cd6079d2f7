// UpdateFeatures (key 57): raises or lowers feature levels of the cluster. [pure: any thread]

import { array, bool, errorCode, int8, int16, int32, message, string } from '../schema.ts'

/** UpdateFeatures (KIP-584; KIP-778 dry run v1). */
export const UpdateFeaturesRequest = message(
  'UpdateFeaturesRequest',
  57,
  { versions: [0, 2], flexible: 0 },
  {
    timeoutMs: int32.default(60000),
    featureUpdates: array({
      feature: string,
      maxVersionLevel: int16,
      allowDowngrade: bool.until(0),
      // 1: upgrade, 2: safe downgrade, 3: unsafe downgrade
      upgradeType: int8.since(1).default(1),
    }),
    validateOnly: bool.since(1),
  },
)

/** The answer to `UpdateFeaturesRequest`. */
export const UpdateFeaturesResponse = message(
  'UpdateFeaturesResponse',
  57,
  { versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
    results: array({
      feature: string,
      errorCode: errorCode,
      errorMessage: string.nullable(),
    })
      .until(1)
      .ignorable(),
  },
)
