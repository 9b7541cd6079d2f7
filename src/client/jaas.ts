// The line of `sasl.jaas.config`: Java's way to write a user name and a password. [main thread]
import { InvalidOption } from '../base/errors.ts'

/** Reads `…PlainLoginModule required username="u" password="p";`. Throws `InvalidOption`, never showing the line. */
export function parseJaas(line: string): { module: string; options: Record<string, string> } {
  const head = /^\s*([\w.$]+)\s+(?:required|requisite|sufficient|optional)\b/i.exec(line)
  if (head === null) refuse('does not start with a login module and its flag')
  const options: Record<string, string> = {}
  const pair = /\s*(?:([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))|(;))/y
  pair.lastIndex = head[0].length
  for (;;) {
    const match = pair.exec(line)
    if (match === null) refuse('is not a list of name="value" that ends in a semicolon')
    if (match[5] !== undefined) break
    const quoted = match[2] ?? match[3]
    options[match[1]!] = quoted === undefined ? match[4]! : quoted.replace(/\\(.)/g, '$1')
  }
  return { module: head[1]!.split('.').at(-1)!, options }
}

function refuse(problem: string): never {
  throw new InvalidOption('INVALID_OPTION', `sasl.jaas.config ${problem}.`)
}
