import type { Field } from '../model/alert.ts'
import { saysNothing } from './field-words.ts'
import { contentLines, type Matter } from './matter.ts'

type Hit = { readonly value: string; readonly start: number; readonly end: number }

/** Ticket prefixes that providers' systems use (ServiceNow, Jira Service Management, Trend Micro, Red Canary, Trustwave and the usual home-made ones). */
const prefixes =
  'INC|SIR|SIT|CASE|CAS|CS|TKT|TICKET|TCK|REQ|RITM|SCTASK|TASK|PRB|CHG|SR|INA|INT|THREAT|DET|DETECTION|ALERT|ALRT|ALT|EVT|SOC|MDR|MXDR|XDR|ESC|WB|HD|SEC|SI|INCIDENT|VORFALL|FALL|OFFENSE|IR|SD|MSSP|NOC|TT'
const labels =
  'ticket|case|incident|alert|request|anfrage|vorgang|vorfall|fall|störung|meldung|alerte|dossier|caso|incidente|incidencia|solicitud|demande|referenz|référence|referencia|reference|ref|escalation|investigation|offense|workbench|detection|issue'
const number = '(?:(?:id|number|no|nr|num|key|nummer|numéro|número|n)\\b\\.?\\s*|#\\s*|n°\\s*|nº\\s*|:\\s*|\\s-\\s)'
const token = '[A-Za-z0-9][A-Za-z0-9_./:@-]{0,58}[A-Za-z0-9]|\\d'

const inBrackets = new RegExp(
  `[[(]\\s*(?:[^\\][()\\n#]{0,40}#\\s*)?(?:(?:${labels})\\s*${number}{0,3}\\s*)?#?(${token})\\s*[\\])]`,
  'giu',
)
const labelled = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${labels})(?:nummer|-?id|snummer|s-?nr)?\\.?\\s*${number}{0,3}\\s*[([]?#?(${token})`,
  'giu',
)
const prefixed = new RegExp(
  `(?<![\\p{L}\\p{N}_./\\\\-])((?:${prefixes})[-_ #:]{0,2}\\d{2,4}(?:-[A-Z]*\\d+)*\\d*(?:-\\d+)*)(?![\\p{L}\\p{N}])`,
  'gu',
)
const leading = /^((?!CVE|MS\d|KB|TLP|ISO|UTF|SHA|MD5)[A-Z][A-Z0-9]{1,9}-\d{1,9})(?=\s*[:|\]–—-]|\s)/u
const hashed = /(?:^|[\s([])#(\d{2,20}|[A-Z]{1,8}-?\d{2,12})(?![\p{L}\p{N}])/gu
const dottedHead = /^(\d{6,20})(?=\s*[:|–—-])/u

/** Things with digits that are no ticket: CVEs, techniques, dates, addresses, versions, priorities, counts, years. */
function isTicket(text: string): boolean {
  if (!/\d/.test(text) || text.length > 60) return false
  if (
    /^(?:CVE-|CWE-|MS\d\d-|T\d{4}(?:\.\d+)?$|TA\d{4}$|KB\d|SHA-?\d|MD5|TLP|ISO|RFC ?\d|UTF-?\d|PCI|P\d$|S\d$|SEV-?\d$|Q[1-4]\b|H[12]-|V?\d+\.\d+(?:\.\d+)*$|20\d\d$|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}$|\d{1,2}:\d\d|\d+\/\d+$|\d+x$|[^@]+@[^@]+\.\w+$)/i.test(
      text,
    )
  )
    return false
  if (/^\d{1,3}(?:\.\d{1,3}){3}/.test(text) || /^(?:FIRING|RESOLVED):/i.test(text)) return false
  return true
}

function strong(text: string): boolean {
  if (!isTicket(text)) return false
  return (
    /^\d{3,20}$/.test(text) ||
    /^[A-Z][A-Z0-9]*(?:[-_:/][A-Z0-9]+)*[-_:]?\d{2,}$/i.test(text) ||
    /^[A-Z][A-Z0-9]{1,9}-\d+$/.test(text) ||
    /\d{4,}/.test(text)
  )
}

function hitsOf(pattern: RegExp, text: string, accept: (value: string) => boolean): Hit[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const value = (match[1] ?? '').replace(/[.,;:/-]+$/, '')
    const start = match.index + match[0].lastIndexOf(match[1] ?? '')
    return value !== '' && accept(value) ? [{ value, start, end: start + value.length }] : []
  })
}

/** A host name in brackets is no ticket ("(WS-1182)"): a short word, a dash and a few digits says too little without a label. */
function bracketed(value: string): boolean {
  return (
    strong(value) &&
    !/^[A-Fa-f0-9]{32,}$/.test(value) &&
    !/^(?:WS|PC|LT|NB|SRV|DC|WKS|LAP|DESKTOP|LAPTOP|HOST|VM|MAC|FW|SW|AP|DB|WIN|CLIENT|CL)[-_]?\d+$/i.test(value)
  )
}

/** The ticket a subject line names, surest form first; null where it names none. */
export function ticketInSubject(subject: string): Hit | null {
  const text = subject.slice(0, 500)
  const word = hitsOf(labelled, text, (value) => strong(value) && !/^[a-z]+$/i.test(value))[0]
  const boxed = hitsOf(inBrackets, text, bracketed)[0]
  const known = hitsOf(prefixed, text, isTicket)[0]
  const first = leading.exec(text)?.[1] ?? dottedHead.exec(text)?.[1]
  const begun = first !== undefined && isTicket(first) ? { value: first, start: 0, end: first.length } : undefined
  const hash = hitsOf(hashed, text, isTicket)[0]
  // A bracket at the front is the system's own mark; else a label is surer than a bracket somewhere.
  if (boxed !== undefined && boxed.start < 24) return boxed
  return word ?? boxed ?? known ?? begun ?? hash ?? null
}

/** The ticket id in a value of a field that claims to be one ("INC0012 (open)", "#4711", a link's text). */
export function ticketInValue(value: string): { readonly value: string; readonly at: number } | null {
  if (saysNothing(value) || value.length > 200) return null
  const match = /^[\s#[(<]*((?:[A-Za-z]{2,10}[ #]\d[\w-]*)|[A-Za-z0-9][\w.:/@+-]*)/u.exec(value.split('\n')[0] ?? '')
  const found = (match?.[1] ?? '').replace(/[.,;:/-]+$/, '')
  if (match === null || !/\d/.test(found) || found.length > 60 || /^https?:/i.test(found)) return null
  if (/^\d{4}-\d\d-\d\d|^\d{1,3}(?:\.\d{1,3}){3}$|^(?:CVE-|T\d{4}\b)/i.test(found)) return null
  // A sentence that begins with a number is no id.
  const rest = value.slice((match[0] ?? '').length).trim()
  if (rest.split(/\s+/).length > 6) return null
  return { value: found, at: match[0].length - (match[1] ?? '').length }
}

const ticketHeader = /^x-(?:[\w-]*-)?(?:ticket|case|incident|issue)(?:-?(?:id|number|no|key))?$/

/** Lines from the top in which prose may name its ticket ("Your request (12345) has been updated"). */
const bodyLinesMax = 60

/** The ticket named in the text, outside of fields; then a header that a ticket system sets. */
export function ticketInText(matter: Matter): Field | null {
  for (const page of matter.pages) {
    if (page.attachment || page.json !== null) continue
    for (const line of contentLines(page).slice(0, bodyLinesMax)) {
      if (line.text.length > 2000) continue
      const said =
        hitsOf(labelled, line.text, (value) => strong(value) && !/^[a-z]+-?$/i.test(value))[0] ??
        hitsOf(prefixed, line.text, isTicket)[0]
      if (said !== undefined && !/^ref/i.test(said.value))
        return {
          value: said.value,
          span: { part: page.part, start: line.start + said.start, end: line.start + said.end },
        }
    }
  }
  const header = matter.letter.headers.find(
    ({ name, value }) => ticketHeader.test(name) && ticketInValue(value) !== null,
  )
  return header === undefined ? null : { value: ticketInValue(header.value)?.value ?? header.value, span: null }
}

/** Two ways to write one ticket are the same: "#12345" and "12345", "inc0012" and "INC0012". */
export function sameTicket(ticket: string): string {
  return ticket.toUpperCase().replaceAll(/[^\p{L}\p{N}]+/gu, '')
}
