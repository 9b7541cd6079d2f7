// Other versions of Node, from the npm package `node`. [a process of its own]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../node_modules/.cache/millrace', import.meta.url))

/** The path of the Node of that exact version; brought by npm on first use and kept in the cache of this checkout. */
export function nodeBinary(version: string): string {
  const home = join(cache, `node-${version}`)
  const binary = join(home, 'node_modules/node/bin/node')
  if (existsSync(binary)) return binary
  mkdirSync(cache, { recursive: true })
  const incoming = mkdtempSync(join(cache, 'incoming-'))
  try {
    const allowScripts = { [`node@${version}`]: true } // its script installs the binary of this platform
    writeFileSync(join(incoming, 'package.json'), JSON.stringify({ private: true, allowScripts }))
    const args = ['install', '--no-audit', '--no-fund', `node@${version}`]
    const result = spawnSync('npm', args, { cwd: incoming, encoding: 'utf8', timeout: 180_000 })
    if (result.status !== 0) throw new Error(`npm could not bring Node ${version}: ${result.error ?? result.stderr}`)
    if (!existsSync(home)) renameSync(incoming, home)
    return binary
  } finally {
    rmSync(incoming, { recursive: true, force: true })
  }
}
