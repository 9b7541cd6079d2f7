// ApiVersions: what the broker admits to, also when it poses as an older one, and every version it admits to works.
import { afterEach, expect, test } from 'vitest'
import { handlers } from '../../../src/broker/handlers.ts'
import { Broker, type BrokerOptions } from '../../../src/broker/index.ts'
import { type ApiName, apis } from '../../../src/protocol/apis.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { encodeRequest } from '../../../src/protocol/frame.ts'
import { batchOf } from '../batches.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker

async function start(options: BrokerOptions = {}): Promise<RawClient> {
  broker = await Broker.start(options)
  return RawClient.connect(broker.address)
}

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

async function versionsOf(client: RawClient): Promise<Map<number, [number, number]>> {
  const { apiKeys } = await client.call('ApiVersions', 0, {})
  return new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]))
}

test.each([0, 1, 2, 3, 4])('v%i lists every API that has a handler', async (version) => {
  const client = await start()
  const { errorCode, apiKeys } = await client.call('ApiVersions', version, {
    ...(version >= 3 && { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }),
  })
  expect(errorCode).toBe(0)
  const keys = Object.keys(handlers).map((name) => apis[name as ApiName].key)
  expect(apiKeys.map(({ apiKey }) => apiKey)).toEqual(keys.sort((a, b) => a - b))
})

test('a version from the future is answered in v0 with what there is (KIP-511)', async () => {
  const client = await start()
  const request = Buffer.from(encodeRequest('ApiVersions', 4, { correlationId: 5, clientId: 'x' }, {}))
  request.writeInt16BE(99, 6)
  client.socket.write(request)
  const frame = await client.nextFrame()
  expect([frame.readInt32BE(0), frame.readInt16BE(4)]).toEqual([5, ErrorCode.UNSUPPORTED_VERSION])
  expect(frame.readInt32BE(6)).toBe(Object.keys(handlers).length)
})

test('a software name that could not be logged is refused', async () => {
  const client = await start()
  const ask = async (clientSoftwareName: string) =>
    (await client.call('ApiVersions', 3, { clientSoftwareName, clientSoftwareVersion: '1' })).errorCode
  expect(await ask('mill-race.js')).toBe(0)
  expect(await ask('')).toBe(ErrorCode.INVALID_REQUEST)
  expect(await ask('-x')).toBe(ErrorCode.INVALID_REQUEST)
  expect(await ask('a\nb')).toBe(ErrorCode.INVALID_REQUEST)
})

test('single versions and releases can be posed as, and what is hidden is not served', async () => {
  const client = await start({ apiVersions: { Fetch: [4, 11], Metadata: [0, 1], DescribeCluster: null } })
  const versions = await versionsOf(client)
  expect(versions.get(1)).toEqual([4, 11])
  expect(versions.get(3)).toEqual([0, 1])
  expect(versions.has(60)).toBe(false)
  await client.call('Metadata', 1, { topics: null })
  await expect(client.call('Metadata', 2, { topics: null })).rejects.toThrow(/the connection ended/)
})

test.each([
  ['2.1', 10, 7],
  ['2.8', 12, 11],
  ['3.9', 17, 12],
  ['4.0', 17, 13],
] as const)('as %s it offers Fetch up to v%i and Metadata up to v%i', async (release, fetch, metadata) => {
  const versions = await versionsOf(await start({ apiVersions: release }))
  expect(versions.get(1)?.[1]).toBe(fetch)
  expect(versions.get(3)?.[1]).toBe(metadata)
})

/** A request to each API that names something which exists, so that its answer has all parts. */
function bodyOf(api: ApiName, version: number, topicId: string): object {
  const byId = (since: number) => (version >= since ? { topicId } : { name: 't', topic: 't' })
  const named = { name: 't', topic: 't' }
  switch (api) {
    case 'ApiVersions':
      return version >= 3 ? { clientSoftwareName: 'test', clientSoftwareVersion: '1' } : {}
    case 'Produce':
      return { acks: 1, topicData: [{ ...byId(13), partitionData: [{ records: batchOf(2) }, { index: 1 }] }] }
    case 'Fetch':
      return {
        topics: [{ ...byId(13), partitions: [{ partitionMaxBytes: 9999 }, { partition: 1 }, { partition: 2 }] }],
      }
    case 'ListOffsets':
      return { topics: [{ ...named, partitions: [-1, -2, 0].map((timestamp) => ({ timestamp })) }] }
    case 'AddPartitionsToTxn': {
      const topics = [{ ...named, partitions: [0, 1] }]
      return version >= 4
        ? { transactions: [{ transactionalId: 'x', topics }] }
        : { v3AndBelowTransactionalId: 'x', v3AndBelowTopics: topics }
    }
    case 'TxnOffsetCommit':
      return { transactionalId: 'x', groupId: 'g', topics: [{ ...named, partitions: [{}] }] }
    case 'WriteTxnMarkers':
      return { markers: [{ topics: [{ ...named, partitionIndexes: [0] }] }] }
    case 'DescribeProducers':
      return { topics: [{ ...named, partitionIndexes: [0] }] }
    case 'DescribeTransactions':
      return { transactionalIds: ['x'] }
    case 'OffsetForLeaderEpoch':
      return { topics: [{ ...named, partitions: [{}, { partition: 1 }] }] }
    case 'Metadata':
      return { topics: version === 0 ? [] : [named, { name: 'missing' }] }
    case 'OffsetCommit':
      return { groupId: 'g', topics: [{ ...byId(10), partitions: [{}, { partitionIndex: 9 }] }] }
    case 'OffsetFetch': {
      const topics = [{ ...byId(10), partitionIndexes: [0, 1] }]
      return version >= 8 ? { groups: [{ groupId: 'g', topics }] } : { groupId: 'g', topics }
    }
    case 'DescribeGroups':
      return { groups: ['g'] }
    case 'ConsumerGroupDescribe':
      return { groupIds: ['g'] }
    case 'DeleteGroups':
      return { groupsNames: ['g'] }
    case 'FindCoordinator':
      return version >= 4 ? { coordinatorKeys: ['g'] } : { key: 'g' }
    case 'CreateTopics':
      return { topics: [{ name: `made-${version}`, numPartitions: 2, replicationFactor: 1 }, named] }
    case 'DeleteTopics':
      return version >= 6 ? { topics: [{ name: 'missing' }] } : { topicNames: ['missing'] }
    case 'DeleteRecords':
      return { topics: [{ ...named, partitions: [{}, { partitionIndex: 9 }] }] }
    case 'DescribeConfigs':
      return { resources: [{ resourceType: 2, resourceName: 't', configurationKeys: null }], includeSynonyms: true }
    case 'CreatePartitions':
      return { topics: [{ ...named, count: 1, assignments: null }] }
    default:
      return {}
  }
}

test('every offered version of every API is decoded, answered and encoded, also with an error', async () => {
  const client = await start({ brokers: 2 })
  broker.createTopic('t', { assignments: [[1], [2]] })
  const { topicId } = (await client.call('Metadata', 12, { topics: [{ name: 't' }] })).topics[0]!
  for (const name of Object.keys(handlers)) {
    const api = name as ApiName
    const [min, max] = apis[api].request.versions
    for (let version = min; version <= max; version++) {
      const body = bodyOf(api, version, topicId)
      const answer = await client.call(api, version, body)
      broker.once(api, () => ({ errorCode: ErrorCode.UNKNOWN_SERVER_ERROR }))
      const refusal = await client.call(api, version, body)
      expect(JSON.stringify(refusal, plain), `${name} v${version}`).toMatch(/rrorCode":-1/)
      expect(JSON.stringify(answer, plain), `${name} v${version}`).not.toMatch(/rrorCode":-1/)
    }
  }
})

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
