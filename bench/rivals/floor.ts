// The floor: what reading the bytes costs when nobody looks into them. [bench]
import { nodeProgram, parseJson, type Rival, readerEnvironment } from './rival.ts'

/** Not a client: it opens no batch, so a client that reaches it does the rest for nothing. */
export const floor: Rival = {
  name: 'floor (counts batches)',
  note: 'no CRC check; from before its thread starts to the last batch',
  codecs: ['none'],
  command: (setting) => nodeProgram('floor.mjs', [], readerEnvironment(setting)),
  parse: parseJson,
}
