// DescribeConfigs, v1 to v4: the settings of topics, and the few of a broker. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Cluster } from '../cluster.ts'
import type { Handler } from '../handler.ts'
import { ConfigType, configEntries, type TopicConfigEntry } from '../topic-configs.ts'

type Resource = RequestOf<'DescribeConfigs'>['resources'][number]
type Result = NonNullable<NonNullable<ResponseInput<'DescribeConfigs'>['results']>[number]>

/** Kinds of resources, and where a setting comes from, as the protocol numbers them. */
const TOPIC = 2
const BROKER = 4
const DYNAMIC_TOPIC_CONFIG = 1
const DEFAULT_CONFIG = 5

export const describeConfigs: Handler<'DescribeConfigs'> = {
  handle(request, { cluster }) {
    return {
      results: request.resources.map((resource) => {
        const entries = entriesOf(cluster, resource)
        const { resourceType, resourceName } = resource
        if (typeof entries === 'number') {
          return { errorCode: entries, errorMessage: null, resourceType, resourceName, configs: [] }
        }
        const configs = entries.map((entry) => describe(entry, request))
        return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName, configs }
      }),
    }
  },

  refuse: (request, errorCode) => ({
    results: request.resources.map(({ resourceType, resourceName }) => {
      return { errorCode, errorMessage: null, resourceType, resourceName, configs: [] }
    }),
  }),
}

function entriesOf(cluster: Cluster, { resourceType, resourceName, configurationKeys }: Resource) {
  if (resourceType === TOPIC) {
    const topic = cluster.topics.get(resourceName)
    return topic === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : configEntries(topic.configs, configurationKeys)
  }
  if (resourceType !== BROKER) return ErrorCode.INVALID_REQUEST
  return brokerEntries(cluster).filter(({ name }) => configurationKeys?.includes(name) ?? true)
}

function brokerEntries(cluster: Cluster): TopicConfigEntry[] {
  const entry = (name: string, value: string, type: number) => ({ name, value, type, isDefault: true })
  return [
    entry('auto.create.topics.enable', String(cluster.autoCreateTopics), ConfigType.boolean),
    entry('num.partitions', String(cluster.defaultPartitions), ConfigType.int),
    entry('default.replication.factor', '1', ConfigType.int),
    entry('min.insync.replicas', '1', ConfigType.int),
  ]
}

function describe(
  entry: TopicConfigEntry,
  request: RequestOf<'DescribeConfigs'>,
): NonNullable<Result['configs']>[number] {
  const { name, value, type, isDefault } = entry
  const source = isDefault ? DEFAULT_CONFIG : DYNAMIC_TOPIC_CONFIG
  return {
    name,
    value,
    readOnly: false,
    configSource: source,
    isSensitive: false,
    synonyms: request.includeSynonyms ? [{ name, value, source }] : [],
    configType: type,
    documentation: null,
  }
}
