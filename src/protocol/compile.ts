// Compiles a message table, for one version at a time and on first use, into straight-line code. [pure: any thread]
// Each struct becomes one function; a decoder ends in one literal with every key in table order, so that its objects
// have the same hidden class in every version. Where `new Function` is refused, the interpreter takes over.

import { UnsupportedVersion } from '../base/errors.ts'
import type { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { isDefault, readByPlan, refuseAbsent, writeByPlan } from './interpret.ts'
import { type Plan, type PlanField, type PlanType, planOf } from './plan.ts'
import type { Decoded, Encodable, Message, Shape } from './schema.ts'

/** Reads and writes one message in one version. */
export interface Codec<Out, In> {
  decode(reader: Reader): Out
  encode(writer: Writer, value: In): void
}

type AnyCodec = Codec<unknown, unknown>

const compiled = new Map<Message, AnyCodec[]>()

/** The codec of a version: compiled on first use, then kept. */
export function codecOf<S extends Shape>(message: Message<S>, version: number): Codec<Decoded<S>, Encodable<S>> {
  let versions = compiled.get(message)
  if (versions === undefined) compiled.set(message, (versions = []))
  const codec = (versions[version] ??= build(message, version))
  return codec as Codec<Decoded<S>, Encodable<S>>
}

function build(message: Message, version: number): AnyCodec {
  const [first, last] = message.versions
  if (!(version >= first && version <= last)) {
    const known = `known are ${first} to ${last}`
    throw new UnsupportedVersion('UNSUPPORTED_VERSION', `${message.name} v${version} is not known; ${known}`)
  }
  const plan = planOf(message, version)
  return codeGenerationAllowed() ? compileCodec(plan) : interpretedCodec(plan)
}

let allowed: boolean | undefined

function codeGenerationAllowed(): boolean {
  if (allowed === undefined) {
    try {
      allowed = new Function('return true')() as boolean
    } catch {
      allowed = false // --disallow-code-generation-from-strings, or a policy of the host
    }
  }
  return allowed
}

/** The codec that walks the plan. */
export function interpretedCodec(plan: Plan): AnyCodec {
  return {
    decode: (reader) => readByPlan(plan, reader),
    encode: (writer, value) => writeByPlan(plan, writer, value),
  }
}

/** The codec that runs generated code; throws where code generation is refused. */
export function compileCodec(plan: Plan): AnyCodec {
  const source = new Source()
  const decoder = source.decoder(plan)
  const encoder = source.encoder(plan)
  const sourceUrl = `//# sourceURL=millrace/${plan.label.replace(' ', '-')}.js`
  const text = `'use strict'\n${source.text}\nreturn { decode: ${decoder}, encode: ${encoder} }\n${sourceUrl}`
  const make = new Function('F', 'P', 'isDefault', 'refuseAbsent', 'EMPTY', text)
  const fast = make(source.fields, source.plans, isDefault, refuseAbsent, new Uint8Array(0)) as AnyCodec
  return {
    // The fast code does not keep track of where it is. When it fails, the interpreter fails at the same byte or value
    // and names the field; should it not fail, the first error is as good as known.
    decode(reader) {
      const start = reader.at
      try {
        return fast.decode(reader)
      } catch (error) {
        reader.at = start
        readByPlan(plan, reader)
        throw error
      }
    },
    encode(writer, value) {
      const start = writer.at
      try {
        fast.encode(writer, value)
      } catch (error) {
        writer.at = start
        writeByPlan(plan, writer, value)
        throw error
      }
    },
  }
}

/** The text being generated, and the values that it refers to by index: F fields, P plans. */
class Source {
  text = ''
  readonly fields: PlanField[] = []
  readonly plans: Plan[] = []
  #names = 0

  /** Emits the decoder of a struct and gives its name. */
  decoder(plan: Plan): string {
    const lines: string[] = []
    plan.fields.forEach((field, index) => {
      if (field.presence === 'inline') lines.push(...this.#read(field.type, `v${index}`, 'let '))
      if (field.presence === 'tagged') lines.push(`let v${index} = ${this.#default(field)}`)
    })
    if (plan.flexible) lines.push(...this.#readTags(plan))
    const entries = plan.fields.map((field, index) => {
      return `${field.name}: ${field.presence === 'absent' ? this.#default(field) : `v${index}`}`
    })
    lines.push(`return { ${entries.join(', ')} }`)
    return this.#function('read', 'r', lines)
  }

  #readTags(plan: Plan): string[] {
    const cases = plan.tagged.map((field) => {
      const read = this.#read(field.type, `v${plan.fields.indexOf(field)}`, '')
      return `case ${field.tag}: { ${read.join('; ')}; break }`
    })
    return [
      'for (let n = r.tagCount(); n > 0; n--) {',
      'const tag = r.uvarint(), size = r.uvarint(), end = r.at + size',
      `switch (tag) { ${cases.join('\n')} default: r.skip(size) }`,
      `if (r.at !== end) r.fail('the size of a tagged field is wrong')`,
      '}',
    ]
  }

  /** Statements that put a value of that type into `target`; `declare` is 'let ' or nothing. */
  #read(type: PlanType, target: string, declare: string): string[] {
    if (type.kind === 'struct') {
      const call = `${this.decoder(type.plan)}(r)`
      return [`${declare}${target} = ${type.nullable ? `r.int8() < 0 ? null : ${call}` : call}`]
    }
    if (type.kind !== 'array') return [`${declare}${target} = r.${type.method}()`]
    const [count, index, item] = [`n${target}`, `i${target}`, `e${target}`]
    return [
      `const ${count} = r.${type.method}(${type.of.bytesMin})`,
      `${declare}${target} = ${count} < 0 ? null : []`,
      `for (let ${index} = 0; ${index} < ${count}; ${index}++) {`,
      ...this.#read(type.of, item, 'const '),
      `${target}.push(${item})`,
      '}',
    ]
  }

  /** Emits the encoder of a struct and gives its name. */
  encoder(plan: Plan): string {
    const lines = [`if (typeof o !== 'object' || o === null) w.fail(o + ' given where an object belongs')`]
    plan.fields.forEach((field, index) => {
      if (field.presence === 'absent') {
        if (field.ignorable) return
        const [slot, owner] = [this.fields.push(field) - 1, this.#planSlot(plan)]
        const given = `o.${field.name}`
        lines.push(
          `if (${given} !== undefined && !isDefault(F[${slot}], ${given})) refuseAbsent(P[${owner}], F[${slot}])`,
        )
      } else if (field.presence === 'inline') {
        lines.push(
          `let v${index} = o.${field.name}`,
          `if (v${index} === undefined) v${index} = ${this.#default(field)}`,
        )
        lines.push(...this.#write(field.type, `v${index}`))
      }
    })
    if (plan.flexible) lines.push(...this.#writeTags(plan))
    return this.#function('write', 'w, o', lines)
  }

  #planSlot(plan: Plan): number {
    const slot = this.plans.indexOf(plan)
    return slot < 0 ? this.plans.push(plan) - 1 : slot
  }

  #writeTags(plan: Plan): string[] {
    if (plan.tagged.length === 0) return ['w.uvarint(0)']
    const set = plan.tagged.map((field) => `t${field.tag}`)
    const lines = plan.tagged.map((field) => {
      return `const t${field.tag} = isDefault(F[${this.fields.push(field) - 1}], o.${field.name}) ? 0 : 1`
    })
    lines.push(`w.uvarint(${set.join(' + ')})`)
    for (const field of plan.tagged) {
      const value = `g${field.tag}`
      lines.push(`if (t${field.tag} === 1) {`, `w.uvarint(${field.tag})`, `const s = w.at, ${value} = o.${field.name}`)
      lines.push(...this.#write(field.type, value), 'w.sizeBefore(s)', '}')
    }
    return lines
  }

  /** Statements that write the value in the variable `source`. */
  #write(type: PlanType, source: string): string[] {
    if (type.kind === 'struct') {
      const call = `${this.encoder(type.plan)}(w, ${source})`
      return [type.nullable ? `if (${source} === null) w.int8(-1); else { w.int8(1); ${call} }` : call]
    }
    const count = `w.${type.method}(${source})`
    if (type.kind !== 'array') return [count]
    const [index, item] = [`i${source}`, `e${source}`]
    return [
      count,
      `for (let ${index} = 0; ${source} !== null && ${index} < ${source}.length; ${index}++) {`,
      `const ${item} = ${source}[${index}]`,
      ...this.#write(type.of, item),
      '}',
    ]
  }

  /** The default of a field as an expression: a new array or literal wherever the value could be changed. */
  #default(field: PlanField): string {
    const value = field.default
    if (value === null) return 'null'
    if (field.type.kind === 'array') return '[]'
    if (field.type.kind === 'struct') {
      const entries = field.type.plan.fields.map((inner) => `${inner.name}: ${this.#default(inner)}`)
      return `{ ${entries.join(', ')} }`
    }
    if (value instanceof Uint8Array) return 'EMPTY'
    return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
  }

  #function(verb: string, parameters: string, lines: string[]): string {
    const name = `${verb}${this.#names++}`
    this.text += `function ${name}(${parameters}) {\n${lines.join('\n')}\n}\n`
    return name
  }
}
