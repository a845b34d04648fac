import type { ObservableType } from '../model/observable.ts'

/** An observable so that nobody opens it by a click or a preview. What `extract` reads from it again is the same value. */
export function defang(value: string, type: ObservableType): string {
  switch (type) {
    case 'url':
      return defangUrl(value)
    case 'email':
      return dots(value).replaceAll('@', '[@]')
    case 'domain':
    case 'hostname':
    case 'ipv4':
      return dots(value)
    case 'cidr':
    case 'ipv6':
      return value.includes(':') ? value.replace(/:(?=[0-9a-f])/i, '[:]') : dots(value)
    default:
      return value
  }
}

/** The scheme and the host; what follows them cannot be opened without, and stays readable. */
function defangUrl(value: string): string {
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)(.*)$/is.exec(value)
  if (match === null) return value
  const [, scheme, authority = '', rest = ''] = match
  const host = dots(authority)
  if (scheme === undefined) return host + rest
  const safe = scheme.replace(/^http/i, 'hxxp').replace(/^ftp/i, 'fxp')
  return `${safe}[://]${host}${rest}`
}

function dots(text: string): string {
  return text.replaceAll('.', '[.]')
}
