import { rungTitles } from '../model/question.ts'
import type { Xray, XrayStory } from '../model/xray.ts'
import { wilson } from './wilson.ts'
import { askedAgain, count, day, duration, headline, percent } from './xray-words.ts'

/** Below this many a share or a median says little; its interval is read instead. */
const fewBelow = 30
/** What fits on one page beside the charts. */
const rulesShown = 6
const repeatedShown = 6
/** Bars of weeks that can still be told apart on paper. */
const weeksShown = 52

const few = (n: number): boolean => n < fewBelow

/** The page to send to a manager: what it says, in words and numbers, before anybody draws it. Pure. */
export function xrayStory(xray: Xray): XrayStory {
  const weeks = xray.weeks.slice(-weeksShown)
  const left = xray.weeks.length - weeks.length
  return {
    title: `X-ray of a managed security relationship, ${day(xray.from)} to ${day(xray.to)}`,
    headline: headline(xray),
    figures: figuresOf(xray),
    weeks,
    weeksSay: `${count(xray.alerts, 'alert')} by week of arrival${left > 0 ? ` (the newest ${weeksShown} of ${xray.weeks.length} weeks)` : ''}; ${percent(xray.offHoursShare)} came outside business hours${intervalOf(
      xray.offHoursShare,
      xray.weeks.reduce((sum, week) => sum + week.alerts, 0),
    )}.`,
    rungs: xray.evidence.rungs.map(({ rung, alerts, share }) => ({
      title: rungTitles[rung],
      share,
      says: `${percent(share)} (${alerts})`,
    })),
    rungsSay: `Of ${count(xray.alerts, 'alert')}, how many arrived with each kind of evidence. What is missing is looked up by your people.`,
    rules: xray.waiting.slice(0, rulesShown).map(({ rule, minutes, n }) => ({
      rule,
      minutes,
      says: `${duration(minutes)}, ${count(n, 'alert')}`,
    })),
    rulesSay:
      xray.waiting.length === 0
        ? 'No alert with a rule was answered in this folder, so nothing can be said of minutes.'
        : 'The time that one side waited for the other in the threads of a rule, added up: elapsed, nights included, not hours of work.',
    repeated: xray.repeated.slice(0, repeatedShown).map(({ rule, entity, times }) => ({ rule, entity, times })),
    limits: limitsOf(xray),
  }
}

function figuresOf(xray: Xray): XrayStory['figures'] {
  const { alerts, waits, intervals, evidence } = xray
  const again = askedAgain(xray)
  const weeks = Math.max(1, xray.weeks.length)
  return [
    {
      name: 'Alerts',
      value: alerts.toLocaleString('en'),
      means: `Mails of a provider that opened a case; updates and copies of them are not counted again. ${(alerts / weeks).toFixed(1)} a week.`,
      basis: `counted from ${count(xray.messages.in, 'message')}`,
      few: false,
    },
    {
      name: 'Asked again',
      value: alerts === 0 ? '–' : percent(again / alerts),
      means:
        'Alerts of a rule about a host, account or address for which the same rule had come before, of all alerts.',
      basis: `${again} of ${alerts}${intervalOf(alerts === 0 ? null : again / alerts, alerts)}`,
      few: few(alerts),
    },
    {
      name: 'Delivered fidelity',
      value: percent(evidence.fidelity),
      means: 'Rungs of the evidence ladder that the first mail of an alert came with, of all six, on average.',
      basis: `n = ${alerts}${range(intervals.fidelity, percent)}`,
      few: few(alerts),
    },
    {
      name: 'We wait for them',
      value: duration(waits.them.medianMinutes),
      means: 'From our first unanswered mail in a thread to their answer; the median of the threads.',
      basis:
        waits.them.n === 0
          ? 'n = 0: no such answer in this folder'
          : `n = ${waits.them.n}${range(intervals.them, duration)}`,
      few: few(waits.them.n),
    },
    {
      name: 'They wait for us',
      value: duration(waits.us.medianMinutes),
      means: 'From their first unanswered mail in a thread to our answer; the median of the threads.',
      basis:
        waits.us.n === 0 ? 'n = 0: no such answer in this folder' : `n = ${waits.us.n}${range(intervals.us, duration)}`,
      few: few(waits.us.n),
    },
  ]
}

function range(interval: { from: number; to: number } | null, words: (value: number) => string): string {
  return interval === null ? ', too few for an interval' : `, 95 %: ${words(interval.from)} to ${words(interval.to)}`
}

function intervalOf(share: number | null, n: number): string {
  if (share === null) return ''
  const interval = wilson(Math.round(share * n), n)
  return interval === null ? '' : ` (95 %: ${percent(interval.from)} to ${percent(interval.to)}, n = ${n})`
}

function limitsOf(xray: Xray): string[] {
  const { messages, waits } = xray
  return [
    `Read from mails alone: what was said by phone or in a portal is not in it. ${messages.unread} of ${messages.in} messages could not be read and are not counted as alerts.`,
    ...(few(xray.alerts) || few(waits.us.n) || few(waits.them.n)
      ? [`Figures marked "few" rest on fewer than ${fewBelow}: read their interval, not the number.`]
      : []),
    'Intervals: Wilson for shares, order statistics for medians, the spread between alerts for the fidelity. They say how far chance reaches, not whether this folder is typical.',
    'Waiting is elapsed time between mails; it is no working time, and no cost.',
  ]
}
