import type { ObservableType } from '../model/observable.ts'
import {
  bitOf,
  dash,
  digit,
  dot,
  high,
  isAlnum,
  isSpace,
  letterBits,
  lowerBits,
  underscore,
  upperBits,
} from './chars.ts'

/**
 * What a label, right before its value, says the value is. Labels are compared without case, dots, dashes, underscores and
 * spaces, and looked up by a sum over their letters: every "word:" of a log asks, and making a string for each costs more
 * than all the rest.
 */
const meanings: { word: string; type: ObservableType }[][] = []
/** A hundred labels in so many rows leave nearly all other words an empty row. */
const meaningRows = 4096
const say = (type: ObservableType, words: string) => {
  for (const word of words.split(/\s+/)) {
    const row = meaningRow(word, 0, word.length)
    meanings[row] = [...(meanings[row] ?? []), { word, type }]
  }
}
for (let row = 0; row < meaningRows; row++) meanings.push([])
say(
  'user',
  `user username users useraccount account accountname samaccountname suser duser srcuser dstuser sourceuser destinationuser targetuser
  targetusername subjectusername login loginname logonname logonaccount userprincipal usr uname accountid processuser processusername initiatinguser
  initiatingprocessaccountname actor loggedonuser loggedinuser lastuser useridentity`,
)
say(
  'hostname',
  `host hostname hosts device devicename computer computername machine machinename endpoint endpointname workstation workstationname
  shost dhost srchost dsthost sourcehost desthost destinationhost assetname server servername targethost netbios netbiosname
  affectedhost affecteddevice affectedendpoint affectedmachine agenthostname system systemname hostid`,
)
say('mutex', 'mutex mutexname mutant mutexes mutexs')
say('useragent', 'useragent ua httpuseragent requestclientapplication useragentstring csuseragent')

/** The longest key above, with the separators a writer may put inside it. */
export const labelLengthMax = 32

/** What the label [start, end) says the value behind it is. */
export function meaningOf(text: string, start: number, end: number): ObservableType | undefined {
  const row = meanings[meaningRow(text, start, end)] as { word: string; type: ObservableType }[]
  for (let k = 0; k < row.length; k++) {
    const { word, type } = row[k] as { word: string; type: ObservableType }
    if (isWritten(word, text, start, end)) return type
  }
  return undefined
}

function meaningRow(text: string, start: number, end: number): number {
  let sum = 0
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (!separates(c)) sum = (sum * 31 + (c | 32)) & 0xffffff
  }
  return (sum ^ (sum >> 12)) & (meaningRows - 1)
}

/** Whether [start, end) is `word`, in any case and with separators anywhere. */
function isWritten(word: string, text: string, start: number, end: number): boolean {
  let k = 0
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i)
    if (separates(c)) continue
    if (k === word.length || (c | 32) !== word.charCodeAt(k++)) return false
  }
  return k === word.length
}

/** Space, dash, dot, underscore. */
function separates(c: number): boolean {
  return c === 32 || c === 45 || c === 46 || c === 95
}

const emptyWords =
  /^(?:unknown|none|null|nil|n\/?a|na|true|false|yes|no|undefined|empty|anonymous|any|all|not|the|is|was|and|or|name|id|localhost|redacted|system32|tbd|nt|number|string|org|multiple|various|-+)$/i

export type Labelled = { start: number; end: number }

/**
 * A user name after `user:` or `user=`: one word that fills its field. A second word means a person's name or a sentence.
 * `at` is the first character after the label.
 */
export function userAfter(text: string, at: number): Labelled | undefined {
  const field = fieldAfter(text, at)
  if (field === undefined) return undefined
  const { start } = field
  let end = start
  for (const limit = Math.min(text.length, start + userLengthMax); end < limit; end++) {
    if ((bitOf(text.charCodeAt(end)) & ~high) === 0 && text.charCodeAt(end) !== 36) break
  }
  while (end > start && !isAlnum(text.charCodeAt(end - 1)) && text.charCodeAt(end - 1) !== 36) end--
  if (end - start < 2 || !fillsField(text, end, field.equals)) return undefined
  const word = text.slice(start, end)
  return emptyWords.test(word) || /^[\d.]+$|^S-1-\d/.test(word) ? undefined : { start, end }
}

const userLengthMax = 40
const fieldEnd = /$|["'`,;|)\]}<>]|[.]?\s*(?:[\r\n]|$)|\s{2}|\s*\(|\s[\w.]{1,24}[=:]/y

function fillsField(text: string, end: number, equals: boolean): boolean {
  const next = text.charCodeAt(end)
  if (next === 92 || next === 64 || next === 47 || next === 58 || next === 61) return false
  if (equals)
    return Number.isNaN(next) || isSpace(next) || next === 38 || `"'\`,;|)]}<>`.includes(String.fromCharCode(next))
  fieldEnd.lastIndex = end
  return fieldEnd.test(text)
}

/** A host name after `host:` or `device=`: a single label with a digit, a dash or capitals, as machines are named. */
export function hostAfter(text: string, at: number): Labelled | undefined {
  const field = fieldAfter(text, at)
  if (field === undefined) return undefined
  const { start } = field
  let end = start
  let bits = 0
  for (const limit = Math.min(text.length, start + hostLengthMax); end < limit; end++) {
    const bit = bitOf(text.charCodeAt(end))
    if (bit === 0 || bit === dot || bit === high) break
    bits |= bit
  }
  // A dotted name, an address, an account or the next label is read by whoever reads those.
  const next = text.charCodeAt(end)
  if (end - start < 2 || next === 92 || next === 64 || next === 61 || next === 58 || next === 47) return undefined
  if (next === 46 && isAlnum(text.charCodeAt(end + 1))) return undefined
  const named =
    (bits & digit) !== 0 ||
    ((bits & lowerBits) === 0 && end - start >= 3) ||
    ((bits & dash) !== 0 && field.equals) ||
    field.quoted
  if (!named || (bits & letterBits) === 0 || !isAlnum(text.charCodeAt(start))) return undefined
  const word = text.slice(start, end)
  if (emptyWords.test(word) || /^(?:0x)?[0-9a-f-]{16,}$/i.test(word) || isTicket(word)) return undefined
  return { start, end }
}

const hostLengthMax = 63

/** Ticket and rule numbers have the shape of a host name: letters, a dash, digits, and no word for a machine. */
function isTicket(word: string): boolean {
  return /^(?:CVE|CWE|KB|INC|CHG|REQ|TICKET|CASE|SEC|RULE|ID|MS|RFC|ISO|SHA|UTF|TLP)[-_]?\d/i.test(word)
}

/** Small letters up to the next space: the sentence goes on, and no name follows. */
function isPlainWord(text: string, start: number): boolean {
  let i = start
  while (i < start + 20 && (bitOf(text.charCodeAt(i)) & lowerBits) !== 0) i++
  if (i === start || text.charCodeAt(i) !== 32) return false
  return !/^(?:named?|called|object|created)$/.test(text.slice(start, i))
}

/** A mutex: quoted, or one word that no sentence has (backslash, digit, underscore, brace or inner capital). */
export function mutexAfter(text: string, at: number): Labelled | undefined {
  if (text.charCodeAt(at) === 32 && isPlainWord(text, at + 1)) return undefined
  const { start, separated } = mutexLead(text, at)
  const quote = text.charAt(start)
  const isQuoted = quote === '"' || quote === "'" || quote === '`' || quote === '“'
  if (!isQuoted && !separated && !isOdd(text, start)) return undefined
  const ahead = text.slice(start, start + 300)
  if (isQuoted) {
    const close = ahead.indexOf(quote === '“' ? '”' : quote, 1)
    const inside = close < 0 ? '' : ahead.slice(1, close)
    if (inside.length >= 3 && !/[\r\n]/.test(inside)) return { start: start + 1, end: start + close }
  }
  const word = /^(?:\\?(?:Global|Local|Sessions|BaseNamedObjects)\\)?[^\s"'`,;|<>“”]{3,200}/
    .exec(ahead)?.[0]
    .replace(/[.:*)\]]+$/, '')
  if (word === undefined) return undefined
  const odd = /[\\{_\d]/.test(word) || /[a-z][A-Z]/.test(word)
  return odd || (separated && /^[A-Za-z]{4,}$/.test(word) && !emptyWords.test(word))
    ? { start, end: start + word.length }
    : undefined
}

const leadMax = 40
const leadWord = /name[ds]?|called|object|created/iy

/** What stands between "mutex" and its name: closing quotes, "named", an opening quote, a separator. */
function mutexLead(text: string, at: number): { start: number; separated: boolean } {
  const limit = Math.min(text.length, at + leadMax)
  let i = at
  while (i < limit && `"'\`)]*`.includes(text.charAt(i))) i++
  i = pastSpaces(text, i, limit)
  const letter = text.charCodeAt(i) | 32
  if (letter === 110 || letter === 99 || letter === 111) {
    leadWord.lastIndex = i
    const word = leadWord.exec(text)?.[0].length ?? 0
    if (i + word <= limit) i += word
  }
  if (i < limit && `"'\``.includes(text.charAt(i))) i++
  i = pastSpaces(text, i, limit)
  let separated = false
  for (let k = 0; k < 2 && i < limit && ':=|>'.includes(text.charAt(i)); k++) {
    if (text.charCodeAt(i++) !== 62) separated = true
  }
  return { start: pastSpaces(text, i, limit), separated }
}

function pastSpaces(text: string, at: number, limit: number): number {
  let i = at
  while (i < limit && isWhite(text.charCodeAt(i))) i++
  return i
}

function isWhite(code: number): boolean {
  return isSpace(code) || (code > 0xa0 && /\s/.test(String.fromCharCode(code)))
}

/** The longest word a mutex is read from: a prefix of names and 200 more. */
const oddReach = 220

/** Whether the word at `start` has anything that no word of a sentence has. */
function isOdd(text: string, start: number): boolean {
  let before = 0
  for (let i = start, limit = Math.min(text.length, start + oddReach); i < limit; i++) {
    const c = text.charCodeAt(i)
    if (isSpace(c) || c === 34) return false
    const bit = bitOf(c)
    if (c === 92 || c === 123 || bit === digit || bit === underscore) return true
    if ((bit & upperBits) !== 0 && (before & lowerBits) !== 0) return true
    before = bit
  }
  return false
}

// A version begins with a digit, so that a web address behind a user agent is not taken along.
const product = /[A-Za-z!][\w.!+-]{1,60}(?:\/v?\d[\w.+:-]{0,60})?/y
const comment = /\([^()\n]{0,160}(?:\([^()\n]{0,60}\)[^()\n]{0,100})?\)/y

/** Programs that name themselves so and are not browsers; a slash and a version must follow. */
export const agentNames =
  /^(?:mozilla|opera|curl|wget|python-requests|python-urllib|python|aiohttp|go-http-client|okhttp|java|libwww-perl|lwp|axios|node-fetch|undici|postmanruntime|powershell|windowspowershell|dalvik|apache-httpclient|guzzlehttp|php|ruby|winhttp|microsoft-cryptoapi|microsoft|certutil|sqlmap|nikto|nmap|masscan|zgrab|gobuster|dirbuster|hydra|wpscan|nuclei|httpx|feroxbuster|wfuzz|ffuf|censysinspect|expanse|bitsadmin|scrapy|httpie|restsharp|insomnia|faraday|mechanize|cfnetwork)$/i

/** The end of a user agent that begins with a product: products and comments in turn (RFC 9110, 10.1.5). */
export function agentEnd(text: string, start: number): number {
  let end = -1
  let i = start
  for (let parts = 0; parts < 40; parts++) {
    const pattern = text.charCodeAt(i) === 40 ? comment : product
    pattern.lastIndex = i
    const match = pattern.exec(text)
    if (match === null) break
    // A word without a version only inside: "Mobile", "Safari" follow a product, "fileHash=…" is the next field.
    const isBare = pattern === product && !match[0].includes('/')
    if (isBare && !(parts > 0 && /^(?:Mobile|Version|like|Safari|Gecko)$/.test(match[0]))) break
    if (text.charCodeAt(i + match[0].length) === 61) break
    i += match[0].length
    end = i
    if (text.charCodeAt(i) !== 32) break
    i++
  }
  while (end > start && '.,;:'.includes(text.charAt(end - 1))) end--
  return end
}

/** A user agent after its label: the grammar when it fits, else what is in the quotes or up to the end of the line. */
export function agentAfter(text: string, at: number): Labelled | undefined {
  const lead =
    /^["'`*)\]]*\s*(?:string|header|was|is)?\s*[:=|]{0,2}\s*["'`“*]{0,3}/i.exec(text.slice(at, at + 24))?.[0] ?? ''
  const start = at + lead.length
  const separated = /[:=|"'`“]/.test(lead)
  if (!separated || !isAlnum(text.charCodeAt(start))) return undefined
  const opener = text.charAt(start - 1)
  if (`"'\`“`.includes(opener)) {
    const close = text.slice(start, start + 400).indexOf(opener === '“' ? '”' : opener)
    if (close >= 3 && !/[\r\n]/.test(text.slice(start, start + close))) return { start, end: start + close }
  }
  const word = /^[\w.!-]+(?=\/)/.exec(text.slice(start, start + 60))
  const end = word === null ? -1 : agentEnd(text, start)
  if (end > start) return { start, end }
  const line = /^[^\r\n|"<>]{4,250}/.exec(text.slice(start, start + 251))?.[0].trimEnd()
  return line !== undefined && /[:|]/.test(lead) && !emptyWords.test(line)
    ? { start, end: start + line.length }
    : undefined
}

/** The value behind a label: past the separator, an opening quote or mark-up. `equals` when the separator was `=`. */
function fieldAfter(text: string, at: number): { start: number; equals: boolean; quoted: boolean } | undefined {
  let separator = 0
  let i = at
  let before = 0
  let quote = 0
  for (; i < at + fieldLeadMax; i++) {
    const c = text.charCodeAt(i)
    if (c === 58 || c === 61 || c === 124) {
      if (separator !== 0 && c !== 124) return undefined
      separator = separator === 0 ? c : separator
    } else if (c === 34 || c === 39 || c === 96 || c === 0x201c) {
      if (separator === 0) before = c
      else quote = c
    } else if (c === 46 ? separator !== 0 : c !== 32 && c !== 9 && c !== 42 && !(c === 41 && separator === 0)) break
  }
  if (separator === 0) return undefined
  return { start: i, equals: separator === 61, quoted: before !== 0 && quote !== 0 }
}

const fieldLeadMax = 48

/** Name parts that say "machine": DESKTOP-4F2K1A9, WKS-1182, FIN-LT-0412. */
const machine =
  /^(?:WKS|WKST|WKSTN|WS|PC|LT|LAP|LAPTOP|NB|NTB|DESKTOP|DT|WIN|SRV|SVR|SERVER|DC|ADC|EXCH|EX|MX|SQL|FILE|FS|PRINT|PRT|RDS|TS|CTX|VDI|VM|APP|WEB|HV|ESX|ESXI|HOST|NODE|MBP|MAC|IMAC|TAB|SCCM|WSUS|ADFS|NAS|BKP|BACKUP|JUMP|BASTION|KIOSK|POS|HMI|PLC|SCADA|TERM|CLIENT|WORKSTATION)(\d*)$/

/** A bare host name, recognised by a part that names a kind of machine and by a part with digits. */
export function isMachineName(word: string): boolean {
  if (word.length < 4 || word.length > 24 || !/^[A-Z0-9]+(?:-[A-Z0-9]+)+$/.test(word)) return false
  if (isTicket(word)) return false
  const parts = word.split('-')
  const digits = parts.slice(1).some((part) => /\d/.test(part)) || /[A-Z]\d+$/.test(parts[0] as string)
  return digits && parts.some((part) => machine.test(part))
}
