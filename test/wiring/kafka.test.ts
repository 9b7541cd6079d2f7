// Claims about how a Kafka instance is configured from outside.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Kafka } from '../../src/index.ts'

const environment = { MILLRACE_BROKERS: 'a:1', MILLRACE_FETCH_MAX_BYTES: '2MiB' }

it('an argument wins over the environment, also by its other name, and undefined is no argument', () => {
  expect(Kafka.fromEnv({ fetchMaxBytes: 5_000 }, environment).options).toMatchObject({
    brokers: [{ host: 'a', port: 1 }],
    fetchMaxBytes: 5_000,
  })
  expect(Kafka.fromEnv({ bootstrapServers: 'b:2' }, environment).options.brokers).toEqual([{ host: 'b', port: 2 }])
  expect(Kafka.fromEnv({ brokers: undefined }, environment).options.brokers).toEqual([{ host: 'a', port: 1 }])
})

it('a properties file is read under the arguments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-properties-'))
  try {
    const file = join(folder, 'client.properties')
    writeFileSync(file, 'bootstrap.servers=c\\:3\nfetch.max.bytes=7000\n')
    const { options } = Kafka.fromProperties(file, { clientId: 'me' })
    expect(options).toMatchObject({ brokers: [{ host: 'c', port: 3 }], fetchMaxBytes: 7_000, clientId: 'me' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
