import { type LakeColumn, observableCharsMax } from '../../model/lake.ts'
import { plainForm } from './addresses.ts'

const ascii = /^[\x20-\x7e]+$/

/** An account without its domain or realm: "CORP\alice" and "alice@corp.example" are "alice". Lower case. */
export function bareAccount(text: string): string {
  const low = text.toLowerCase()
  const afterDomain = low.slice(low.lastIndexOf('\\') + 1)
  const realm = afterDomain.indexOf('@')
  return realm > 0 ? afterDomain.slice(0, realm) : afterDomain
}

/** A host's name as the lake keeps it: lower case, no dot at the end. */
export function hostForm(text: string): string {
  return text.toLowerCase().replace(/\.$/, '')
}

/** "SHA256=AB..." and "sha256:ab..." are "ab...". */
export function hashForm(text: string): string {
  return text.toLowerCase().replace(/^(?:md5|sha-?1|sha-?256|sha-?512|imphash)[=:]/, '')
}

/**
 * What an event whose column has this very value has among its `observables` (parse/observables.ts says how they are made); null where
 * that is not certain. Only printable ASCII: lower case beyond it is a matter of opinion between programs.
 */
export function tokenOf(column: LakeColumn, text: string): string | null {
  if (column.observable !== true || !ascii.test(text) || text.length > observableCharsMax) return null
  switch (column.kind) {
    case 'ip':
      return plainForm(text)
    case 'host':
      return hostForm(text)
    case 'account':
      return text.toLowerCase()
    case 'hash':
      return hashForm(text)
    case 'url':
      return text.includes('://') ? text.toLowerCase() : null
    case 'text':
      return column.many === true ? hostForm(text) : null
    default:
      return null
  }
}

/** A text as it stands among observables. */
export function observableForm(text: string): string {
  return (plainForm(text) ?? text.toLowerCase()).slice(0, observableCharsMax)
}
