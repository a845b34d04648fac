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
  const name = text.slice(start, end)
  if (next === 47 && agentNames.test(name)) return readAgent(scanner, name, start)
  if (!mayLabel(next)) return -1
  const meaning = meaningOf(name)
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

/** `:`, `=`, `|`, a quote, a space, a dot leader or mark-up: what separates a label from its value. */
function mayLabel(code: number): boolean {
  return (
    code === 58 ||
    code === 61 ||
    code === 124 ||
    code === 34 ||
    code === 39 ||
    code === 32 ||
    code === 9 ||
    code === 96 ||
    code === 42 ||
    code === 10
  )
}

/** A single `curl/8.1` in running text is software; in quotes or behind a label it is what a client called itself. */
function readAgent(scanner: Scanner, name: string, start: number): number {
  const { text } = scanner
  const end = agentEnd(text, start)
  if (end < 0) return -1
  const opener = text.charAt(start - 1)
  const quoted = '"\'`“'.includes(opener) && opener !== '' && (opener === '“' ? '”' : opener) === text.charAt(end)
  const browser = /^(?:mozilla|opera|dalvik)$/i.test(name) && text.slice(start, end).includes('(')
  const labelled = /(?:agent|\bua|client)["']?\s*[:=|]\s*$/i.test(text.slice(Math.max(0, start - 24), start))
  if (
    !quoted &&
    !browser &&
    !labelled &&
    !/^(?:python-requests|go-http-client|python-urllib|windowspowershell|sqlmap|zgrab)$/i.test(name)
  )
    return -1
  return scanner.add('useragent', text.slice(start, end), start, end)
}
