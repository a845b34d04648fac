import { lineBytesMax } from './export-format.ts'

/** A line of a file without its newline. `ended`: a newline followed. `tooLong`: its bytes were let go. */
export type CutLine = { readonly bytes: Uint8Array; readonly ended: boolean; readonly tooLong: boolean }

const newline = 10
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Cuts a stream into lines and holds one of them at a time. A line past the limit is skipped, not kept. */
export async function* cutLines(chunks: AsyncIterable<Uint8Array>, bytesMax = lineBytesMax): AsyncGenerator<CutLine> {
  let kept: Uint8Array[] = []
  let keptBytes = 0
  let tooLong = false
  const keep = (piece: Uint8Array): void => {
    if (piece.length === 0) return
    tooLong ||= keptBytes + piece.length > bytesMax
    if (tooLong) kept = []
    else kept.push(piece)
    keptBytes += piece.length
  }
  const cut = (ended: boolean): CutLine => {
    const only = kept.length === 1 ? kept[0] : undefined
    const line = { bytes: only ?? Buffer.concat(kept), ended, tooLong }
    kept = []
    keptBytes = 0
    tooLong = false
    return line
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, at))
      from = at + 1
      yield cut(true)
    }
    keep(chunk.subarray(from))
  }
  if (keptBytes > 0) yield cut(false)
}

/** The text of a line. Throws on bytes that are not UTF-8. */
export function lineAt(line: CutLine): string {
  return utf8.decode(line.bytes)
}
