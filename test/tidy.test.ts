// The style that a machine can hold: floors, cycles, sizes, names, and what must not be committed. [test process]
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

/** Imports go down, never up and never sideways: a folder may import itself and any floor above it in this list. */
const floors = [
  ['base'],
  ['bytes', 'ring'],
  ['control'],
  ['protocol', 'record'],
  ['group', 'delivery'],
  ['engine'],
  ['io', 'worker', 'client', 'broker'],
  ['wiring'],
  ['index.ts'],
  ['cli'],
]

/** Imports that go down and are still not wanted: a decode thread must not load the protocol tables. */
const keptApart = [['worker', 'protocol']]

/** What something outside imports or starts; everything else must be reached from here. */
const entryPoints = [
  'src/index.ts',
  'src/broker/index.ts',
  'src/cli/main.ts',
  /^src\/\w+\/([\w-]+-)?thread\.ts$/, // started by URL
  'src/wiring/simulated.ts', // the third wiring, for tests only
]

const fileLinesMax = 500
const functionLinesMax = 70
const lineLengthMax = 120
const bannedNames = ['util', 'utils', 'common', 'types', 'helper', 'helpers', 'misc', 'index']
const barrels = ['src/index.ts', 'src/broker/index.ts']

const root = fileURLToPath(new URL('..', import.meta.url))
const files = projectFiles()
const sources = files.filter((file) => /^(src|test|bench)\/.*\.ts$/.test(file)).map(parse)
const modules = sources.filter(({ path }) => path.startsWith('src/'))

describe('the tree is tidy', () => {
  test('imports go down: never up, never sideways, never between threads', () => {
    report(modules.flatMap(floorViolations))
  })

  test('no import cycles, type imports included', () => {
    report(cycles().map((cycle) => cycle.join('\n    -> ')))
  })

  test('every source file is reached from an entry point', () => {
    report(deadFiles())
  })

  test('threads and shared memory are touched only where they belong', () => {
    report(modules.flatMap(seamViolations))
  })

  test('roles read no clock and roll no dice of their own', () => {
    const roles = modules.filter(({ path }) => /^src\/(io|broker|worker)\//.test(path) && !path.endsWith('thread.ts'))
    const banned = ['setTimeout', 'setInterval', 'Date.now', 'Math.random', 'performance.now']
    report(roles.flatMap((file) => file.uses.filter(({ name }) => banned.includes(name)).map(at(file))))
  })

  test('files, functions and lines fit the eye', () => {
    const code = files.filter((file) => /\.(ts|mjs|java)$/.test(file) && !file.startsWith('test/fixtures/'))
    report([...code.flatMap(sizeViolations), ...modules.flatMap(longFunctions)])
  })

  test('files are named for one noun, in kebab-case', () => {
    report(sources.flatMap(({ path }) => nameViolations(path)))
  })

  test('every file begins with a comment that says what it is, and in src on which thread', () => {
    report(sources.flatMap(headViolations))
  })

  test('nothing of a machine is committed: paths, registries, resolved hosts', () => {
    report(files.flatMap(machineTraces))
  })
})

interface Use {
  name: string
  line: number
}

interface Source {
  path: string
  text: string
  imports: { specifier: string; line: number; target: string | undefined }[]
  uses: Use[]
  functions: { name: string; line: number; lines: number }[]
}

function report(violations: string[]): void {
  expect(violations.length, `\n  ${violations.sort().join('\n  ')}\n`).toBe(0)
}

function at(file: Source) {
  return ({ name, line }: Use) => `${file.path}:${line} uses ${name}`
}

function floorOf(path: string): number {
  return floors.findIndex((floor) => floor.includes(unit(path)))
}

function unit(path: string): string {
  return path.split('/')[1] ?? ''
}

function floorViolations({ path, imports }: Source): string[] {
  const own = floorOf(path)
  if (own < 0) return [`${path} is on no floor: add its folder to the floors, or move it`]
  return imports.flatMap(({ target, line }) => {
    if (target === undefined || !target.startsWith('src/') || unit(target) === unit(path)) return []
    const other = floorOf(target)
    const apart = keptApart.some(([from, to]) => from === unit(path) && to === unit(target))
    if (other < own && !apart) return []
    const way = apart ? 'must not import' : other > own ? 'imports up' : 'imports sideways'
    return [`${path}:${line} ${way}: ${target}`]
  })
}

/** The strongly connected sets of more than one file, each as one shortest cycle through its first file. */
function cycles(): string[][] {
  const next = new Map(modules.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]))
  const found: string[][] = []
  const settled = new Set<string>()
  for (const start of [...next.keys()].sort()) {
    if (settled.has(start)) continue
    const cycle = pathBack(start, next)
    if (cycle === undefined) continue
    found.push(cycle)
    for (const file of cycle) settled.add(file)
  }
  return found
}

function pathBack(start: string, next: Map<string, string[]>): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const file of queue) {
    for (const target of next.get(file) ?? []) {
      if (target === start) {
        const cycle = [start]
        for (let at = file; at !== start; at = cameFrom.get(at)!) cycle.unshift(at)
        return [start, ...cycle]
      }
      if (cameFrom.has(target)) continue
      cameFrom.set(target, file)
      queue.push(target)
    }
  }
  return undefined
}

function deadFiles(): string[] {
  const byPath = new Map(sources.map((file) => [file.path, file]))
  const isEntry = (path: string) =>
    entryPoints.some((entry) => (typeof entry === 'string' ? entry === path : entry.test(path)))
  const reach = (paths: string[]) => {
    const reached = new Set(paths)
    for (const path of reached)
      for (const { target } of byPath.get(path)?.imports ?? []) if (target) reached.add(target)
    return reached
  }
  const alive = reach(modules.map(({ path }) => path).filter(isEntry))
  const dead = modules
    .filter(({ path }) => !alive.has(path))
    .map(({ path }) => `${path} is imported by nothing that runs`)
  const tests = sources.map(({ path }) => path).filter((path) => path.startsWith('test/'))
  const runners = tests.filter((path) =>
    /\.test\.ts$|^test\/(long|runtimes)\/|(shared-kafka|stripped-sources)\.ts$/.test(path),
  )
  const used = reach([...runners, ...sources.map(({ path }) => path).filter((path) => path.startsWith('bench/'))])
  const support = tests.filter((path) => path.startsWith('test/support/') && !used.has(path))
  return [...dead, ...support.map((path) => `${path} is used by no test`)]
}

function seamViolations(file: Source): string[] {
  const { path, imports, uses } = file
  const imported = (name: RegExp) => imports.filter(({ specifier }) => name.test(specifier))
  const tell =
    (where: string) =>
    ({ specifier, line }: { specifier: string; line: number }) =>
      `${path}:${line} imports ${specifier}, which belongs to ${where}`
  const violations: string[] = []
  if (!/^src\/(wiring|control)\/|thread\.ts$/.test(path)) {
    violations.push(...imported(/worker_threads$/).map(tell('wiring/, control/ and thread.ts')))
  }
  if (!path.startsWith('src/wiring/')) violations.push(...imported(/^piscina/).map(tell('wiring/')))
  if (!path.startsWith('src/ring/')) {
    const atomics = uses.filter(({ name }) => name === 'Atomics' || name.startsWith('Atomics.'))
    violations.push(...atomics.map(({ line }) => `${path}:${line} uses Atomics, which belong to ring/`))
  }
  return violations
}

function sizeViolations(path: string): string[] {
  const lines = read(path).replace(/\n$/, '').split('\n')
  const long = lines.flatMap((line, i) =>
    line.length > lineLengthMax ? [`${path}:${i + 1} has ${line.length} characters (at most ${lineLengthMax})`] : [],
  )
  return lines.length > fileLinesMax ? [`${path} has ${lines.length} lines (at most ${fileLinesMax})`, ...long] : long
}

function longFunctions({ path, functions }: Source): string[] {
  return functions
    .filter(({ lines }) => lines > functionLinesMax)
    .map(({ name, line, lines }) => `${path}:${line} ${name} has ${lines} lines (at most ${functionLinesMax})`)
}

function nameViolations(path: string): string[] {
  const name = basename(path).replace(/(\.test)?\.ts$/, '')
  if (bannedNames.includes(name) && !barrels.includes(path))
    return [`${path}: "${name}" says nothing about what is in it`]
  return /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name) ? [] : [`${path} is not in kebab-case`]
}

function headViolations({ path, text }: Source): string[] {
  const head = text.replace(/^#!.*\n/, '')
  const comment = /^(?:\/\/.*\n)+|^\/\*[\s\S]*?\*\//.exec(head)?.[0]
  if (comment === undefined) return [`${path} does not begin with a comment`]
  if (path.startsWith('src/') && !/\[[^\]]+\]/.test(comment)) return [`${path}: its first comment names no [thread]`]
  return []
}

function machineTraces(path: string): string[] {
  const patterns: [RegExp, string][] = [
    [/(?<![\w.$}])\/(root|home\/\w+|Users\/\w+|work\/(main|shared))\//, 'a path of one machine'],
    [/"resolved":\s*"(?!file:)|registry\s*=\s*https?:/, 'the address of a package registry'],
  ]
  if (path === 'test/tidy.test.ts' || statSync(join(root, path)).size > 4_000_000) return []
  const lines = read(path).split('\n')
  return lines.flatMap((line, i) =>
    patterns.flatMap(([pattern, what]) => (pattern.test(line) ? [`${path}:${i + 1} holds ${what}`] : [])),
  )
}

function projectFiles(): string[] {
  // With new files that are not committed yet, without what .gitignore names.
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  return [...new Set(list.toString().split('\0'))].filter((path) => path !== '' && exists(path)).sort()
}

function exists(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function parse(path: string): Source {
  const text = read(path)
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1
  const file: Source = { path, text, imports: [], uses: [], functions: [] }
  const addImport = (node: ts.Node | undefined) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return
    const target = node.text.startsWith('.') ? posix.join(dirname(path), node.text) : undefined
    file.imports.push({ specifier: node.text, line: lineOf(node.pos), target })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) addImport(node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) addImport(node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      addImport(node.arguments[0])
    else if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      file.uses.push({ name: `${node.expression.text}.${node.name.text}`, line: lineOf(node.getStart()) })
    } else if (ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node.parent) && !ts.isTypeNode(node.parent)) {
      file.uses.push({ name: node.text, line: lineOf(node.getStart()) })
    }
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const begin = lineOf(node.getStart())
      const name = node.name?.getText() ?? 'a function'
      file.functions.push({ name, line: begin, lines: lineOf(node.end) - begin + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return file
}
