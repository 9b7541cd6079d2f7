// What a compression codec does for a kernel. [pure: any thread]

/** Kafka's names of the codecs, in the order of their ids. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** 'none', 'gzip', 'snappy', 'lz4' or 'zstd'. */
export type CodecName = (typeof codecNames)[number]

/** How a codec is served on this machine. */
export interface CodecStatus {
  available: boolean
  /** The package or built-in that does the work, or would. */
  implementation: string
  /** Why it is not available. */
  reason?: string
}

/** One codec. Positions are indexes into `bytes`; a negative result is a fault, negated. */
export interface Codec {
  readonly name: Exclude<CodecName, 'none'>
  /**
   * An upper bound of what `bytes[start .. end)` decompresses to, found without decompressing; DECOMPRESSED_TOO_LARGE
   * beyond `limitBytes`.
   */
  measure(bytes: Uint8Array, start: number, end: number, limitBytes: number): number
  /** Decompresses into `out` from `outAt` on, at most `capacity` bytes, and returns how many it wrote. */
  decompress(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    outAt: number,
    capacity: number,
  ): number | Promise<number>
  /** Compresses at `level` (the codec's own default when not given; ignored where the codec has none). */
  compress(bytes: Uint8Array, level?: number): Uint8Array | Promise<Uint8Array>
  /** Loads the codec and tells what it found. */
  status(): CodecStatus
}

/** Runs `load` once, remembering its failure as well: a missing binary stays missing. */
export function lazily<T>(load: () => T): { get(): T | undefined; reason(): string | undefined } {
  let loaded: { value?: T; reason?: string } | undefined
  const once = () => {
    if (loaded) return loaded
    try {
      loaded = { value: load() }
    } catch (error) {
      loaded = { reason: error instanceof Error ? error.message : String(error) }
    }
    return loaded
  }
  return { get: () => once().value, reason: () => once().reason }
}
