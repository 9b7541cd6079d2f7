// Question: what does the CRC-32C of a batch cost, by the addon and by the JavaScript that stands in for it? [bench]
import { crc32c, crc32cImplementation, crc32cJavascript } from '../../src/bytes/crc32c.ts'
import { ask, keep } from '../question.ts'

if (crc32cImplementation() !== 'addon') console.log('The addon does not load here: both are JavaScript.')

for (const [what, sizeBytes] of [
  ['a batch of json8 (128 KiB)', 131_072],
  ['a small batch (1 KiB)', 1_024],
  ['a batch of one small record (100 bytes)', 100],
] as const) {
  // As on the data path: in the middle of shared memory.
  const memory = new Uint8Array(new SharedArrayBuffer(sizeBytes + 64))
  for (let i = 0; i < memory.length; i++) memory[i] = (i * 2_654_435_761) >>> 24
  const batch = memory.subarray(21, 21 + sizeBytes)
  await ask(
    `what does the CRC-32C of ${what} cost, by the addon and by JavaScript?`,
    { addon: () => keep(crc32c(batch)), javascript: () => keep(crc32cJavascript(batch)) },
    { unit: 'B', perCall: sizeBytes },
  )
}
