/** A header field as it stands in the bytes: `raw` with its folds, without the last line end. */
export type HeaderField = { readonly name: string; readonly raw: string }
export type Split = { readonly headers: readonly HeaderField[]; readonly body: Buffer }

/** Splits a mail into its header fields and its body, both untouched. Names are lower-case. */
export function splitMail(bytes: Uint8Array): Split {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const gap = buffer.indexOf('\r\n\r\n')
  const head = buffer.subarray(0, gap === -1 ? buffer.length : gap).toString('latin1')
  const body = gap === -1 ? Buffer.alloc(0) : buffer.subarray(gap + 4)
  const headers: HeaderField[] = []
  for (const line of head.split('\r\n')) {
    const last = headers.at(-1)
    if (/^[ \t]/.test(line) && last !== undefined)
      headers[headers.length - 1] = { ...last, raw: `${last.raw}\r\n${line}` }
    else
      headers.push({
        name: line
          .slice(0, Math.max(line.indexOf(':'), 0))
          .trim()
          .toLowerCase(),
        raw: line,
      })
  }
  return { headers, body }
}

/** The value of a field on one line. */
export function valueOf(field: HeaderField): string {
  return field.raw
    .slice(field.raw.indexOf(':') + 1)
    .replace(/\r\n(?=[ \t])/g, '')
    .trim()
}
