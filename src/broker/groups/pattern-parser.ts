// The syntax of regular expressions that Kafka's coordinator reads (RE2), as a tree. [broker]

/** A part of an expression. */
export type PatternNode =
  | { kind: 'char'; test: CharTest }
  /** A place between two characters; -1 is none. */
  | { kind: 'place'; test: (before: number, after: number) => boolean }
  | { kind: 'sequence'; parts: PatternNode[] }
  | { kind: 'choice'; parts: PatternNode[] }
  | { kind: 'repeat'; part: PatternNode; min: number; max: number }

/** Whether a character (its code point) fits. */
export type CharTest = (code: number) => boolean

/** Why an expression cannot be read. */
export class PatternError extends Error {}

/** As RE2 has it: more would make small expressions into large machines. */
const REPEAT_MAX = 1000
const DEPTH_MAX = 1000

const perlClasses: Record<string, RegExp> = { d: /[0-9]/, s: /[\t\n\f\r ]/, w: /[0-9A-Za-z_]/ }
const controls: Record<string, string> = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const posixClasses: Record<string, RegExp> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /\p{ASCII}/u,
  blank: /[\t ]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
}

/** Reads an expression; throws `PatternError`. */
export function parsePattern(text: string): PatternNode {
  const parser = new Parser(text)
  const node = parser.choice()
  if (!parser.atEnd) throw new PatternError('unexpected )')
  return node
}

class Parser {
  readonly #chars: string[]
  #at = 0
  #depth = 0
  #foldsCase = false

  constructor(text: string) {
    this.#chars = [...text]
  }

  get atEnd(): boolean {
    return this.#at >= this.#chars.length
  }

  choice(): PatternNode {
    if (++this.#depth > DEPTH_MAX) throw new PatternError('expression nests too deeply')
    const { length } = this.#chars
    const parts = [this.#sequence()]
    while (this.#at < length && this.#take('|')) parts.push(this.#sequence())
    this.#depth--
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (!this.atEnd && !this.#sees('|') && !this.#sees(')')) {
      const part = this.#take('\\Q') ? this.#quoted() : this.#repeated(this.#atom())
      parts.push(part)
    }
    return { kind: 'sequence', parts }
  }

  /** `\Q…\E` is literal. */
  #quoted(): PatternNode {
    const parts: PatternNode[] = []
    while (!this.atEnd && !this.#take('\\E')) parts.push(this.#literal(this.#next()))
    return { kind: 'sequence', parts }
  }

  #repeated(part: PatternNode): PatternNode {
    const range = this.#range()
    if (range === undefined) return part
    this.#take('?')
    if (this.#range() !== undefined) throw new PatternError('invalid nested repetition operator')
    return { kind: 'repeat', part, ...range }
  }

  #range(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    // What is no count is literal.
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 16).join(''))
    if (counted === null) return undefined
    const min = Number(counted[1])
    const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3])
    if (min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX) || min > max) {
      throw new PatternError(`invalid repeat count ${counted[0]}`)
    }
    this.#at += counted[0].length
    return { min, max }
  }

  #atom(): PatternNode {
    const char = this.#next()
    if (char === '(') return this.#group()
    if (char === '[') return { kind: 'char', test: this.#class() }
    if (char === '.') return { kind: 'char', test: () => true } // no name of a topic has a line break
    if (char === '^') return { kind: 'place', test: (before) => before === -1 }
    if (char === '$') return { kind: 'place', test: (_before, after) => after === -1 }
    if (char === '*' || char === '+' || char === '?') throw new PatternError(`missing argument to repetition: ${char}`)
    return char === '\\' ? this.#escaped() : this.#literal(char)
  }

  #group(): PatternNode {
    const foldsCase = this.#foldsCase
    if (this.#take('?')) {
      const named = this.#take('P<') || this.#take('<')
      if (named ? !this.#name() : !this.#flags()) return { kind: 'sequence', parts: [] }
    }
    const node = this.choice()
    if (!this.#take(')')) throw new PatternError('missing closing )')
    this.#foldsCase = foldsCase
    return node
  }

  #name(): true {
    let name = ''
    while (!this.#take('>')) name += this.#next()
    if (!/^\w+$/.test(name)) throw new PatternError('invalid named capture; RE2 has no lookaround')
    return true
  }

  /** True before a group; false after flags that hold until the end of the one around them. */
  #flags(): boolean {
    let on = true
    for (;;) {
      const flag = this.#next()
      if (flag === ':') return true
      if (flag === ')') return false
      if (flag === '-' && on) on = false
      else if (flag === 'i') this.#foldsCase = on
      // s, m and U say nothing about names of one line that match as a whole.
      else if (!'smU'.includes(flag)) throw new PatternError('invalid or unsupported Perl syntax: (?')
    }
  }

  #escaped(): PatternNode {
    const char = this.#next()
    if (char === 'A') return { kind: 'place', test: (before) => before === -1 }
    if (char === 'z') return { kind: 'place', test: (_before, after) => after === -1 }
    if (char === 'b' || char === 'B') {
      const test = (before: number, after: number) => (isWord(before) !== isWord(after)) === (char === 'b')
      return { kind: 'place', test }
    }
    if (char === 'C') return { kind: 'char', test: () => true }
    const test = this.#escapedClass(char)
    return test === undefined ? this.#literal(this.#escapedChar(char)) : { kind: 'char', test }
  }

  /** `\d`, `\pL`, `\P{Greek}` and the like. */
  #escapedClass(char: string): CharTest | undefined {
    const lower = char.toLowerCase()
    const perl = perlClasses[lower]
    if (perl !== undefined) return testOf(perl, char !== lower)
    if (lower !== 'p') return undefined
    let name = this.#next()
    if (name === '{') {
      name = ''
      while (!this.#take('}')) name += this.#next()
    }
    const negated = name.startsWith('^')
    return testOf(unicodeClass(negated ? name.slice(1) : name), (char === 'P') !== negated)
  }

  #escapedChar(char: string): string {
    const control = controls[char]
    if (control !== undefined) return control
    const rest = this.#chars.slice(this.#at, this.#at + 10).join('')
    const number = char === 'x' ? /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest) : /^[0-7]{0,2}/.exec(rest)
    if (char === 'x' && number !== null) {
      this.#at += number[0].length
      const code = Number.parseInt(number[1] ?? number[2]!, 16)
      if (code <= 0x10ffff) return String.fromCodePoint(code)
    } else if (/[0-7]/.test(char) && (char === '0' || number![0] !== '')) {
      this.#at += number![0].length
      return String.fromCodePoint(Number.parseInt(char + number![0], 8))
    } else if (/[^\w]/.test(char) || char === '_') {
      return char
    }
    throw new PatternError(`invalid escape sequence: \\${char}`)
  }

  #class(): CharTest {
    const negated = this.#take('^')
    const tests: CharTest[] = []
    for (let first = true; first || !this.#take(']'); first = false) tests.push(this.#classItem())
    const fits: CharTest = (code) => tests.some((test) => test(code))
    const folded = this.#foldsCase ? (code: number) => caseVariants(code).some(fits) : fits
    return (code) => folded(code) !== negated
  }

  #classItem(): CharTest {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''))
    if (posix !== null) {
      const known = posixClasses[posix[2]!]
      if (known === undefined) throw new PatternError(`invalid character class range: ${posix[0]}`)
      this.#at += posix[0].length
      return testOf(known, posix[1] === '^')
    }
    const low = this.#classChar()
    if (typeof low === 'function') return low
    if (!this.#sees('-') || this.#chars[this.#at + 1] === ']') return (code) => code === low
    this.#at++
    const high = this.#classChar()
    if (typeof high === 'function' || high < low) throw new PatternError('invalid character class range')
    return (code) => code >= low && code <= high
  }

  #classChar(): CharTest | number {
    const char = this.#next()
    if (char !== '\\') return char.codePointAt(0)!
    const escaped = this.#next()
    return this.#escapedClass(escaped) ?? this.#escapedChar(escaped).codePointAt(0)!
  }

  #literal(char: string): PatternNode {
    const wanted = char.codePointAt(0)!
    if (!this.#foldsCase) return { kind: 'char', test: (code) => code === wanted }
    const variants = caseVariants(wanted)
    return { kind: 'char', test: (code) => variants.includes(code) }
  }

  #sees(text: string): boolean {
    return this.#chars[this.#at] === text[0] && (text.length === 1 || this.#chars[this.#at + 1] === text[1])
  }

  #take(text: string): boolean {
    const seen = this.#sees(text)
    if (seen) this.#at += text.length
    return seen
  }

  #next(): string {
    const char = this.#chars[this.#at++]
    if (char === undefined) throw new PatternError('the expression ends too early')
    return char
  }
}

function testOf(regExp: RegExp, negated: boolean): CharTest {
  return (code) => regExp.test(String.fromCodePoint(code)) !== negated
}

function unicodeClass(name: string): RegExp {
  // The name is checked before it becomes part of an expression of JavaScript's.
  for (const property of /^\w+$/.test(name) ? [name, `Script=${name}`] : []) {
    try {
      return new RegExp(`\\p{${property}}`, 'u')
    } catch {
      // not a general category, or not a script either
    }
  }
  throw new PatternError(`invalid character class range: \\p{${name}}`)
}

function caseVariants(code: number): number[] {
  const char = String.fromCodePoint(code)
  return [code, char.toLowerCase().codePointAt(0)!, char.toUpperCase().codePointAt(0)!]
}

function isWord(code: number): boolean {
  return code >= 0 && perlClasses['w']!.test(String.fromCodePoint(code))
}
