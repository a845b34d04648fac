/** What an ask's values make of a template, or why they cannot. */
export type Filled<T> = { readonly value: T } | { readonly missing: string } | { readonly refused: string }

const place = /\{([A-Za-z]\w*)\}/g

/** The fields of the ask that a template names. */
export function fieldsIn(template: unknown): readonly string[] {
  if (typeof template === 'string') return [...template.matchAll(place)].map((match) => match[1] ?? '')
  if (Array.isArray(template)) return template.flatMap(fieldsIn)
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(fieldsIn) : []
}

type Ask = Readonly<Record<string, unknown>>

/** A path: every value is one encoded piece of one segment. A segment that would climb ("..", also encoded) is refused. */
export function fillPath(template: string, ask: Ask): Filled<string> {
  const missing = missingIn(template, ask)
  if (missing !== null) return { missing }
  const path = template.replaceAll(place, (_all, name: string) => encodeURIComponent(String(ask[name]).toWellFormed()))
  // The URL parser takes "%2e%2e" for ".." too, so encoding alone does not hold a value in its place.
  const climbing = path.split('/').find((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  return climbing === undefined ? { value: path } : { refused: `"${climbing}" cannot stand in a path` }
}

/** The query: templates filled and encoded; one whose field is not known is left out. */
export function fillQuery(templates: Readonly<Record<string, string>>, ask: Ask): string {
  const query = new URLSearchParams()
  for (const [name, template] of Object.entries(templates)) {
    if (missingIn(template, ask) === null) query.append(name, fillText(template, ask))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** A JSON body: values go into its texts and are encoded by JSON.stringify, so none can end its text. A text that is one place keeps the value's type. */
export function fillBody(template: unknown, ask: Ask): Filled<string> {
  const missing = missingIn(template, ask)
  return missing === null ? { value: JSON.stringify(filled(template, ask)) } : { missing }
}

function filled(template: unknown, ask: Ask): unknown {
  if (typeof template === 'string') {
    const only = /^\{([A-Za-z]\w*)\}$/.exec(template)?.[1]
    return only === undefined ? fillText(template, ask) : ask[only]
  }
  if (Array.isArray(template)) return template.map((item) => filled(item, ask))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, item]) => [key, filled(item, ask)]))
}

function fillText(template: string, ask: Ask): string {
  return template.replaceAll(place, (_all, name: string) => String(ask[name]))
}

function missingIn(template: unknown, ask: Ask): string | null {
  return fieldsIn(template).find((name) => ask[name] === undefined || ask[name] === null || ask[name] === '') ?? null
}
