// kafkajs, `eachBatch`. [bench]
import { nodeProgram, parseJson, type Rival, readerEnvironment } from './rival.ts'

/** Time from its assignment, so that joining the group is not counted. */
export const kafkajs: Rival = {
  name: 'kafkajs eachBatch',
  note: 'no CRC check; from the assignment to the last record; lz4-napi, node:zlib plugged in',
  codecs: ['none', 'gzip', 'lz4', 'zstd'],
  command: (setting) => nodeProgram('kafkajs.mjs', [], readerEnvironment(setting)),
  parse: parseJson,
}

/** The same with JSON.parse of every value. */
export const kafkajsParse: Rival = {
  ...kafkajs,
  name: 'kafkajs eachBatch, JSON.parse',
  command: (setting) => nodeProgram('kafkajs.mjs', ['parse'], readerEnvironment(setting)),
  parse: (stdout) => ({ ...parseJson(stdout), touched: undefined }),
}
