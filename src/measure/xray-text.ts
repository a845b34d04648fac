import { rungTitles } from '../model/question.ts'
import type { Xray } from '../model/xray.ts'
import { count, duration, headline, percent } from './xray-words.ts'

/** Rows of each list on the terminal; the rest is in --json and --html. */
const rowsShown = 12
const nameWidth = 58

function cut(text: string, width: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain.padEnd(width)
}

function bar(share: number): string {
  const cells = Math.round(share * 20)
  return '█'.repeat(cells) + '·'.repeat(20 - cells)
}

function more(total: number): string[] {
  return total > rowsShown ? [`  … and ${total - rowsShown} more`] : []
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...rows]
}

/** The X-ray as a table for a terminal. Names from mails are stripped of control characters. */
export function xrayText(xray: Xray): string {
  const { messages, waits } = xray
  const kinds = Object.entries(messages.kinds)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${kind} ${number}`)
    .join(', ')
  const lines = [
    headline(xray),
    '',
    `Messages    ${messages.in} in = ${messages.read} read + ${messages.reply} reply + ${messages.unread} unread`,
    `Kinds       ${kinds === '' ? '–' : kinds}`,
    `Ours        ${xray.ours.map((domain) => cut(domain, domain.length)).join(', ') || 'not found; name it with --ours'}`,
    ...xray.providers.map(
      ({ name, domains, alerts, messages: sent }, index) =>
        `${index === 0 ? 'Providers' : '         '}   ${cut(name, name.length)} (${domains.join(', ')}): ${count(alerts, 'alert')} in ${count(sent, 'message')}`,
    ),
    `Alerts      ${xray.alerts}, tickets ${xray.tickets}`,
    `Waits       we for them ${duration(waits.them.medianMinutes)} (median of ${count(waits.them.n, 'thread')}), they for us ${duration(waits.us.medianMinutes)} (${count(waits.us.n, 'thread')})`,
    `Off hours   ${percent(xray.offHoursShare)} of the alerts`,
    ...section(
      'Rules',
      xray.rules
        .slice(0, rowsShown)
        .map(
          ({ rule, alerts, share }) =>
            `  ${cut(rule, nameWidth)} ${String(alerts).padStart(6)}  ${percent(share).padStart(6)}`,
        ),
    ),
    ...more(xray.rules.length),
    ...section(
      'Asked twice or more',
      xray.repeated
        .slice(0, rowsShown)
        .map(
          ({ rule, entity, times }) =>
            `  ${cut(rule, nameWidth - 26)} ${cut(entity, 25)} ${String(times).padStart(6)} times`,
        ),
    ),
    ...more(xray.repeated.length),
    ...section(
      `Evidence that came with the alerts (mean ${percent(xray.evidence.fidelity)})`,
      xray.evidence.rungs.map(
        ({ rung, alerts, share }) =>
          `  ${cut(rungTitles[rung], 36)} ${bar(share)} ${String(alerts).padStart(6)}  ${percent(share).padStart(6)}`,
      ),
    ),
    ...section(
      'Not read',
      xray.unreadMessages.map(({ name, why }) => `  ${cut(name, name.length)}: ${cut(why, Math.min(why.length, 200))}`),
    ),
  ]
  return `${lines.join('\n')}\n`
}
