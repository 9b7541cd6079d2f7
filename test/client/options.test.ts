// Options: what they resolve to, how mistakes are named, that secrets stay secret. [test process]
import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { InvalidOption } from '../../src/base/errors.ts'
import type { Address } from '../../src/base/transport.ts'
import { sourcesOf } from '../../src/client/option-layer.ts'
import { camelCase, dotted, findOption, optionTable, upperSnake } from '../../src/client/option-table.ts'
import {
  explainOptions,
  type KafkaOptions,
  type ResolvedIterateOptions,
  type ResolvedKafkaOptions,
  refuseWhatIsNotThereYet,
  resolveOptions,
} from '../../src/client/options.ts'
import { profiles } from '../../src/client/profiles.ts'
import { json } from '../../src/delivery/serdes.ts'

const brokers = 'localhost:9092'
const refusal = (given: object) => {
  try {
    resolveOptions('kafka', { brokers, ...given } as KafkaOptions)
  } catch (error) {
    return error as InvalidOption
  }
  throw new Error(`nothing was refused in ${inspect(given)}`)
}

describe('what is not set is filled in', () => {
  it('gives the defaults of the contract', () => {
    const options = resolveOptions('kafka', { brokers })
    expect(options).toMatchObject({
      brokers: [{ host: 'localhost', port: 9092 }],
      clientId: 'millrace',
      bufferBytes: 64 * 1024 * 1024,
      maxDecompressedBytes: 256 * 1024 * 1024,
      fetchMaxBytes: 52428800,
      maxPartitionFetchBytes: 1048576,
      fetchMaxWaitMs: 500,
      fetchMinBytes: 1,
      isolationLevel: 'read_committed',
      checkCrcs: true,
      metadataMaxAgeMs: 300000,
      metadataMaxIdleMs: 300000,
      requestTimeoutMs: 30000,
      defaultApiTimeoutMs: 60000,
      throttleMaxMs: 30000,
      onDeserializationError: 'fail',
      onCorruptRecord: 'fail',
      allowAutoTopicCreation: false,
      tls: false,
    })
    expect(options.decodeWorkers).toBeGreaterThanOrEqual(1)
    expect(Object.isFrozen(options)).toBe(true)
  })

  it('lets an iteration inherit from the instance and override it', () => {
    const base = resolveOptions('kafka', { brokers, fetchMaxWaitMs: 7, fetchMinBytes: 3 })
    const options = resolveOptions('iterate', { fetchMinBytes: 9 }, base)
    expect(options).toMatchObject({ fetchMaxWaitMs: 7, fetchMinBytes: 9, until: 'end', idleMs: undefined })
    expect(Object.keys(options)).not.toContain('brokers')
  })

  it.each(Object.entries(profiles))('puts profile %s below what is set explicitly', (profile, preset) => {
    const name = profile as keyof typeof profiles
    expect(resolveOptions('kafka', { brokers, profile: name })).toMatchObject(preset)
    const options = resolveOptions('kafka', { brokers, profile: name, fetchMaxWaitMs: 77 })
    expect(options).toMatchObject({ ...preset, fetchMaxWaitMs: 77 })
  })

  it('moves a default out of the way of what was set', () => {
    expect(resolveOptions('kafka', { brokers, retryBackoffMs: 5000 }).retryBackoffMaxMs).toBe(5000)
    expect(resolveOptions('kafka', { brokers, retryBackoffMaxMs: 10 }).retryBackoffMs).toBe(10)
    expect(resolveOptions('kafka', { brokers, fetchMaxBytes: 200_000_000 }).maxResponseBytes).toBe(201_048_576)
    const base = resolveOptions('kafka', { brokers })
    expect(resolveOptions('iterate', { fetchMaxBytes: 0x7fffffff }, base).maxResponseBytes).toBe(0x7fffffff)
  })

  it('treats undefined as not set', () => {
    expect(resolveOptions('kafka', { brokers, clientId: undefined }).clientId).toBe('millrace')
  })
})

describe('brokers', () => {
  const read = (given: KafkaOptions['brokers']) => resolveOptions('kafka', { brokers: given }).brokers

  it('come as a list, as one string, with IPv6, without a port', () => {
    expect(read(['a:1', 'b'])).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 9092 },
    ])
    expect(read('a:1, [::1]:9093 ,PLAINTEXT://c:3,')).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 9093 },
      { host: 'c', port: 3 },
    ])
    expect(resolveOptions('kafka', { bootstrapServers: 'x:7' }).brokers).toEqual([{ host: 'x', port: 7 }])
  })

  it.each([
    ['::1', 'brackets'],
    ['a:0', '1 to 65535'],
    ['a:65536', '1 to 65535'],
    ['a:b', 'host:port'],
    ['http://a:1', 'not an address'],
    ['SSL://a:1', 'tls: true'],
  ])('refuses %s and says why', (given, why) => {
    expect(refusal({ brokers: given }).message).toContain(why)
  })

  it.each([[[]], [''], [' , ']])('must name one: %j', (given) => {
    expect(refusal({ brokers: given }).message).toContain("must be 'host:port'")
  })

  it('are asked for by name when they are missing', () => {
    expect(() => resolveOptions('kafka', {})).toThrow(/brokers is missing/)
  })

  it('never show a password that stands in an address', () => {
    for (const given of ['user:hunter2@h:1', 'kafka://user:hunter2@h:1']) {
      expect(refusal({ brokers: given }).message).not.toContain('hunter2')
    }
  })
})

describe('what is wrong is named', () => {
  it.each([
    ['maxWaitTimeInMs', 'fetchMaxWaitMs'],
    ['minBytes', 'fetchMinBytes'],
    ['maxBytesPerPartition', 'maxPartitionFetchBytes'],
    ['bootstrapBrokers', 'brokers'],
    ['fromBeginning', "from: 'earliest'"],
    ['rackId', 'clientRack'],
    ['fetchMaxByte', 'fetchMaxBytes'],
    ['fetchMxaBytes', 'fetchMaxBytes'],
    ['fetch.max.bytes', 'fetchMaxBytes'],
    ['FETCH_MAX_BYTES', 'fetchMaxBytes'],
    ['queued.max.messages.kbytes', 'bufferBytes'],
    ['clientid', 'clientId'],
  ])('%s: did you mean %s', (unknown, meant) => {
    const error = refusal({ [unknown]: 1 })
    expect(error).toBeInstanceOf(InvalidOption)
    expect(error.code).toBe('UNKNOWN_OPTION')
    expect(error.message).toContain(`'${unknown}'`)
    expect(error.message).toContain(`Did you mean ${meant}`)
  })

  it.each([
    ['producer', 'linger', 'lingerMs'],
    ['producer', 'maxInFlights', 'maxInFlight'],
    ['consumer', 'heartbeatInterval', 'heartbeatIntervalMs'],
    ['consumer', 'autoComit', 'autoCommit'],
    ['iterate', 'idlMs', 'idleMs'],
    ['kafka', 'loger', 'logger'],
  ] as const)('a slip is one of a name that has a place there: in options of %s, %s is %s', (target, slip, meant) => {
    expect(() => resolveOptions(target as 'iterate', { [slip]: 5 })).toThrow(`Did you mean ${meant}?`)
  })

  it('heartbeats are not further apart than a session lasts', () => {
    const resolved = (given: object) => resolveOptions('consumer', given)
    expect(() => resolved({ sessionTimeoutMs: 1000, heartbeatIntervalMs: 3000 })).toThrow(
      /heartbeatIntervalMs \(3000\)/,
    )
    expect(resolved({ sessionTimeoutMs: 1000 }).heartbeatIntervalMs).toBeLessThanOrEqual(1000)
  })

  it.each(['quux', 'constructor', '__proto__x', 'toString'])('%s resembles nothing, and nothing is made up', (name) => {
    const error = refusal({ [name]: 1 })
    expect(error.code).toBe('UNKNOWN_OPTION')
    expect(error.message).not.toContain('mean')
  })

  it.each([
    [{ fetchMaxBytes: '5' }, /fetchMaxBytes must be a whole number of bytes from 1 to 2147483647 \(default 52428800\)/],
    [{ fetchMaxBytes: 0 }, /from 1/],
    [{ fetchMaxBytes: 1.5 }, /whole number/],
    [{ fetchMaxWaitMs: Infinity }, /whole number of milliseconds/],
    [{ fetchMaxWaitMs: Number.NaN }, /not NaN/],
    [{ bufferBytes: 5 }, /from 1048576/],
    [{ checkCrcs: 'true' }, /true or false/],
    [{ isolationLevel: 'READ_COMMITTED' }, /'read_committed' or 'read_uncommitted'/],
    [{ clientId: '' }, /not empty/],
    [{ logger: {} }, /debug, info, warn and error/],
    [{ topics: { events: { value: 5 } } }, /deserializers/],
    [{ topics: { events: { valeu: json() } } }, /deserializers/],
    [{ profile: 'speed' }, /'throughput', 'latency' or 'memory'/],
    [{ brokers: 5 }, /host:port/],
    [{ bootstrapServers: 'x' }, /given twice/],
    [{ retryBackoffMs: 2000, retryBackoffMaxMs: 100 }, /must not be more than/],
    [{ fetchMaxBytes: 50_000_000, maxResponseBytes: 2_000_000 }, /at least fetchMaxBytes/],
    [{ tls: 'yes' }, /tls must be/],
    [{ tls: { caa: 1 } }, /tls.caa/],
    [{ sasl: { mechanism: 'plain', username: 'u' } }, /password/],
    [{ sasl: { mechanism: 'magic' } }, /sasl.mechanism/],
  ])('%j', (given, message) => {
    expect(refusal(given).message).toMatch(message)
  })

  it.each(['startAt', 'autoOffsetReset'])('%s takes no Date without a time', (name) => {
    expect(() => resolveOptions('consumer', { [name]: new Date(Number.NaN) })).toThrow(`${name} must be`)
  })

  it('says where an option belongs that stands in the wrong place', () => {
    expect(refusal({ until: 'never' }).message).toContain('kafka.iterate(topics, { until })')
    expect(() => resolveOptions('iterate', { bufferBytes: 1 } as object)).toThrow(/new Kafka\({ bufferBytes }\)/)
  })
})

describe('secrets', () => {
  const password = 'correct horse battery staple'
  const options = resolveOptions('kafka', {
    brokers,
    sasl: { mechanism: 'scram-sha-256', username: 'me', password },
    tls: { key: password, passphrase: password, pfx: password, servername: 'x' },
  })

  it('are nowhere in what can be printed', () => {
    const explained = explainOptions({ brokers, sasl: { mechanism: 'PLAIN', username: 'me', password } })
    for (const printed of [options, explained]) {
      expect(inspect(printed, { depth: 9, showHidden: true })).not.toContain('battery')
      expect(JSON.stringify(printed)).not.toContain('battery')
      expect(JSON.stringify(printed)).toContain('me')
    }
    expect(`${options.sasl?.password}`).toBe('[redacted]')
  })

  it('can be revealed by the code that needs them', () => {
    const held = options.sasl?.password
    expect(typeof held === 'object' && held.reveal()).toBe(password)
    expect(options.sasl?.mechanism).toBe('SCRAM-SHA-256')
  })

  it('do not appear when the option is refused', () => {
    expect(refusal({ sasl: password }).message).not.toContain('battery')
  })

  it('are accepted, and refused only when a connection would need them', () => {
    expect(() => refuseWhatIsNotThereYet(options)).toThrow(/tls and sasl/)
    expect(() => refuseWhatIsNotThereYet(resolveOptions('kafka', { brokers }))).not.toThrow()
  })
})

describe('the table', () => {
  it('turns every name into the Java form and the environment form and back', () => {
    for (const option of optionTable.values()) {
      expect(camelCase(dotted(option.name))).toBe(option.name)
      expect(findOption(dotted(option.name))).toBe(option)
      expect(findOption(upperSnake(option.name))).toBe(option)
      expect(option.environmentName).toBe(`MILLRACE_${upperSnake(option.name)}`)
      if (option.javaName !== undefined) expect(findOption(option.javaName)).toBe(option)
    }
    expect(findOption('socket.connection.setup.timeout.ms')?.name).toBe('connectTimeoutMs')
    expect(findOption('enable.auto.commit')?.name).toBe('autoCommit')
  })

  it('has no spelling that means two options', () => {
    const owners = new Map<string, string>()
    for (const { name, aliases = [], javaName } of optionTable.values()) {
      for (const spelling of [name, ...aliases, ...(javaName === undefined ? [] : [camelCase(javaName)])]) {
        expect(owners.get(spelling) ?? name, spelling).toBe(name)
        owners.set(spelling, name)
      }
    }
  })

  it('has defaults that pass their own check', () => {
    for (const option of optionTable.values()) {
      if (option.default === undefined || option.name === 'brokers') continue
      expect(option.accept(option.default), option.name).toEqual(option.default)
    }
  })

  it('remembers where each value came from', () => {
    const sources = sourcesOf(resolveOptions('kafka', { brokers, profile: 'memory' }))
    expect(sources['brokers']).toEqual({ kind: 'argument' })
    expect(sources['bufferBytes']).toEqual({ kind: 'profile', at: 'memory' })
    expect(sources['clientId']).toEqual({ kind: 'default' })
  })

  it('gives types', () => {
    expectTypeOf<KafkaOptions['fetchMaxBytes']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<ResolvedKafkaOptions['fetchMaxBytes']>().toEqualTypeOf<number>()
    expectTypeOf<ResolvedKafkaOptions['brokers']>().toEqualTypeOf<readonly Address[]>()
    expectTypeOf<ResolvedKafkaOptions['clientRack']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<ResolvedKafkaOptions['isolationLevel']>().toEqualTypeOf<'read_committed' | 'read_uncommitted'>()
    expectTypeOf<ResolvedIterateOptions['until']>().toEqualTypeOf<'end' | 'never'>()
    expectTypeOf<ResolvedIterateOptions['idleMs']>().toEqualTypeOf<number | undefined>()
  })
})
