/** Of a line the rest is left away: no identifier is that long, and a file without line ends must not be held whole. */
const lineCharsMax = 64 * 1024

export type Line = { readonly line: number; readonly text: string }

/** The lines of a text as it comes, numbered from 1, without their ends. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder()
  let rest = ''
  let line = 0
  for await (const chunk of bytes) {
    const text = rest + decoder.decode(chunk, { stream: true })
    let from = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      line += 1
      yield { line, text: text.slice(from, Math.min(end, from + lineCharsMax)).replace(/\r$/, '') }
      from = end + 1
    }
    rest = text.slice(from, from + lineCharsMax)
  }
  rest += decoder.decode()
  if (rest !== '') yield { line: line + 1, text: rest }
}
