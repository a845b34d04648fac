/** Labels of letters, digits, hyphens (and underscores, which mail systems have), two at least; 253 characters in all (RFC 1035). */
const domainShape = /^(?=.{4,253}$)([a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}$/i

/** A mail domain such as "example.com"? One that stands for everybody (a bare "com", a "*") decides whom we believe, and is none. */
export function isDomain(text: string): boolean {
  return domainShape.test(text)
}
