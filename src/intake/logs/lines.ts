const lf = 0x0a
const cr = 0x0d

/** Takes bytes, gives what they consist of; `end` gives what had no end. */
export type Splitter = { readonly push: (chunk: Buffer) => void; readonly end: () => void }

/**
 * Lines of a text, without LF or CRLF, byte for byte. Empty lines are skipped; a longer one than `lineBytesMax` comes in pieces of that
 * size. Holds at most that besides the chunk.
 */
export function lineSplitter(lineBytesMax: number, emit: (line: Buffer) => void): Splitter {
  let held: Buffer[] = []
  let heldBytes = 0
  const give = (): void => {
    if (heldBytes > 0) emit(held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held))
    held = []
    heldBytes = 0
  }
  const hold = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + lineBytesMax - heldBytes)
      held.push(piece)
      heldBytes += piece.length
      at += piece.length
      if (heldBytes >= lineBytesMax) give()
    }
  }
  /** A line whose LF was found: its CR belongs to the line end, also when it came with the chunk before. */
  const finish = (bytes: Buffer): void => {
    hold(bytes.at(-1) === cr ? bytes.subarray(0, -1) : bytes)
    const last = held.at(-1)
    if (bytes.length === 0 && last?.at(-1) === cr) {
      held[held.length - 1] = last.subarray(0, -1)
      heldBytes -= 1
    }
    give()
  }
  return {
    push: (chunk) => {
      let start = 0
      for (let at = chunk.indexOf(lf); at !== -1; at = chunk.indexOf(lf, start)) {
        finish(chunk.subarray(start, at))
        start = at + 1
      }
      hold(chunk.subarray(start))
    },
    end: () => finish(Buffer.alloc(0)),
  }
}
