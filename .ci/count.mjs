// Adds up what .ci/run saw and prints its last line. Arguments: the directory of the reports, the steps that failed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [directory, ...failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0

const tests = read('tests.json')
for (const file of tests?.testResults ?? []) {
  const count = (status) => file.assertionResults.filter((test) => test.status === status).length
  passed += count('passed')
  failed += count('failed')
  skipped += file.assertionResults.length - count('passed') - count('failed')
  // A file that could not be loaded, or whose hooks failed, has no failed test of its own.
  if (file.status === 'failed' && count('failed') === 0) failed++
}
const runtimes = read('runtimes.json')
passed += runtimes?.passed ?? 0
failed += runtimes?.failed ?? 0

// A step that failed without a failed test (lint, types, a crash, the time limit) counts once.
const explained = { test: tests !== undefined && failed - (runtimes?.failed ?? 0) > 0, runtimes: runtimes?.failed > 0 }
for (const step of failedSteps) if (!explained[step]) failed++

if (failedSteps.length > 0) console.log(`failed steps: ${failedSteps.join(', ')}`)
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function read(name) {
  try {
    return JSON.parse(readFileSync(join(directory, name), 'utf8'))
  } catch {
    return undefined // the step ended before it could write: it is among the failed steps
  }
}
