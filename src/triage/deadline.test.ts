import { describe, expect, test } from 'vitest'
import { DecisionTable } from '../model/vulnerability.ts'
import { loadDecisionTable } from '../playbooks/decision-table.ts'
import { deadlineRange } from './deadline.ts'

const table = await loadDecisionTable()

// KEV, exposed, automatable, impact: the sixteen rows of the directive's table, as CERT/CC numbers them.
const rows = [
  [false, false, false, 'partial', 'fix-on-upgrade'],
  [true, false, false, 'partial', '14-days'],
  [false, true, false, 'partial', '60-days'],
  [false, false, true, 'partial', '60-days'],
  [false, false, false, 'total', 'fix-on-upgrade'],
  [true, true, false, 'partial', '14-days'],
  [true, false, true, 'partial', '14-days'],
  [false, true, true, 'partial', '14-days'],
  [true, false, false, 'total', '14-days'],
  [false, true, false, 'total', '14-days'],
  [false, false, true, 'total', '60-days'],
  [true, true, true, 'partial', '3-days'],
  [true, true, false, 'total', '3-days-and-forensics'],
  [true, false, true, 'total', '3-days-and-forensics'],
  [false, true, true, 'total', '3-days'],
  [true, true, true, 'total', '3-days-and-forensics'],
] as const

describe('BOD 26-04', () => {
  test.each(rows)(
    'kev %s, exposed %s, automatable %s, impact %s: %s',
    (kev, exposed, automatable, impact, timeline) => {
      const range = deadlineRange(table, { kev, exposed, automatable, impact })
      expect([range.certain.id, range.earliest.id, range.unknown]).toEqual([timeline, timeline, []])
    },
  )

  test('what is not known is neither guessed nor passed over: both ends are named, and what would decide', () => {
    const nothing = deadlineRange(table, { kev: false, exposed: null, automatable: null, impact: null })
    expect([nothing.certain.days, nothing.earliest.days, nothing.unknown]).toEqual([
      null,
      3,
      ['exposed', 'automatable', 'impact'],
    ])
    const exploited = deadlineRange(table, { kev: true, exposed: null, automatable: null, impact: null })
    expect([exploited.certain.days, exploited.earliest.id]).toEqual([14, '3-days-and-forensics'])
    // Not known, but it makes no difference: so nothing is asked for.
    const same = deadlineRange(table, { kev: false, exposed: false, automatable: false, impact: null })
    expect([same.certain.id, same.unknown]).toEqual(['fix-on-upgrade', []])
  })
})

test('a table with a row missing, twice, or of no timeline is refused', () => {
  const timelines = [{ id: 'a', title: 'A', says: 'A', days: 3 }]
  const made = (change: (all: object[]) => object[]) =>
    DecisionTable.safeParse({
      decisionTable: 1,
      id: 'x',
      title: 'x',
      version: '1',
      timelines,
      rows: change(
        rows.map(([kev, exposed, automatable, impact]) => ({ kev, exposed, automatable, impact, timeline: 'a' })),
      ),
    }).success
  expect([
    made((all) => all),
    made((all) => all.slice(1)),
    made((all) => [all[1] as object, ...all.slice(1)]),
    made((all) => [{ ...all[0], timeline: 'b' }, ...all.slice(1)]),
  ]).toEqual([true, false, false, false])
})
