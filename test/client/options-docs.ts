// Writes docs/options.md out of the option table; the text of each option is the comment above its row.
import { readFileSync } from 'node:fs'
import { defaultWords } from '../../src/client/option-row.ts'
import { type Option, type OptionScope, optionTable } from '../../src/client/option-table.ts'
import { profiles } from '../../src/client/profiles.ts'

/** The page as it should be. */
export function optionsPage(): string {
  const texts = optionTexts()
  const options = [...optionTable.values()]
  const table = (scopes: OptionScope[]) =>
    aligned([
      ['option', 'type', 'default', 'range', 'Java name', 'meaning'],
      ...options.filter(({ scope }) => scopes.includes(scope)).map((option) => row(option, texts.get(option.name)!)),
    ])
  return `# Options

<!-- Made from the option table in src/client/options-*.ts. Change it there, then run
UPDATE_DOCS=1 npx vitest run test/client/options-docs -->

Every option has one name in four spellings: \`fetchMaxBytes\` in code, \`fetch.max.bytes\` in Java's
\`client.properties\` and after \`-X\` on the command line, \`MILLRACE_FETCH_MAX_BYTES\` in the environment. Where
Kafka's own name is another one, the table gives it, and it is accepted everywhere too. "-" under Java name: Kafka has
no such option; its name with dots works all the same.

Numbers of bytes and milliseconds are plain numbers in code; as text they may have a unit: \`64MiB\`, \`5s\`, \`10m\`.

A value is looked for in this order: argument (in code, or \`-X\`), \`MILLRACE_\` variable, file, variable that
programs share (\`KAFKA_BROKERS\`, \`KAFKA_BOOTSTRAP_SERVERS\`), profile, default. \`millrace doctor\` prints each
value and where it came from. \`new Kafka\` reads no environment; \`Kafka.fromEnv()\`, \`Kafka.fromProperties(file)\`
and the command line do. What they find for consumers, producers, iterations and runs is checked at once, too, and
is the default of all that the instance makes. Credentials apart, an option whose type is an object or a function can
only be set in code.

Two variables set several options at once: \`MILLRACE_URL=kafka://user:password@host:port,host:port?option=value\`
(\`kafkas://\` for TLS) and \`MILLRACE_API_KEY=key:secret\` (SASL PLAIN over TLS).

An unknown option is an error that says what was probably meant. A default gives way to what you set:
\`maxResponseBytes\` rises to \`fetchMaxBytes\` + 1 MiB, \`retryBackoffMaxMs\` to \`retryBackoffMs\`, and so on; two
settings that contradict each other are an error.

## \`new Kafka({ … })\`

${table(['kafka'])}

## Reading

For \`new Kafka\`, as defaults for all readers, and for each \`kafka.iterate(topics, { … })\`.

${table(['fetch'])}

Only for \`kafka.iterate(topics, { … })\`:

${table(['iterate', 'call', 'reader'])}

## Consuming

For each \`kafka.consumer({ … })\`, beside those for reading and the deserializers \`key\` and \`value\`.

${table(['group'])}

## Running handlers

For \`consumer.run({ … })\`, beside \`signal\`.

${table(['run'])}

## Producing

For each \`kafka.producer({ … })\`, beside the serializers \`key\` and \`value\`, \`onDelivery\` and \`interceptors\`;
\`kafka.transaction(fn, { … })\` takes the same, and \`onAbort\`.

${table(['producer'])}

## Profiles

\`new Kafka({ profile: 'throughput' })\` changes defaults; what is set explicitly wins.

${profileTable()}
`
}

/** A Markdown table with its columns under each other, as the formatter wants it. */
function aligned(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n')
}

function row(option: Option, text: string): string[] {
  const aliases = option.aliases === undefined ? '' : ` Alias: ${option.aliases.map(code).join(', ')}.`
  const fallback = option.default === undefined && option.defaultText === undefined ? '-' : code(defaultWords(option))
  return [
    code(option.name),
    option.values === undefined ? option.type.replaceAll('|', '\\|') : option.values.map(code).join(', '),
    fallback,
    range(option),
    option.javaName === undefined ? '-' : code(option.javaName),
    `${text}${aliases}`,
  ]
}

function range({ min, max, unlimited }: Option): string {
  if (min === undefined || max === undefined) return ''
  return `${min} to ${max}${unlimited === true ? ', `Infinity`' : ''}`
}

function profileTable(): string {
  const names = Object.keys(profiles) as (keyof typeof profiles)[]
  const options = [...new Set(names.flatMap((name) => Object.keys(profiles[name])))]
  const value = (name: keyof typeof profiles, option: string) =>
    String((profiles[name] as Record<string, number>)[option] ?? '-')
  return aligned([
    ['option', 'default', ...names.map(code)],
    ...options.map((option) => [
      code(option),
      defaultWords(optionTable.get(option)!),
      ...names.map((name) => value(name, option)),
    ]),
  ])
}

/** The comments above the rows, by option. */
function optionTexts(): Map<string, string> {
  const texts = new Map<string, string>()
  for (const name of ['connection', 'fetch', 'group', 'run', 'producer']) {
    const source = readFileSync(new URL(`../../src/client/options-${name}.ts`, import.meta.url), 'utf8')
    for (const [, comment, option] of source.matchAll(/\n {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}(\w+): \w+/g)) {
      texts.set(option!, comment!.replace(/\s*\n\s*\*? ?/g, ' ').trim())
    }
  }
  return texts
}

const code = (text: string) => `\`${text}\``
