import { rungTitles } from '../model/question.ts'
import type { Xray, XrayStory } from '../model/xray.ts'
import { xrayStory } from './xray-story.ts'
import { day, percent } from './xray-words.ts'

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
table{width:100%;border-collapse:collapse;font-size:.95rem}th{text-align:left;color:var(--soft);font-weight:500;font-size:.85rem}
th,td{padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:middle;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.b{width:38%}svg{display:block;width:100%;height:.8rem}
.track{fill:var(--card)}.fill{fill:var(--bar)}.fill2{fill:var(--bar2)}footer{margin-top:3rem;color:var(--soft);font-size:.85rem;border-top:1px solid var(--line);padding-top:1rem}
.story{display:grid;gap:1.1rem}.figures{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:.6rem;margin:0;padding:0;list-style:none}
.figures li{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .7rem;font-size:.8rem;line-height:1.35}.figures b{display:block;font-size:1.45rem;line-height:1.25;font-variant-numeric:tabular-nums}
.figures .name{font-weight:600}.figures .basis{color:var(--soft)}.few{border:1px solid var(--soft);border-radius:.25rem;padding:0 .3rem;font-size:.72rem}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1.2rem;align-items:start}figure{margin:0}figcaption{color:var(--soft);font-size:.82rem;margin-top:.2rem}
.story h2{margin:0 0 .3rem;font-size:1rem}.story svg{height:auto}.story svg text{fill:var(--ink);font:11px system-ui,sans-serif}.story svg text.soft{fill:var(--soft)}.story table{font-size:.82rem}.story td,.story th{padding:.2rem .5rem .2rem 0}
.limits{color:var(--soft);font-size:.78rem;margin:0;padding-left:1.1rem}.appendix{margin-top:2rem}
@media (max-width:46rem){.figures,.two{grid-template-columns:1fr}}
@page{size:A4;margin:12mm}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--card:#f4f4f4;--bar:#0b7285;--bar2:#b3441e}body{font-size:10.5pt}main{padding:0;max-width:none}.headline{font-size:13pt;margin:0 0 .6rem}.story{gap:.7rem}
.figures{grid-template-columns:repeat(5,minmax(0,1fr))}.two{grid-template-columns:1fr 1fr}.figures li{font-size:7.6pt;padding:.4rem}.figures b{font-size:13pt}.story h2{font-size:10pt}figcaption,.story table,.limits{font-size:7.8pt}.appendix,footer{display:none}*{print-color-adjust:exact}}
`

function bar(share: number, label: string, kind: 'fill' | 'fill2' = 'fill'): string {
  const width = Math.max(0, Math.min(100, share * 100))
  return `<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="${safe(label)}"><rect class="track" width="100" height="8" rx="1"/><rect class="${kind}" width="${width.toFixed(2)}" height="8" rx="1"/></svg>`
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

function figures({ figures: all }: XrayStory): string {
  const items = all.map(
    ({ name, value, means, basis, few }) =>
      `<li><span class="name">${safe(name)}</span>${few ? ' <span class="few">few</span>' : ''}<b>${safe(value)}</b>${safe(means)} <span class="basis">${safe(basis)}</span></li>`,
  )
  return `<ul class="figures">${items.join('')}</ul>`
}

/** A drawing with its words: what it shows is also said, for whoever cannot see it. */
function drawing(
  id: string,
  title: string,
  says: string,
  size: readonly [number, number],
  inside: string,
  data: string,
): string {
  return `<figure><h2>${safe(title)}</h2><svg viewBox="0 0 ${size[0]} ${size[1]}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${safe(title)}</title><desc id="${id}-d">${safe(data)}</desc>${inside}</svg><figcaption>${safe(says)}</figcaption></figure>`
}

const chartWidth = 320

function weeksChart({ weeks, weeksSay }: XrayStory): string {
  const most = Math.max(1, ...weeks.map(({ alerts }) => alerts))
  const step = chartWidth / Math.max(1, weeks.length)
  const height = (n: number): number => (n / most) * 84
  const bars = weeks.map(({ alerts, off }, index) => {
    const [x, width] = [(index * step).toFixed(1), Math.max(1, step - 1.5).toFixed(1)]
    const inside = `<rect class="fill" x="${x}" y="${(98 - height(alerts)).toFixed(1)}" width="${width}" height="${height(alerts - off).toFixed(1)}"/>`
    return `${inside}<rect class="fill2" x="${x}" y="${(98 - height(off)).toFixed(1)}" width="${width}" height="${height(off).toFixed(1)}"/>`
  })
  const [first, last] = [weeks[0]?.week ?? '', weeks.at(-1)?.week ?? '']
  const words = `<text x="0" y="10" class="soft">most: ${most} a week</text><text x="0" y="112" class="soft">${safe(first)}</text><text x="${chartWidth}" y="112" text-anchor="end" class="soft">${safe(last)}</text><rect class="fill" x="120" y="3" width="8" height="8"/><text x="132" y="11">in hours</text><rect class="fill2" x="200" y="3" width="8" height="8"/><text x="212" y="11">outside hours</text>`
  const data = weeks
    .map(({ week, alerts, off }) => `Week of ${week}: ${alerts}, of them ${off} outside hours`)
    .join('. ')
  return drawing('weeks', 'Alerts by week', weeksSay, [chartWidth, 116], `${bars.join('')}${words}`, data)
}

type Line = { readonly name: string; readonly share: number; readonly says: string }

/** Bars with their words above them, so that a long rule is cut by nothing but the width of the paper. */
function lines(id: string, title: string, says: string, rows: readonly Line[], kind: 'fill' | 'fill2'): string {
  const drawn = rows.map(({ name, share, says: value }, index) => {
    const y = index * 24
    const shown = name.length > 40 ? `${name.slice(0, 39)}…` : name
    return `<text x="0" y="${y + 10}">${safe(shown)}</text><text x="${chartWidth}" y="${y + 10}" text-anchor="end" class="soft">${safe(value)}</text><rect class="track" x="0" y="${y + 14}" width="${chartWidth}" height="6" rx="1"/><rect class="${kind}" x="0" y="${y + 14}" width="${(share * chartWidth).toFixed(1)}" height="6" rx="1"/>`
  })
  const data = rows.map(({ name, says: value }) => `${name}: ${value}`).join('. ')
  return drawing(id, title, says, [chartWidth, Math.max(1, rows.length) * 24], drawn.join(''), data)
}

function againTable({ repeated: rows }: XrayStory): string {
  if (rows.length === 0) return '<div><h2>Asked again</h2><p class="note">No question came twice.</p></div>'
  const body = rows.map(
    ({ rule, entity, times }) => `<tr><td>${safe(rule)}</td><td>${safe(entity)}</td><td class="n">${times}</td></tr>`,
  )
  return `<div><h2>Asked again</h2>${table(['Rule', 'About', 'Times'], body)}</div>`
}

/** The one page of it: five figures, three drawings, what came again, and what it does not say. */
function page(story: XrayStory): string {
  const most = Math.max(1, ...story.rules.map(({ minutes }) => minutes))
  const worst = story.rules.map(({ rule, minutes, says }) => ({ name: rule, share: minutes / most, says }))
  const rungs = story.rungs.map(({ title, share, says }) => ({ name: title, share, says }))
  const limits = story.limits.map((limit) => `<li>${safe(limit)}</li>`).join('')
  return `<div class="story">${figures(story)}<div class="two">${weeksChart(story)}${lines('rungs', 'Evidence that came along', story.rungsSay, rungs, 'fill')}</div><div class="two">${lines('rules', 'The rules that kept people waiting', story.rulesSay, worst, 'fill2')}${againTable(story)}</div><section><h2>How far this goes</h2><ul class="limits">${limits}</ul></section></div>`
}

/** The X-ray as one file to send on, whose print is one page: no scripts, nothing loaded from anywhere, all text from mails escaped. */
export function xrayHtml(xray: Xray): string {
  const story = xrayStory(xray)
  const kinds = Object.entries(xray.messages.kinds)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, number]) => `${kind} ${number}`)
    .join(', ')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>X-ray of a managed security relationship</title><style>${style}</style></head>
<body><main><h1>${safe(story.title)}</h1><p class="headline">${safe(story.headline)}</p>
${page(story)}<div class="appendix">${rules(xray)}${evidence(xray)}${repeated(xray)}${people(xray)}${unread(xray)}</div>
<footer>Every message is counted once: ${xray.messages.read} read + ${xray.messages.reply} reply + ${xray.messages.unread} unread = ${xray.messages.in}. By kind: ${safe(kinds === '' ? 'none' : kinds)}. Made by Counterfoil from mails only; nothing left this machine.</footer>
</main></body></html>
`
}
