// Decodes a batch of each codec where no addon loads. [a process of its own]

import { registerHooks } from 'node:module'

const addons = /^(lz4-napi|snappy|@mongodb-js\/zstd|@node-rs\/crc32)$/
registerHooks({
  resolve(specifier, context, next) {
    if (addons.test(specifier)) throw new Error('no binary for this platform')
    return next(specifier, context)
  },
})

const { crc32cImplementation } = await import('../../src/bytes/crc32c.ts')
const { codecStatus, compress } = await import('../../src/record/compression/registry.ts')
const { decodeGuarded, kernels } = await import('./kernels.ts')

// One record each, made where the addons load.
const batches = {
  none: 'AAAAAAAAAAAAAAA9/////wJAur7oAAAAAAAAAAAAAAAAAAEAAAAAAAAAAf//////////////////' + 'AAAAARYAAAABCnZhbHVlAA==',
  gzip:
    'AAAAAAAAAAAAAABR/////wLbVeKoAAEAAAAAAAAAAAAAAAEAAAAAAAAAAf//////////////////' +
    'AAAAAR+LCAAAAAAAAAMTY2BgYOQqS8wpTWUAAGAcQ7IMAAAA',
  snappy: 'AAAAAAAAAAAAAAA//////wL+daNCAAIAAAAAAAAAAAAAAAEAAAAAAAAAAf//////////////////' + 'AAAAAQwsFgAAAAEKdmFsdWUA',
  lz4:
    'AAAAAAAAAAAAAABM/////wI39iDsAAMAAAAAAAAAAAAAAAEAAAAAAAAAAf//////////////////' +
    'AAAAAQQiTRhgQIIMAACAFgAAAAEKdmFsdWUAAAAAAA==',
  zstd:
    'AAAAAAAAAAAAAABG/////wJQdVHMAAQAAAAAAAAAAAAAAAEAAAAAAAAAAf//////////////////' +
    'AAAAASi1L/0gDGEAABYAAAABCnZhbHVlAA==',
}
const report: Record<string, unknown> = { crc: crc32cImplementation() }
report['available'] = Object.fromEntries(
  Object.entries(codecStatus()).map(([name, status]) => [name, status.available]),
)
for (const [codec, base64] of Object.entries(batches)) {
  report[codec] = (await decodeGuarded(kernels['typescript']!, Buffer.from(base64, 'base64'))).fault
}
const byPromise = kernels['typescript, zstd by promise']!
report['zstd by promise'] = (await decodeGuarded(byPromise, Buffer.from(batches.zstd, 'base64'))).fault
try {
  await compress('lz4', Buffer.from('value'))
} catch (error) {
  report['compressing'] = `${(error as Error).name}: ${(error as Error).message}`
}
process.stdout.write(JSON.stringify(report))
