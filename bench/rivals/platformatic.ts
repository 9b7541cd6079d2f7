// @platformatic/kafka, its stream. [bench]
import { ALL_CODECS, nodeProgram, parseJson, type Rival, readerEnvironment } from './rival.ts'

/** Without compression it reads 0.1 M records/s: a quarter of the topic tells as much as all of it. */
const SLOW_RECORDS = 1_000_000

/** Time from its assignment, so that joining the group is not counted. */
export const platformatic: Rival = {
  name: 'platformatic stream',
  note: 'no CRC check; from the assignment to the last record; 1 M records of none',
  codecs: ALL_CODECS,
  recordsMax: (codec) => (codec === 'none' ? SLOW_RECORDS : Number.POSITIVE_INFINITY),
  command: (setting) => nodeProgram('platformatic.mjs', [], readerEnvironment(setting)),
  parse: parseJson,
}
