// The message tables against Kafka's own definitions, which the kafka-clients jar carries.

import { beforeAll, expect, it } from 'vitest'
import { type Api, apis } from '../../src/protocol/apis.ts'
import { brokerErrors } from '../../src/protocol/errors.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../src/protocol/messages/consumer-protocol.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { javaDescribe } from '../support/kafka-describe.ts'
import { runJava } from '../support/kafka-jars.ts'
import { carriedVersions, type Definition, parseDefinition, rowsOfDefinition } from './definition.ts'
import { errorCodeFields, rowsOfTable } from './table-rows.ts'

/** What we leave out, and why. The test fails when a line here is not needed any more. */
const notCarried: { readonly [name: string]: string } = {
  'InitProducerId v6':
    'latestVersionUnstable in 4.3 (KIP-939, two-phase commit): brokers refuse it unless told otherwise',
}

const apiEntries: Api[] = Object.values(apis)
const dataMessages: Message[] = [ConsumerProtocolSubscription, ConsumerProtocolAssignment]

javaDescribe('the message tables equal those of kafka-clients 4.3.0', () => {
  const definitions = new Map<string, Definition>()
  let errorLines: string[] = []

  beforeAll(async () => {
    const { stdout, stderr, status } = await runJava('GoldenSchemas.java')
    if (status !== 0) throw new Error(stderr)
    for (const part of stdout.toString('utf8').split(/^=== /m)) {
      const end = part.indexOf('\n')
      const [title, text] = [part.slice(0, end), part.slice(end + 1)]
      if (title === 'errors') errorLines = text.trim().split('\n')
      else if (title.endsWith('.json')) definitions.set(/(\w+)\.json$/.exec(title)?.[1] ?? '', parseDefinition(text))
    }
  })

  const definitionOf = (name: string): Definition => {
    const definition = definitions.get(name)
    if (definition === undefined) throw new Error(`kafka-clients has no ${name}`)
    return definition
  }

  it('carries every API that a broker listens to, under its key', () => {
    const wanted = [...definitions.values()]
      .filter((definition) => definition.listeners?.includes('broker') && definition.validVersions !== 'none')
      .map((definition) => `${definition.apiKey} ${definition.name.replace(/Request$/, '')}`)
    expect(apiEntries.map((api) => `${api.key} ${api.name}`).sort()).toEqual(wanted.sort())
    expect(wanted.length).toBe(77)
  })

  it('leaves out no version but those listed with a reason', () => {
    const leftOut: string[] = []
    for (const { name, request, response } of apiEntries) {
      const { lo, hi, unstable } = carriedVersions(definitionOf(request.name))
      if (unstable !== undefined) leftOut.push(`${name} v${unstable}`)
      expect([name, request.versions, response.versions]).toEqual([name, [lo, hi], [lo, hi]])
    }
    expect(leftOut).toEqual(Object.keys(notCarried))
  })

  it.each(apiEntries.map((api) => [api.name, api] as const))('%s', (_, { request, response }) => {
    for (const table of [request, response]) {
      expect(rowsOfTable(table)).toEqual(rowsOfDefinition(definitionOf(table.name), table.versions))
    }
  })

  it.each(dataMessages.map((table) => [table.name, table] as const))('%s', (name, table) => {
    expect(rowsOfTable(table)).toEqual(rowsOfDefinition(definitionOf(name), table.versions))
  })

  it('marks every error code as one', () => {
    for (const { request, response } of apiEntries) {
      for (const { path, kind, marked } of [...errorCodeFields(request), ...errorCodeFields(response)]) {
        expect(`${path}: ${marked}`).toBe(`${path}: ${kind === 'int16' && /[eE]rrorCode$/.test(path)}`)
      }
    }
  })

  it('knows every error: code, name and whether Java retries it', () => {
    expect(brokerErrors.map(({ code, name, retriable }) => `${code}\t${name}\t${retriable}`)).toEqual(errorLines)
    expect(errorLines.length).toBe(135)
  })
})
