import { bitOf, dash, isDigit, isSpace, letterBits } from './chars.ts'
import {
  agentAfter,
  agentEnd,
  agentNames,
  hostAfter,
  labelLengthMax,
  meaningOf,
  mutexAfter,
  userAfter,
} from './labels.ts'
import type { Scanner, Word } from './scanner.ts'

/** A value whose label is this word (`user=…`, `Mutex …`), or a user agent that begins with it. -1 when it is neither. */
export function readLabelled(scanner: Scanner, word: Word, to: number): number {
  const { text } = scanner
  const { start, end } = word
  if (end - start > labelLengthMax) return -1
  const next = text.charCodeAt(to)
  if (next === 47) {
    // None of them has a digit, a dot or an underscore.
    if ((word.bits & ~(letterBits | dash)) !== 0) return -1
    const agent = text.slice(start, end)
    return agentNames.test(agent) ? readAgent(scanner, agent, start) : -1
  }
  if (!mayLabel(text, to, next, word)) return -1
  const meaning = meaningOf(text, labelStart(text, start, end), end)
  switch (meaning) {
    case undefined:
      return -1
    case 'user': {
      const user = userAfter(text, to)
      return user === undefined ? -1 : scanner.add('user', text.slice(user.start, user.end), user.start, user.end)
    }
    case 'hostname': {
      const host = hostAfter(text, to)
      return host === undefined ? -1 : scanner.add('hostname', text.slice(host.start, host.end), host.start, host.end)
    }
    case 'mutex': {
      const mutex = mutexAfter(text, to)
      return mutex === undefined
        ? -1
        : scanner.add('mutex', text.slice(mutex.start, mutex.end).replace(/\\+/g, '\\'), mutex.start, mutex.end)
    }
    case 'useragent': {
      const agent = agentAfter(text, to)
      return agent === undefined
        ? -1
        : scanner.add('useragent', text.slice(agent.start, agent.end), agent.start, agent.end)
    }
    default:
      return -1
  }
}

/** A separator, or spaces, dots, quotes or mark-up with a separator behind them. Two labels need none: `UA "…"`, `mutex …`. */
function mayLabel(text: string, to: number, next: number, word: Word): boolean {
  if (next === 58 || next === 61 || next === 124) return true
  const length = word.end - word.start
  if (length === 2 || length === 5) {
    const first = text.charCodeAt(word.start) | 32
    if (first === 117 || first === 109) return true
  }
  if (next !== 32 && next !== 34 && next !== 39 && next !== 9 && next !== 96 && next !== 42) return false
  for (let i = to; i < to + leadMax; i++) {
    const c = text.charCodeAt(i)
    if (c === 58 || c === 61 || c === 124) return true
    if (c !== 32 && c !== 46 && c !== 34 && c !== 39 && c !== 9 && c !== 96 && c !== 42) return false
  }
  return false
}

/** The longest dot leader we have seen between a label and its colon is 14. */
const leadMax = 24

/** Where the label begins with the word before it when it is but half of one: "Account Name:", "Workstation name:". */
function labelStart(text: string, start: number, end: number): number {
  if (end - start !== 4 || (text.charCodeAt(start) | 32) !== 110 || text.slice(start, end).toLowerCase() !== 'name')
    return start
  const before = text.charCodeAt(start - 1)
  if (before !== 32 && before !== 95) return start
  let from = start - 1
  while (start - from <= halfMax && isLetter(text.charCodeAt(from - 1))) from--
  return start - from > halfMin ? from : start
}

/** Letters of that word before, which has at least three. */
const halfMin = 3
const halfMax = 16

function isLetter(code: number): boolean {
  return (bitOf(code) & letterBits) !== 0
}

/** A single `curl/8.1` in running text is software; in quotes or behind a label it is what a client called itself. */
function readAgent(scanner: Scanner, name: string, start: number): number {
  const { text } = scanner
  const opener = text.charAt(start - 1)
  const closer = opener === '“' ? '”' : opener === '"' || opener === "'" || opener === '`' ? opener : ''
  const isBrowser = /^(?:mozilla|opera|dalvik)$/i.test(name)
  const isPlain =
    !isBrowser && /^(?:python-requests|go-http-client|python-urllib|windowspowershell|sqlmap|zgrab)$/i.test(name)
  const labelled = isSeparated(text, start) && agentLabel.test(text.slice(Math.max(0, start - 24), start))
  // A browser's agent goes on with a comment; without one, "Mozilla/5.0" is prose about browsers.
  if (isBrowser && !labelled && !isCommented(text, start + name.length + 1)) return -1
  if (!isBrowser && !isPlain && !labelled && closer === '') return -1
  const end = agentEnd(text, start)
  if (end < 0) return -1
  if (!isBrowser && !isPlain && !labelled && text.charAt(end) !== closer) return -1
  return scanner.add('useragent', text.slice(start, end), start, end)
}

const agentLabel = /(?:agent|\bua|client)["']?\s*[:=|]\s*$/i

/** Whether a label could stand before `start`: there is a separator, and white space at most behind it. */
function isSeparated(text: string, start: number): boolean {
  let i = start - 1
  while (i >= 0 && start - i < labelReach && isSpace(text.charCodeAt(i))) i--
  const c = text.charCodeAt(i)
  return c === 58 || c === 61 || c === 124 || c > 0xa0
}

const labelReach = 24

/** A version and a comment: `5.0 (`. */
function isCommented(text: string, at: number): boolean {
  let i = at
  while (i - at < versionLengthMax && (isDigit(text.charCodeAt(i)) || text.charCodeAt(i) === 46)) i++
  return i > at && text.charCodeAt(i) === 32 && text.charCodeAt(i + 1) === 40
}

const versionLengthMax = 9
