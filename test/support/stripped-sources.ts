// Sources without their types, for the threads of tests. [the vitest process]
//
// Threads run from sources, which Node strips of types by WebAssembly, in each thread anew. When such a thread ends, V8
// aborts the process now and then ("Check failed: jit_page…", nodejs/node#64500). So it is done once, here.
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** vitest's globalSetup; `load-stripped.mjs` finds the directory by the environment. */
export default function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-stripped-'))
  const root = join(import.meta.dirname, '../..')
  for (const file of globSync(['src/**/*.ts', 'test/**/*.ts'], { cwd: root, exclude: ['**/*.test.ts'] })) {
    const stripped = join(directory, file)
    mkdirSync(dirname(stripped), { recursive: true })
    writeFileSync(stripped, stripTypeScriptTypes(readFileSync(join(root, file), 'utf8')))
  }
  process.env['MILLRACE_STRIPPED'] = directory
  return () => rmSync(directory, { recursive: true, force: true })
}
