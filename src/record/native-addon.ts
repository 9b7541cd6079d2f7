// Finds and loads the addon of the native kernel: built here, or prebuilt in a package of its platform.
// [pure: any thread]

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The array that both sides hold; where each number lies is in `JobSlot`. */
export type JobNumbers = Float64Array<SharedArrayBuffer>

/** Memory that batches, records and indexes lie in. */
export type KernelMemory = Uint8Array | Int32Array

/** A kernel inside of the addon; it goes when nothing refers to it. */
export interface NativeHandle {
  readonly kind: 'native kernel'
}

/** What native/src/lib.rs exports. A negative verdict is no fault: native-kernel.ts knows what it says. */
export interface NativeAddon {
  contract(): number
  open(job: JobNumbers): NativeHandle
  attach(kernel: NativeHandle, memory: KernelMemory): number
  detach(kernel: NativeHandle, number: number): void
  measure(kernel: NativeHandle): number
  measureIn(kernel: NativeHandle, raw: Uint8Array): number
  decode(kernel: NativeHandle): number
  decodeIn(kernel: NativeHandle, raw: Uint8Array, out: Uint8Array, index: Int32Array): number
  /** `pieces` holds start and size of each of `count`; as `compressPieces`, and -1 for what it refuses. */
  compress(memory: Uint8Array, pieces: Int32Array, count: number, codec: number, level: number): number
}

/** What loading came to. */
export type NativeLoading =
  | { path: string; addon: NativeAddon; reason?: undefined }
  | { reason: string; path?: undefined; addon?: undefined }

/** What this file and the addon must agree on: raised with every change of the job, the faults or the calls. */
const CONTRACT = 3
const HOW = 'run `npm run build:native` where cargo is'

let loading: NativeLoading | undefined

/** Loads the addon once and remembers how that went. */
export function loadNative(): NativeLoading {
  loading ??= tryAll()
  return loading
}

/** The names of the builds that may run here, as napi-rs writes them. */
export function nativeTriples(platform: string = process.platform, arch: string = process.arch): string[] {
  const name = `${platform}-${arch}`
  if (platform === 'linux') return [`${name}-gnu`, `${name}-musl`]
  return [platform === 'win32' ? `${name}-msvc` : name]
}

function tryAll(): NativeLoading {
  const load = createRequire(import.meta.url)
  const failures: string[] = []
  for (const triple of nativeTriples()) {
    const local = fileURLToPath(new URL(`../../native/millrace.${triple}.node`, import.meta.url))
    for (const path of [local, `@millrace/native-${triple}`]) {
      try {
        const addon = load(path) as NativeAddon
        if (addon.contract() !== CONTRACT) throw new Error('it was built for another version of millrace')
        return { path, addon }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') continue
        failures.push(`${path} does not load: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  const what = failures.length > 0 ? failures.join('; ') : `there is none for ${process.platform} ${process.arch}`
  return { reason: `${what}; ${HOW}` }
}
