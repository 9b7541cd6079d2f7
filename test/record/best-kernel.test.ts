// The native kernel is used where it loads; either can be asked for.

import { afterEach, expect, it, vi } from 'vitest'
import { bestKernel, kernelChoice } from '../../src/record/best-kernel.ts'
import { loadNative } from '../../src/record/native-addon.ts'
import { typescriptKernel } from '../../src/record/typescript-kernel.ts'

const { path, reason } = loadNative()

afterEach(() => {
  vi.unstubAllEnvs()
})

it('takes the native kernel where it loads, else the one in TypeScript, and says why', () => {
  vi.stubEnv('MILLRACE_KERNEL', undefined)
  expect(bestKernel().name).toBe(path === undefined ? 'typescript' : 'native')
  expect(kernelChoice().why).toContain(path ?? reason)
  expect(bestKernel()).toBe(bestKernel())
})

it('does as MILLRACE_KERNEL says', () => {
  vi.stubEnv('MILLRACE_KERNEL', 'typescript')
  expect(bestKernel()).toBe(typescriptKernel)
  vi.stubEnv('MILLRACE_KERNEL', 'native')
  if (path !== undefined) expect(bestKernel().name).toBe('native')
  else expect(() => bestKernel()).toThrow(/MILLRACE_KERNEL asks for the native kernel, but .* `npm run build:native`/)
})

it('refuses a kernel that there is not', () => {
  expect(() => kernelChoice('wasm')).toThrow('MILLRACE_KERNEL is native or typescript, not "wasm"')
})
