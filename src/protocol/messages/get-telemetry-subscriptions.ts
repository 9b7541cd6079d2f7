// GetTelemetrySubscriptions (key 71): which metrics the broker wants from this client. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, string, uuid } from '../schema.ts'

/** GetTelemetrySubscriptions (KIP-714). */
export const GetTelemetrySubscriptionsRequest = message(
  'GetTelemetrySubscriptionsRequest',
  71,
  { versions: [0, 0], flexible: 0 },
  {
    clientInstanceId: uuid,
  },
)

/** The answer to `GetTelemetrySubscriptionsRequest`. */
export const GetTelemetrySubscriptionsResponse = message(
  'GetTelemetrySubscriptionsResponse',
  71,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    clientInstanceId: uuid,
    subscriptionId: int32,
    acceptedCompressionTypes: array(int8),
    pushIntervalMs: int32,
    telemetryMaxBytes: int32,
    deltaTemporality: bool,
    requestedMetrics: array(string),
  },
)
