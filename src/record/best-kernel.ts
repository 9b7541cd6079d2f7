// Which kernel decodes on this thread: the native one where its addon loads. [pure: any thread]

import { InvalidOption } from '../base/errors.ts'
import type { Kernel } from './kernel.ts'
import { loadNative } from './native-addon.ts'
import { NativeKernel } from './native-kernel.ts'
import { typescriptKernel } from './typescript-kernel.ts'

/** Which kernel is in use, for `doctor`. */
export interface KernelChoice {
  name: Kernel['name']
  why: string
}

let native: NativeKernel | undefined

/**
 * The kernel of this thread, made at the first call. `MILLRACE_KERNEL=typescript` or `native` forces one; throws
 * InvalidOption when it names another, or one that does not load.
 */
export function bestKernel(): Kernel {
  const { name } = kernelChoice()
  if (name === 'typescript') return typescriptKernel
  native ??= new NativeKernel(loadNative().addon!)
  return native
}

/** Which kernel `bestKernel` gives, and why; throws as it does. */
export function kernelChoice(forced: string | undefined = process.env['MILLRACE_KERNEL']): KernelChoice {
  if (forced === 'typescript') return { name: 'typescript', why: 'MILLRACE_KERNEL asks for it' }
  if (forced !== undefined && forced !== '' && forced !== 'native') {
    throw new InvalidOption('INVALID_OPTION', `MILLRACE_KERNEL is native or typescript, not "${forced}".`)
  }
  const { path, reason } = loadNative()
  if (path !== undefined) return { name: 'native', why: `loaded from ${path}` }
  if (forced !== 'native') return { name: 'typescript', why: `no native kernel: ${reason}` }
  throw new InvalidOption('NATIVE_KERNEL', `MILLRACE_KERNEL asks for the native kernel, but ${reason}.`)
}
