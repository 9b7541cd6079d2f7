// Has Node load what stripped-sources.ts made, where that is newer than the source. [every thread of a test process]
import { readFileSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const directory = process.env.MILLRACE_STRIPPED
const root = new URL('../../', import.meta.url).href

function strippedOf(url) {
  if (directory === undefined || !url.startsWith(root) || !url.endsWith('.ts')) return undefined
  const file = join(directory, url.slice(root.length))
  const made = statSync(file, { throwIfNoEntry: false })
  if (made === undefined || made.mtimeMs < statSync(fileURLToPath(url)).mtimeMs) return undefined
  return readFileSync(file)
}

registerHooks({
  load(url, context, next) {
    const source = strippedOf(url)
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true }
  },
})
