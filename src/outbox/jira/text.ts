/** Plain text as Atlassian Document Format: paragraphs of text nodes, in which nothing is markup. */
export function richOf(text: string): unknown {
  const content = text.split('\n').map((line) => ({
    type: 'paragraph',
    content: line === '' ? [] : [{ type: 'text', text: line }],
  }))
  return { type: 'doc', version: 1, content }
}

/** Plain text as wiki markup in which nothing is markup: a frame that its content cannot end. */
export function wikiOf(text: string): string {
  return `{noformat}\n${text.replaceAll('{noformat}', '{ noformat }')}\n{noformat}`
}

/** Nodes that end a line. */
const blocks = new Set(['paragraph', 'heading', 'listItem', 'codeBlock', 'blockquote', 'tableRow', 'rule', 'panel'])
/** Deeper than any editor nests; a hostile document must not end us. */
const depthMax = 50

/** The text of a comment, whichever of the two it is written in. */
export function plainOf(body: unknown): string {
  if (typeof body === 'string') return body.replaceAll(/^\{noformat\}\n?|\n?\{noformat\}$/g, '').trim()
  const lines: string[] = []
  const walk = (node: unknown, depth: number): void => {
    if (typeof node !== 'object' || node === null || depth > depthMax) return
    const { type, text, attrs, content } = node as Record<string, unknown>
    if (typeof text === 'string') lines.push(text)
    else if (type === 'hardBreak') lines.push('\n')
    else if (typeof attrs === 'object' && attrs !== null) {
      const said = (attrs as Record<string, unknown>)['text'] ?? (attrs as Record<string, unknown>)['url']
      if (typeof said === 'string') lines.push(said)
    }
    if (Array.isArray(content)) for (const child of content) walk(child, depth + 1)
    if (blocks.has(String(type))) lines.push('\n')
  }
  walk(body, 0)
  return lines
    .join('')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}
