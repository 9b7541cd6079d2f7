// DescribeConfigs (key 32): settings of topics, brokers, groups and loggers. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, string } from '../schema.ts'

/** DescribeConfigs (KIP-133; KIP-226 synonyms v1; KIP-569 types and documentation v3). */
export const DescribeConfigsRequest = message(
  'DescribeConfigsRequest',
  32,
  { versions: [1, 4], flexible: 4 },
  {
    resources: array({
      // 2: topic, 4: broker, 8: broker logger, 16: client metrics, 32: group
      resourceType: int8,
      resourceName: string,
      // null: every setting
      configurationKeys: array(string).nullable(),
    }),
    includeSynonyms: bool,
    includeDocumentation: bool.since(3),
  },
)

/** The answer to `DescribeConfigsRequest`. */
export const DescribeConfigsResponse = message(
  'DescribeConfigsResponse',
  32,
  { versions: [1, 4], flexible: 4 },
  {
    throttleTimeMs: int32,
    results: array({
      errorCode: errorCode,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
        synonyms: array({
          name: string,
          value: string.nullable(),
          source: int8,
        }),
        configType: int8.since(3).ignorable(),
        documentation: string.since(3).nullable().ignorable(),
      }),
    }),
  },
)
