import { parse } from 'tldts'
import { bitOf, dash, digit, dot, lowerBits, underscore } from './chars.ts'
import { either, extensionOf, files, frameworks, libraries, mostlyFiles, sources } from './extensions.ts'
import { toAscii } from './punycode.ts'

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
  `process author attributes host user file event agent rule source destination src dst client server network dns url http tls log cloud container
  device observer organization os registry related service threat kibana winlog alert signal data object this self window document
  item obj target actor req res request response session account group role resource detail details params ctx context metadata spec
  status config module system package parent principal identity activity query answers question hash pe dll x509 email sender
  message attachment vulnerability orchestrator kubernetes pod node instance machine image volume script task action result
  results row record entry field node args argv std math string array number json date path fs app self super props state store`.split(
    /\s+/,
  ),
)
const fieldSuffixes = new Set(
  'name id pid group network link media click email domains host services stream store day date map type md zip app info parts report page'.split(
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
export function nameOf(text: string, around: Around, domain: (host: string) => string | undefined): Name | undefined {
  if (around.detection) return undefined
  const extension = extensionOf(text)
  if (!around.defanged) {
    if (files.has(extension)) return filename(text, around)
    if (either.has(extension) && isRatherFile(text, extension, around)) return filename(text, around)
  }
  const name = domainOf(text, around, domain)
  if (name !== undefined) return name
  return files.has(extension) || (either.has(extension) && text.indexOf('.') === text.lastIndexOf('.'))
    ? filename(text, around)
    : undefined
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
  if (
    text.length > filenameLengthMax ||
    (hasFramework.has(extensionOf(text)) && frameworks.test(text)) ||
    (/\d\.\d/.test(text) && libraries.test(text))
  )
    return undefined
  const extension = extensionOf(text)
  const stem = text.slice(0, -extension.length - 1)
  // Behind a percent sign begins the rest of an encoded path, which is no name by itself.
  if (around.before === '%') return undefined
  // A line number after a source file: a stack trace, in which files are code and not artefacts.
  if (around.after === ':' && /\d/.test(around.afterNext) && sources.has(extension)) return undefined
  // `hashes.MD5` is a property; a file of digests ends in small letters.
  if (/^(?:MD5|SHA1|SHA256)$/.test(text.slice(-extension.length))) return undefined
  // `object.log(` and `this.config = {` are calls and members.
  if (around.after === '(' && !/[-_\d]/.test(stem)) return undefined
  if (wordy.has(extension) && objects.has(stem.toLowerCase())) return undefined
  // Reversed names of packages (`org.example.core`) and fields (`event.key`) end in words that are extensions too.
  if (stem.includes('.') && /^(?:com|org|net|java|javax)\./.test(text)) return undefined
  if (wordy.has(extension) && /[a-z][A-Z]/.test(stem) && !stem.includes('.')) return undefined
  if (wordy.has(extension) && fieldOwners.has(stem.split('.')[0]?.toLowerCase() ?? '')) return undefined
  if (/^\d+(?:\.\d+)*$/.test(stem) && extension.length === 1) return undefined
  return { type: 'filename', value: text }
}

const hasFramework = new Set(['js', 'net', 'ts', 'py', 'io'])
const objects = new Set('this self window document console math json module process logger log'.split(' '))

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

function domainOf(text: string, around: Around, domain: (host: string) => string | undefined): Name | undefined {
  if (text.length > domainLengthMax || around.before === '@') return undefined
  if (!around.defanged && (around.before === '\\' || around.before === '/' || !readsAsDomain(text, around)))
    return undefined
  const value = domain(text)
  if (value !== undefined) return { type: 'domain', value }
  const ascii = internal.test(text) ? asciiOf(text) : undefined
  return ascii === undefined ? undefined : { type: 'hostname', value: ascii }
}

/** Names inside an organisation: no registry knows them, so they are hosts and not domains (RFC 6762, RFC 8375, ICANN on .internal). */
const internal = /\.(?:local|lan|internal|intra|corp|localdomain|home\.arpa)$/i

function isPublic(ascii: string): boolean {
  const found = parse(ascii, { validateHostname: false, extractHostname: false, detectIp: false, mixedInputs: false })
  return found.isIcann === true && found.domain !== null
}

/** Lower-case ASCII form of a host name with at least two labels, or undefined when a label is not one (RFC 1123, RFC 5891). */
function asciiOf(host: string): string | undefined {
  const lower = host.toLowerCase()
  const name = toAscii(lower)
  if (name === '' || name.length > domainLengthMax) return undefined
  let label = name.length
  // Backwards, because the last label fails most often: it must hold a letter.
  for (let count = 0, letters = false, i = name.length - 1; i >= -1; i--) {
    const bit = i < 0 ? dot : bitOf(name.charCodeAt(i))
    if (bit === dot) {
      if (label === i + 1 || label - i > labelLengthMax + 1) return undefined
      if (name.charCodeAt(i + 1) === 45 || name.charCodeAt(label - 1) === 45) return undefined
      if (++count === 1 && (!letters || i < 0)) return undefined
      label = i
    } else if (bit === underscore) {
      // Underscores are for service labels and odd hosts, never for the registered name itself (RFC 8552).
      if (count < 2) return undefined
    } else if ((bit & lowerBits) !== 0) letters = true
    else if (bit !== digit && bit !== dash) return undefined
  }
  return name
}

const labelLengthMax = 63

/** Rules against code, fields, detection names and missing spaces, which defanging or a URL around it overrules. */
function readsAsDomain(text: string, around: Around): boolean {
  const lastDot = text.lastIndexOf('.')
  const firstDot = text.indexOf('.')
  const last = text.slice(lastDot + 1)
  const tld = last.toLowerCase()
  if (around.after === '(' && !/[-\d]/.test(text)) return false
  // `System.Net`, `Program.Main`, `ASP.NET`: registered names are written in one case, at least in their last part.
  if (tld !== last && !(text === text.toUpperCase() && text.length > 7)) return false
  if (hasFramework.has(tld) && frameworks.test(text)) return false
  if (fieldSuffixes.has(tld)) {
    if (fieldOwners.has(text.slice(0, firstDot).toLowerCase())) return false
    if ((tld === 'name' || tld === 'id') && text.includes('_')) return false
  }
  if (firstDot !== lastDot) return !isReversed(text, firstDot, tld) && !isDetection(text)
  // A full stop without its space: "done.is", followed by the rest of the sentence.
  const runsOn = englishSuffixes.has(tld) && around.after === ' ' && /[a-z]/.test(around.afterNext)
  return !(runsOn && /^[A-Z]?[a-z]+\./.test(text))
}

/** `com.example.security`: a package or bundle id, which begins where a domain ends. */
function isReversed(text: string, firstDot: number, tld: string): boolean {
  return firstDot <= 3 && /^(?:com|org|net|edu|gov|io|co)\./i.test(text) && !/^(?:com|net|org|info|[a-z]{2})$/.test(tld)
}

function isDetection(text: string): boolean {
  if (!/[A-Z]/.test(text)) return false
  return text
    .split('.')
    .slice(0, -1)
    .some((part) => platforms.test(part) && /[A-Z]/.test(part))
}
