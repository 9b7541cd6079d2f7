// One goal, held against what was measured. [bench]
import type { ContestResult } from './contest.ts'
import { rateOf } from './report.ts'

/** One line of the table; `issue` is the one that has to reach it. */
export interface GoalRow {
  issue: number | '-'
  what: string
  wanted: string
  measured: string
  verdict: 'pass' | 'FAIL' | 'not measured'
}

/** How fast one client is to be beside others. */
export interface Goal {
  issue: number
  /** What is measured. */
  what: string
  codec: string
  ours: string
  least: number
  /** The fastest of these is what counts. */
  rivals: string[]
  /** What they are called together. */
  among: string
}

/** A goal, held against what was measured. */
export function faster(results: ContestResult[], goal: Omit<Goal, 'among'> & { among?: string }): GoalRow {
  const { issue, codec, ours, least, rivals, among = rivals[0]! } = goal
  const times = least < 1 ? `${least * 100} % of` : `${least}x`
  const row = { issue, what: `${goal.what}, ${ours}`, wanted: `>= ${times} ${among}` }
  const own = find(results, codec, ours)
  const found = rivals.flatMap((rival) => find(results, codec, rival) ?? [])
  if (own === undefined || found.length === 0) return unmeasured(row)
  const best = found.reduce((one, other) => (rateOf(other) > rateOf(one) ? other : one))
  const ratio = rateOf(own) / rateOf(best)
  const measured = `${ratio.toFixed(2)}x${rivals.length > 1 ? ` ${best.client}` : ''}`
  return { ...row, measured, verdict: verdict(ratio >= least) }
}

/** The figures of a client, if it has any. */
export function find(consume: ContestResult[], codec: string, client: string): ContestResult | undefined {
  return consume.find((one) => one.codec === codec && one.client === client && one.runs.length > 0)
}

/** Whether a goal is met. */
export const verdict = (met: boolean): 'pass' | 'FAIL' => (met ? 'pass' : 'FAIL')

/** A goal without figures. */
export const unmeasured = (row: Pick<GoalRow, 'issue' | 'what' | 'wanted'>): GoalRow => ({
  ...row,
  measured: '',
  verdict: 'not measured',
})
