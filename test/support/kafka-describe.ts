// Suites that need Java: skipped by name where it is missing, and failing there when CI=true. [test processes]
import { describe, test } from 'vitest'
import { unavailable } from './kafka-jars.ts'

/** A suite that runs Java programs on Kafka's jars (`runJava`), but needs no broker. */
export function javaDescribe(name: string, body: () => void): void {
  const why = unavailable()
  if (why === undefined) {
    describe(name, body)
  } else if (process.env['CI'] === 'true') {
    test(`${name} [needs Java and Maven]`, () => {
      throw new Error(`CI=true, and this suite could not run: ${why}`)
    })
  } else {
    describe.skip(`${name} [${why}]`, body)
  }
}
