// Question: is it cheaper to write records into plain memory first, and from there into shared memory? [bench]
// V8 copies into shared memory byte by byte unless both sides are aligned alike; a stage is (client/producer-stage.ts).
import { RecordStage } from '../../src/client/producer-stage.ts'
import { recordBytesMax, writeRecord } from '../../src/record/record-writer.ts'
import { ask } from '../question.ts'

const RECORDS = 4_000
const memory = Buffer.from(new SharedArrayBuffer(64 * 1_048_576))

for (const sizeBytes of [20, 206, 1_000, 10_000]) {
  const value = Buffer.alloc(sizeBytes, 97)
  const bytesMax = recordBytesMax(null, value, undefined)
  const room = RECORDS * bytesMax
  const stage = new RecordStage(memory)
  let begin = 0
  const next = () => {
    begin = begin + 2 * room > memory.length ? 0 : begin + room
    return begin
  }
  await ask(
    `where are records of ${sizeBytes} bytes written faster?`,
    {
      'straight into shared memory': () => {
        let at = next()
        for (let i = 0; i < RECORDS; i++) at = writeRecord(memory, at, 5, i, null, value, undefined)
      },
      'by way of a stage': () => {
        stage.moveTo(next())
        for (let i = 0; i < RECORDS; i++) stage.write(bytesMax, 5, i, null, value, undefined)
        stage.flush()
      },
    },
    { unit: 'records', perCall: RECORDS },
  )
}
