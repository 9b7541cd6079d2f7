// PushTelemetry (key 72): the metrics that the broker asked for. [pure: any thread]

import { bool, bytes, errorCode, int8, int32, message, uuid } from '../schema.ts'

/** PushTelemetry (KIP-714). */
export const PushTelemetryRequest = message(
  'PushTelemetryRequest',
  72,
  { versions: [0, 0], flexible: 0 },
  {
    clientInstanceId: uuid,
    subscriptionId: int32,
    terminating: bool,
    compressionType: int8,
    metrics: bytes,
  },
)

/** The answer to `PushTelemetryRequest`. */
export const PushTelemetryResponse = message(
  'PushTelemetryResponse',
  72,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
  },
)
