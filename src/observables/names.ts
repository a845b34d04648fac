import { domainToASCII } from 'node:url'
import { parse } from 'tldts'
import { either, extensionOf, files, frameworks, libraries, mostlyFiles, sources } from './extensions.ts'

/** What stands around a dotted name and weighs in on what it is. */
export type Around = {
  /** The character before and after it ('' at the edges of the text). */
  before: string
  after: string
  /** The one after that. */
  afterNext: string
  /** Somebody defanged it, so it is a network name. */
  defanged: boolean
  /** It stands behind `Win32/` or its like, so it is what a scanner calls a piece of malware. */
  detection: boolean
}

export const domainLengthMax = 253
const filenameLengthMax = 255

/** First names of fields in logs and of objects in code (`process.name`, `event.id`), whose last part is a real TLD. */
const fieldOwners = new Set(
  `process host user file event agent rule source destination src dst client server network dns url http tls log cloud container
  device observer organization os registry related service threat kibana winlog alert signal data object this self window document
  item obj target actor req res request response session account group role resource detail details params ctx context metadata spec
  status config module system package parent principal identity activity query answers question hash pe dll x509 email sender
  message attachment vulnerability orchestrator kubernetes pod node instance machine image volume script task action result
  results row record entry field node args argv std math string array number json date path fs app self super props state store`.split(
    /\s+/,
  ),
)
const fieldSuffixes = new Set(
  'name id group network link media click email domains host services stream store day date map type md zip app info parts report page'.split(
    ' ',
  ),
)

/** Name parts that only detection names have (`Trojan.Win32.Agent.ad`). */
const platforms =
  /^(?:win32|win64|w32|w64|w97m|o97m|x97m|msil|wingo|androidos|osx|macos|linux|unix|elf|heur|html|vbs|js|java|python|powershell|generic|trojan|backdoor|worm|virus|ransom|adware|riskware|hacktool|exploit|agent|downloader|dropper|trojandownloader|trojandropper|spy|pua|pup|not-a-virus|gen|variant|malware|behaveslike|multi|script|bat|nsis|autoit)$/i

/** English words that are top-level domains: what a missing space after a full stop leaves behind ("done.is"). */
const englishSuffixes = new Set([
  'is',
  'it',
  'in',
  'as',
  'at',
  'so',
  'to',
  'no',
  'do',
  'am',
  'be',
  'by',
  'my',
  'me',
  'us',
])

export type Name = { type: 'domain' | 'filename' | 'hostname'; value: string }

/** A dotted name (already free of leading and trailing dots and dashes) as a domain or a file name, or undefined. */
export function nameOf(text: string, around: Around): Name | undefined {
  if (around.detection) return undefined
  const extension = extensionOf(text)
  if (!around.defanged) {
    if (files.has(extension)) return filename(text, around)
    if (either.has(extension) && isRatherFile(text, extension, around)) return filename(text, around)
  }
  const domain = domainOf(text, around)
  if (domain !== undefined) return domain
  return files.has(extension) || either.has(extension) ? filename(text, around) : undefined
}

function isRatherFile(text: string, extension: string, around: Around): boolean {
  const lower = text.toLowerCase()
  if (lower.startsWith('www.')) return false
  // An underscore or a lone capital inside cannot stand in a registered name; a path separator before it makes it a file.
  const stem = text.slice(0, -extension.length - 1)
  if (/_/.test(stem) || around.before === '/' || around.before === '\\') return true
  const labels = stem.split('.')
  if (labels.length > 1) return files.has((labels.at(-1) as string).toLowerCase())
  if (mostlyFiles.has(extension)) return true
  if (extension === 'md') return /^[A-Z]/.test(text)
  if (extension === 'so') return /^lib|^pam/.test(lower)
  if (extension === 'rs') return /^(?:main|lib|mod|build)$/.test(lower)
  if (extension === 'pl' || extension === 'pm') return /^[A-Z]/.test(text) && extension === 'pm'
  if (extension === 'app') return /^[A-Z]/.test(text)
  return false
}

function filename(text: string, around: Around): Name | undefined {
  if (text.length > filenameLengthMax || frameworks.test(text) || libraries.test(text)) return undefined
  const extension = extensionOf(text)
  const stem = text.slice(0, -extension.length - 1)
  // Behind a percent sign begins the rest of an encoded path, which is no name by itself.
  if (around.before === '%') return undefined
  if (!/[\p{L}\p{N}]/u.test(stem)) return undefined
  // A line number after a source file: a stack trace, in which files are code and not artefacts.
  if (around.after === ':' && /\d/.test(around.afterNext) && sources.has(extension)) return undefined
  // `object.log(` and `this.config = {` are calls and members.
  if (around.after === '(' && !/[-_\d]/.test(stem)) return undefined
  if (/^(?:this|self|window|document|console|math|json|module|process|logger|log)$/i.test(stem)) return undefined
  // Reversed names of packages (`org.example.core`) and fields (`event.key`) end in words that are extensions too.
  if (/^(?:com|org|net|java|javax)\./.test(text) && text.split('.').length > 2) return undefined
  if (wordy.has(extension) && fieldOwners.has(stem.split('.')[0]?.toLowerCase() ?? '')) return undefined
  if (/^\d+(?:\.\d+)*$/.test(stem) && extension.length === 1) return undefined
  return { type: 'filename', value: text }
}

/** Extensions that are ordinary words, and so also the last part of a field's name. */
const wordy = new Set(
  'key service timer command config core lock log job map old one out raw rule rules temp template theme trace url application class env manifest properties reg bin sig desktop dot blob'.split(
    ' ',
  ),
)

/** What `host` is when the grammar already says it is one (in a URL, after an at sign). */
export function hostDomain(host: string): string | undefined {
  if (host.length > domainLengthMax || !host.includes('.')) return undefined
  const ascii = asciiOf(host)
  return ascii !== undefined && isPublic(ascii) ? ascii : undefined
}

function domainOf(text: string, around: Around): Name | undefined {
  if (text.length > domainLengthMax || around.before === '@') return undefined
  if (!around.defanged && (around.before === '\\' || around.before === '/' || !readsAsDomain(text, around)))
    return undefined
  const ascii = asciiOf(text)
  if (ascii === undefined) return undefined
  if (isPublic(ascii)) return { type: 'domain', value: ascii }
  return internal.test(ascii) ? { type: 'hostname', value: ascii } : undefined
}

/** Names inside an organisation: no registry knows them, so they are hosts and not domains (RFC 6762, RFC 8375, ICANN on .internal). */
const internal = /^(?:[a-z0-9_](?:[a-z0-9-]*[a-z0-9])?\.)+(?:local|lan|internal|intra|corp|localdomain|home\.arpa)$/

function isPublic(ascii: string): boolean {
  const found = parse(ascii, { validateHostname: false, extractHostname: false, detectIp: false, mixedInputs: false })
  return found.isIcann === true && found.domain !== null
}

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

function asciiOf(host: string): string | undefined {
  let name = host.toLowerCase()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant.
  if (!/^[\x00-\x7f]*$/.test(name)) name = domainToASCII(name)
  if (name === '' || name.length > domainLengthMax) return undefined
  const labels = name.split('.')
  if (labels.length < 2 || !labels.every((part) => label.test(part))) return undefined
  // Underscores are for service labels and odd hosts, never for the registered name itself (RFC 8552).
  if (labels.slice(-2).some((part) => part.includes('_'))) return undefined
  return /^\d+$/.test(labels.at(-1) as string) ? undefined : name
}

/** Rules against code, fields, detection names and missing spaces, which defanging or a URL around it overrules. */
function readsAsDomain(text: string, around: Around): boolean {
  const labels = text.split('.')
  const last = labels.at(-1) as string
  const first = (labels[0] as string).toLowerCase()
  if (around.after === '(' && !/[-\d]/.test(text)) return false
  // `System.Net`, `Program.Main`, `ASP.NET`: registered names are written in one case, at least in their last part.
  if (/[A-Z]/.test(last) && !(text === text.toUpperCase() && text.length > 7)) return false
  if (frameworks.test(text)) return false
  const tld = last.toLowerCase()
  if (fieldSuffixes.has(tld) && fieldOwners.has(first)) return false
  if (
    labels.length > 2 &&
    /^(?:com|org|net|edu|gov|io|co)$/.test(first) &&
    !/^(?:com|net|org|info|[a-z]{2})$/.test(tld)
  )
    return false
  if (labels.slice(0, -1).some((part) => platforms.test(part) && /[A-Z]/.test(part))) return false
  if (
    labels.length === 2 &&
    englishSuffixes.has(tld) &&
    around.after === ' ' &&
    /^[A-Z]?[a-z]+$/.test(labels[0] as string)
  ) {
    return !/[a-z]/.test(around.afterNext)
  }
  return true
}
