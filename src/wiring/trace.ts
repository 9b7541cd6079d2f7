// What happened in a simulation, as a hash: two runs with the same one went the same way. [simulation]

/** How many of the last happenings are kept in words. */
const KEPT_MAX = 200

/** A happening: when in virtual ms, what, and what else there is to say. */
type Happening = readonly [nowMs: number, what: string, ...details: readonly (string | number)[]]

/** Two hashes of 32 bits with different constants (as cyrb53): enough to tell runs apart, not to withstand anyone. */
export class Trace {
  /** How many happenings went into the hash. */
  count = 0
  readonly #number = new Float64Array(1)
  readonly #words = new Uint32Array(this.#number.buffer)
  readonly #kept: Happening[] = []
  #a = 0xdeadbeef
  #b = 0x41c6ce57

  /** Adds a happening and keeps it in words for a while. */
  note(nowMs: number, what: string, ...details: readonly (string | number)[]): void {
    this.step(nowMs, details.length)
    this.#text(what)
    for (const detail of details) {
      if (typeof detail === 'number') this.#value(detail)
      else this.#text(detail)
    }
    this.#kept.push([nowMs, what, ...details])
    if (this.#kept.length > 2 * KEPT_MAX) this.#kept.splice(0, KEPT_MAX)
  }

  /** Adds a choice of the scheduler, which is not kept. */
  step(nowMs: number, sequence: number): void {
    this.count++
    this.#value(nowMs)
    this.#value(sequence)
  }

  /** All that happened, in 16 hexadecimal digits. */
  get hash(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** The last happenings, a line each, the newest last: where to look when a seed fails. */
  tail(count = 50): string {
    const lines = this.#kept.slice(-Math.min(count, KEPT_MAX))
    return lines.map(([nowMs, ...rest]) => `${nowMs.toFixed(3)} ms  ${rest.join(' ')}`).join('\n')
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i))
    this.#mix(text.length)
  }

  #value(value: number): void {
    this.#number[0] = value
    this.#mix(this.#words[0]!)
    this.#mix(this.#words[1]!)
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x9e3779b1)
    this.#b = Math.imul(this.#b ^ word, 0x5f356495)
    this.#a ^= this.#a >>> 15
    this.#b ^= this.#b >>> 13
  }
}
