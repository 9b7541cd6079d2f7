// A regular expression over topic names, in Kafka's syntax and in linear time: no expression hangs the broker. [broker]
import { type CharTest, PatternError, type PatternNode, parsePattern } from './pattern-parser.ts'

/** One step of the machine: consume a character, look at a place, or go on at one or two other steps. */
type Step =
  | { kind: 'char'; test: CharTest }
  | { kind: 'place'; test: (before: number, after: number) => boolean }
  | { kind: 'fork'; to: number[] }

/** A name costs at most so many steps for each of its 249 characters. */
const STEPS_MAX = 3000
/** Names whose verdict is kept. */
const KNOWN_MAX = 10_000

/** An expression that matches whole names. */
export class TopicPattern {
  readonly #steps: readonly Step[]
  readonly #known = new Map<string, boolean>()

  private constructor(steps: readonly Step[]) {
    this.#steps = steps
  }

  /** The pattern, or in words why the expression cannot be read. */
  static parse(text: string): TopicPattern | string {
    try {
      const steps: Step[] = []
      compile(parsePattern(text), steps)
      return new TopicPattern(steps)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      return `The regular expression \`${text}\` is not valid: ${error.message}.`
    }
  }

  matches(name: string): boolean {
    let known = this.#known.get(name)
    if (known === undefined) {
      known = this.#run(name)
      if (this.#known.size >= KNOWN_MAX) this.#known.clear()
      this.#known.set(name, known)
    }
    return known
  }

  /** All ways at once: the set of steps that the characters so far lead to. */
  #run(name: string): boolean {
    let before = -1
    let current = this.#reach([0], before, name.codePointAt(0) ?? -1)
    for (let at = 0; at < name.length; at++) {
      const code = name.charCodeAt(at)
      const after = at + 1 < name.length ? name.charCodeAt(at + 1) : -1
      const next: number[] = []
      for (const index of current) {
        const step = this.#steps[index]
        if (step?.kind === 'char' && step.test(code)) next.push(index + 1)
      }
      before = code
      current = this.#reach(next, before, after)
    }
    return current.has(this.#steps.length)
  }

  /** The steps that consume a character, and the end, as far as they can be reached from here without one. */
  #reach(starts: readonly number[], before: number, after: number): Set<number> {
    const seen = new Set<number>()
    const open = [...starts]
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (seen.has(index)) continue
      seen.add(index)
      const step = this.#steps[index]
      if (step?.kind === 'fork') open.push(...step.to)
      else if (step?.kind === 'place' && step.test(before, after)) open.push(index + 1)
    }
    return seen
  }
}

/** Appends the steps of a node; they end where the next one begins. */
function compile(node: PatternNode, steps: Step[]): void {
  if (steps.length > STEPS_MAX) throw new PatternError('the expression is too large')
  switch (node.kind) {
    case 'char':
    case 'place':
      steps.push(node)
      return
    case 'sequence':
      for (const part of node.parts) compile(part, steps)
      return
    case 'choice': {
      const fork: Step = { kind: 'fork', to: [] }
      const ends: number[][] = []
      steps.push(fork)
      for (const part of node.parts) {
        fork.to.push(steps.length)
        compile(part, steps)
        const end: number[] = []
        ends.push(end)
        steps.push({ kind: 'fork', to: end })
      }
      for (const end of ends) end.push(steps.length)
      return
    }
    case 'repeat': {
      for (let i = 0; i < node.min; i++) compile(node.part, steps)
      const optional = node.max === Infinity ? 1 : node.max - node.min
      for (let i = 0; i < optional; i++) {
        const at = steps.length
        const fork = { kind: 'fork' as const, to: [at + 1] }
        steps.push(fork)
        compile(node.part, steps)
        if (node.max === Infinity) steps.push({ kind: 'fork', to: [at] })
        fork.to.push(steps.length)
      }
    }
  }
}
