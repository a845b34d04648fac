/** A mail to be written down. Times are ISO 8601 with an offset. */
export type SampleMail = {
  readonly file: string
  readonly from: string
  readonly to: string
  readonly cc?: string
  readonly at: string
  readonly subject: string
  readonly id: string
  readonly inReplyTo?: string
  readonly references?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly text?: string
  readonly html?: string
  readonly attachment?: { readonly name: string; readonly type: string; readonly body: string }
  /** Written as it is, in place of everything after the header. */
  readonly raw?: { readonly type: string; readonly body: string }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** "2025-09-22T07:14:00+02:00" as RFC 5322 writes it; the weekday is that of the local day. */
function mailDate(at: string): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d):\d\d([+-]\d\d):(\d\d)$/.exec(at)
  if (match === null) throw new Error(`not a time: ${at}`)
  const [, year = '', month = '', date = '', clock = '', hours = '', minutes = ''] = match
  const weekday = days[new Date(`${year}-${month}-${date}T12:00:00Z`).getUTCDay()] ?? ''
  return `${weekday}, ${date} ${months[Number(month) - 1] ?? ''} ${year} ${clock}:00 ${hours}${minutes}`
}

/** RFC 2047 for what is not ASCII, in words short enough for a line. */
function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  const pieces: string[] = []
  let piece = ''
  for (const letter of text) {
    if (Buffer.byteLength(piece + letter) > 42) {
      pieces.push(piece)
      piece = ''
    }
    piece += letter
  }
  return [...pieces, piece].map((one) => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ')
}

function base64(text: string): string {
  return (
    Buffer.from(text)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  ).join('\r\n')
}

function body(mail: SampleMail, boundary: string): string {
  const text = mail.text?.replaceAll('\n', '\r\n')
  const plain =
    text === undefined
      ? []
      : [`Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}`]
  const html =
    mail.html === undefined
      ? []
      : [`Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(mail.html)}`]
  const both = [...plain, ...html]
  const file = mail.attachment
  if (file === undefined && both.length === 1) return both[0] ?? ''
  const kind = file === undefined ? 'alternative' : 'mixed'
  const files =
    file === undefined
      ? []
      : [
          `Content-Type: ${file.type}; name="${file.name}"\r\nContent-Disposition: attachment; filename="${file.name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(file.body)}`,
        ]
  const pieces = [...both, ...files].map((piece) => `--${boundary}\r\n${piece}\r\n`).join('')
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${pieces}--${boundary}--\r\n`
}

/** The bytes of a mail: the same every time. */
export function mailBytes(mail: SampleMail): Buffer {
  const references = mail.references ?? (mail.inReplyTo === undefined ? [] : [mail.inReplyTo])
  const head = [
    `From: ${mail.from}`,
    `To: ${mail.to}`,
    ...(mail.cc === undefined ? [] : [`Cc: ${mail.cc}`]),
    `Date: ${mailDate(mail.at)}`,
    `Subject: ${headerText(mail.subject)}`,
    `Message-ID: <${mail.id}>`,
    ...(mail.inReplyTo === undefined ? [] : [`In-Reply-To: <${mail.inReplyTo}>`]),
    ...(references.length === 0 ? [] : [`References: ${references.map((id) => `<${id}>`).join(' ')}`]),
    ...Object.entries(mail.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    'MIME-Version: 1.0',
  ]
  const boundary = `=_${mail.id.replaceAll(/\W/g, '')}`
  const rest =
    mail.raw === undefined
      ? body(mail, boundary)
      : `Content-Type: ${mail.raw.type}\r\n\r\n${mail.raw.body.replaceAll('\n', '\r\n')}`
  return Buffer.from(`${head.join('\r\n')}\r\n${rest}`)
}
