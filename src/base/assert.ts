// Assertions that stay on in production: a broken invariant stops here, not three threads later. [pure: any thread]

/** Throws when an invariant of millrace itself does not hold; never used for input from outside. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`millrace invariant broken: ${invariant}`)
}
