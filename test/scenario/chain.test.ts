// Records through three levels of groups whose members join, leave and die: franz-go's chain test, in virtual time.
// The long form is test/long/chain.ts. [test process]
import { describe, expect, test } from 'vitest'
import { simulatedGround } from './chain-ground.ts'
import { chainGroups, judgeChain, runChain } from './chain-run.ts'

/** Another seed is as good: a failure names the one it had. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const RECORDS = 20_000
const PARTITIONS = 4

const chain = async (name: string, transactional: boolean) => {
  const consumer = chainGroups[name]!
  const ground = simulatedGround(SEED)
  const result = await runChain({ ground, records: RECORDS, partitions: PARTITIONS, consumer, transactional })
  // A transaction of a generation that has ended is aborted, and its records come again.
  const fenced = (error: unknown) => transactional && (error as { code?: string }).code === 'ILLEGAL_GENERATION'
  expect(result.errors.filter((error) => !fenced(error))).toEqual([])
  expect(result.disturbances).toBeGreaterThan(10)
  return judgeChain(result, RECORDS / PARTITIONS, transactional)
}

describe(`${RECORDS} records, short form, seed ${SEED}`, () => {
  test.each(Object.keys(chainGroups))(
    '%s: nothing is lost or out of order, and no commit passes what was copied',
    async (name) => {
      expect(await chain(name, false)).toEqual([])
    },
  )

  test.each(['cooperative-sticky', 'KIP-848'])('%s, in transactions: each record comes exactly once', async (name) => {
    expect(await chain(name, true)).toEqual([])
  })
})

describe('the judge of chains', () => {
  const judge = (values: number[], transactional = false) =>
    judgeChain({ values: [values], overreach: [], disturbances: 0, errors: [] }, 4, transactional)

  test('takes what starts again at an earlier place, and what came once', () => {
    expect(judge([0, 1, 2, 1, 2, 3])).toEqual([])
    expect(judge([0, 1, 2, 3], true)).toEqual([])
  })

  test.each([
    ['a gap', [0, 1, 3], false],
    ['an end that is missing', [0, 1, 2], false],
    ['a wrong order', [0, 2, 1, 3], false],
    ['a repetition in transactions', [0, 1, 1, 2, 3], true],
  ])('sees %s', (_, values, transactional) => {
    expect(judge(values, transactional)).not.toEqual([])
  })
})
