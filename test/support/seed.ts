// Where a test's randomness begins. [test processes]

const unasked = process.env['CI'] === 'true' ? 20_261_121 : Date.now() % 0x7fffffff

/**
 * `MILLRACE_SEED`; without it another one in each run. CI plays the same one every time: what luck finds is for whoever
 * runs tests to look at, not for a change that has nothing to do with it.
 */
export const seed = Number(process.env['MILLRACE_SEED'] ?? unasked)

console.info(`MILLRACE_SEED=${seed}`)
