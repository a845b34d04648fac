import { rungTitles } from '../model/question.ts'
import type { Xray } from '../model/xray.ts'
import { askedAgain, count, day, duration, headline, percent } from './xray-words.ts'

/** Rows of a list on the page; all of them are in --json. */
const rowsShown = 40
const unreadShown = 500

function safe(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

const style = `
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#dde3ea;--paper:#fff;--card:#f6f8fa;--bar:#0b7285;--bar2:#b3441e}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b5;--line:#303a46;--paper:#12171d;--card:#1a2129;--bar:#3bc9db;--bar2:#ff8a5c}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem}h1{font-size:1.05rem;font-weight:600;color:var(--soft);margin:0 0 .5rem}
.headline{font-size:1.6rem;line-height:1.35;font-weight:600;margin:0 0 2rem;text-wrap:balance}
h2{font-size:1.15rem;margin:2.5rem 0 .25rem}p.note{color:var(--soft);margin:.1rem 0 1rem;font-size:.92rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem}.tile{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem}
.tile b{display:block;font-size:1.7rem;line-height:1.2;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:.88rem}
table{width:100%;border-collapse:collapse;font-size:.95rem}th{text-align:left;color:var(--soft);font-weight:500;font-size:.85rem}
th,td{padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:middle;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.b{width:38%}svg{display:block;width:100%;height:.8rem}
.track{fill:var(--card)}.fill{fill:var(--bar)}.fill2{fill:var(--bar2)}footer{margin-top:3rem;color:var(--soft);font-size:.85rem;border-top:1px solid var(--line);padding-top:1rem}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--card:#f2f2f2;--bar:#0b7285;--bar2:#b3441e}main{padding:0}h2{break-after:avoid}tr{break-inside:avoid}*{print-color-adjust:exact}}
`

function bar(share: number, label: string, kind: 'fill' | 'fill2' = 'fill'): string {
  const width = Math.max(0, Math.min(100, share * 100))
  return `<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${safe(label)}"><rect class="track" width="100" height="8" rx="1"/><rect class="${kind}" width="${width.toFixed(2)}" height="8" rx="1"/></svg>`
}

function tile(value: string, says: string): string {
  return `<div class="tile"><b>${safe(value)}</b><span>${safe(says)}</span></div>`
}

function tiles(xray: Xray): string {
  const { messages, waits } = xray
  return `<div class="tiles">${[
    tile(
      messages.in.toLocaleString('en'),
      `messages: ${messages.read} read, ${messages.reply} replies of ours, ${messages.unread} unread`,
    ),
    tile(xray.alerts.toLocaleString('en'), `alerts in ${count(xray.tickets, 'ticket')}`),
    tile(askedAgain(xray).toLocaleString('en'), 'alerts that asked what had been asked before'),
    tile(percent(xray.evidence.fidelity), 'of the evidence came with an alert, on average'),
    tile(duration(waits.them.medianMinutes), `we wait for them (median of ${count(waits.them.n, 'thread')})`),
    tile(duration(waits.us.medianMinutes), `they wait for us (median of ${count(waits.us.n, 'thread')})`),
    tile(percent(xray.offHoursShare), 'of the alerts came outside business hours'),
  ].join('')}</div>`
}

function table(heads: readonly string[], rows: readonly string[]): string {
  const head = heads
    .map(
      (text, index) =>
        `<th${index > 0 && /^(?:Alerts|Share|Times|Messages)$/.test(text) ? ' class="n"' : ''} scope="col">${safe(text)}</th>`,
    )
    .join('')
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function section(title: string, note: string, body: string): string {
  return `<section><h2>${safe(title)}</h2><p class="note">${safe(note)}</p>${body}</section>`
}

function rules(xray: Xray): string {
  const most = Math.max(1, ...xray.rules.map(({ alerts }) => alerts))
  const rows = xray.rules
    .slice(0, rowsShown)
    .map(
      ({ rule, alerts, share }) =>
        `<tr><td>${safe(rule)}</td><td class="b">${bar(alerts / most, `${rule}: ${alerts}`)}</td><td class="n">${alerts}</td><td class="n">${percent(share)}</td></tr>`,
    )
  const left = xray.rules.length - rows.length
  return section(
    'What fires',
    left > 0
      ? `The ${rowsShown} rules with the most alerts; ${left} more are left out here.`
      : 'Rules by the number of alerts.',
    table(['Rule', '', 'Alerts', 'Share'], rows),
  )
}

function evidence(xray: Xray): string {
  const rows = xray.evidence.rungs.map(
    ({ rung, alerts, share }) =>
      `<tr><td>${safe(rungTitles[rung])}</td><td class="b">${bar(share, `${rungTitles[rung]}: ${percent(share)}`)}</td><td class="n">${alerts}</td><td class="n">${percent(share)}</td></tr>`,
  )
  return section(
    'What evidence came along',
    'The rungs of a triage, and how many alerts arrived with them. What is missing is work for you.',
    table(['Evidence', '', 'Alerts', 'Share'], rows),
  )
}

function repeated(xray: Xray): string {
  if (xray.repeated.length === 0) return section('Asked again', 'No question came twice.', '')
  const most = Math.max(...xray.repeated.map(({ times }) => times))
  const rows = xray.repeated
    .slice(0, rowsShown)
    .map(
      ({ rule, entity, times, first, last }) =>
        `<tr><td>${safe(rule)}</td><td>${safe(entity)}</td><td class="b">${bar(times / most, `${times} times`, 'fill2')}</td><td class="n">${times}</td><td>${safe(first === null ? '–' : day(first))} to ${safe(last === null ? '–' : day(last))}</td></tr>`,
    )
  return section(
    'Asked again',
    'The same rule about the same host, account or address, in different alerts.',
    table(['Rule', 'About', '', 'Times', 'When'], rows),
  )
}

function people(xray: Xray): string {
  const rows = xray.providers.map(
    ({ name, domains, alerts, messages }) =>
      `<tr><td>${safe(name)}</td><td>${safe(domains.join(', '))}</td><td class="n">${alerts}</td><td class="n">${messages}</td></tr>`,
  )
  const ours = xray.ours.length === 0 ? 'Which domains are ours could not be told.' : `Ours: ${xray.ours.join(', ')}.`
  return section('Who writes', ours, table(['Provider', 'Domains', 'Alerts', 'Messages'], rows))
}

function unread(xray: Xray): string {
  if (xray.unreadMessages.length === 0) return section('Not read', 'Every message could be read.', '')
  const rows = xray.unreadMessages
    .slice(0, unreadShown)
    .map(({ name, why }) => `<tr><td>${safe(name)}</td><td>${safe(why)}</td></tr>`)
  const left = xray.unreadMessages.length - rows.length
  return section(
    'Not read',
    left > 0 ? `Look at these yourself; ${left} more are in the JSON.` : 'Look at these yourself.',
    table(['Message', 'Why'], rows),
  )
}

/** The X-ray as one page to send on: no scripts, nothing loaded from anywhere, all text from mails escaped. */
export function xrayHtml(xray: Xray): string {
  const kinds = Object.entries(xray.messages.kinds)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${kind} ${number}`)
    .join(', ')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>X-ray of a managed security relationship</title><style>${style}</style></head>
<body><main><h1>X-ray, ${safe(day(xray.from))} to ${safe(day(xray.to))}</h1><p class="headline">${safe(headline(xray))}</p>
${tiles(xray)}${rules(xray)}${evidence(xray)}${repeated(xray)}${people(xray)}${unread(xray)}
<footer>Every message is counted once: ${xray.messages.read} read + ${xray.messages.reply} reply + ${xray.messages.unread} unread = ${xray.messages.in}. By kind: ${safe(kinds === '' ? 'none' : kinds)}. Made by Counterfoil from mails only; nothing left this machine.</footer>
</main></body></html>
`
}
