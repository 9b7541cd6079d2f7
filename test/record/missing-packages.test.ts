// Where no addon loads, CRC, gzip and built-in zstd still work; the rest says what is missing.

import { spawnSync } from 'node:child_process'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const child = fileURLToPath(new URL('./missing-packages-child.ts', import.meta.url))

it.skipIf(registerHooks === undefined)('decodes what it can, and names the package that is missing', () => {
  const { stdout, stderr } = spawnSync(process.execPath, [child], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const zstd = typeof process.versions.zstd === 'string' // built in from 22.15 on
  expect(JSON.parse(stdout)).toEqual({
    crc: 'javascript',
    available: { gzip: true, snappy: false, lz4: false, zstd },
    none: 'NONE',
    gzip: 'NONE',
    snappy: 'SNAPPY_UNAVAILABLE',
    lz4: 'LZ4_UNAVAILABLE',
    zstd: zstd ? 'NONE' : 'ZSTD_UNAVAILABLE',
    'zstd by promise': 'ZSTD_UNAVAILABLE',
    compressing: expect.stringMatching(
      /^CodecUnavailable: Compressing with lz4 needs lz4-napi, which does not load here \(no binary for/,
    ),
  })
})
