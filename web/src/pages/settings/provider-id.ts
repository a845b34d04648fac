const idCharsMax = 60

/** An id for a provider of this name: its letters as ASCII where they have such, else the code points of the first of them; '' while there is no name. */
export function providerIdOf(name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, idCharsMax)
    .replaceAll(/^-|-$/g, '')
  if (ascii !== '') return ascii
  const points = [...name.replaceAll(/\s/g, '')].map((sign) => sign.codePointAt(0)?.toString(16) ?? '')
  return points.length === 0 ? '' : `provider-${points.join('')}`.slice(0, idCharsMax)
}
