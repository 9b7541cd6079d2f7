// The packages of prebuilt addons are those that the loader looks for.

import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { nativeTriples } from '../../src/record/native-addon.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'))

it('looks for the builds of its own platform', () => {
  expect(nativeTriples('linux', 'arm64')).toEqual(['linux-arm64-gnu', 'linux-arm64-musl'])
  expect(nativeTriples('darwin', 'arm64')).toEqual(['darwin-arm64'])
  expect(nativeTriples('win32', 'x64')).toEqual(['win32-x64-msvc'])
})

it('has a package for each build, of the version of millrace, that npm installs on its platform only', () => {
  const triples = readdirSync(new URL('native/npm/', root))
  expect(triples.length).toBe(7)
  for (const triple of triples) {
    const manifest = read(`native/npm/${triple}/package.json`)
    const [os, cpu] = [manifest.os[0], manifest.cpu[0]]
    const libc = triple.endsWith('-gnu') ? ['glibc'] : triple.endsWith('-musl') ? ['musl'] : undefined
    expect(nativeTriples(os, cpu)).toContain(triple)
    expect(manifest).toMatchObject({ name: `@millrace/native-${triple}`, version: read('package.json').version })
    expect(manifest).toMatchObject({ main: `millrace.${triple}.node`, files: [`millrace.${triple}.node`] })
    expect([triple, manifest.libc]).toEqual([triple, libc])
  }
})
