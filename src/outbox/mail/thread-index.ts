// [MS-OXOMSG] 2.2.1.3: how Outlook and Exchange order a conversation. Other programs go by References, which stand beside it.

const headerBytes = 22
const levelBytes = 5
/** Answers in one conversation; the line of 100 is 696 characters long, where RFC 5322 allows 998, and base64 cannot be folded. */
const levelsMax = 100
/** What FILETIME counts from: 1601-01-01, in milliseconds before 1970. */
const filetimeEpochMs = 11_644_473_600_000n
const year1995 = filetimeOf(new Date('1995-01-01T00:00:00Z'))
const year2100 = filetimeOf(new Date('2100-01-01T00:00:00Z'))

/** Units of 100 ns. */
function filetimeOf(date: Date): bigint {
  return (BigInt(date.getTime()) + filetimeEpochMs) * 10_000n
}

/**
 * When the conversation began. Two layouts are on the way: today's specification puts the 40 highest bits of the time behind the reserved 0x01;
 * before, its highest byte was that 0x01 itself. Read in the other way either lies centuries off. Null: neither makes sense.
 */
function beganAt(header: Buffer): bigint | null {
  const now = header.readBigUInt64BE(0) & 0x00ff_ffff_ffff_0000n
  const layouts = [(now << 8n) & 0xffff_ffff_ff00_0000n, now | 0x0100_0000_0000_0000n]
  return layouts.find((time) => time >= year1995 && time < year2100) ?? null
}

/**
 * The Thread-Index of an answer: theirs, and five bytes more for when we answered. Null where theirs is none, or too long: a made-up one would tear
 * the conversation apart in Outlook, so that there is none then. `random`: one byte, by which two answers of one moment differ.
 */
export function answerThreadIndex(theirs: string, at: Date, random: number): string | null {
  if (!/^[A-Za-z0-9+/]{30,}={0,2}$/.test(theirs)) return null
  const index = Buffer.from(theirs, 'base64')
  const levels = (index.length - headerBytes) / levelBytes
  if (!Number.isInteger(levels) || levels < 0 || levels >= levelsMax || index[0] !== 0x01) return null
  const began = beganAt(index)
  if (began === null) return null
  const passed = filetimeOf(at) - began
  const diff = passed < 0n ? 0n : passed
  // Below about 1.7 years 31 bits count units of 26 ms; above, with the first bit set, of 0.84 s.
  const isLong = ((diff >> 32n) & 0x00fe_0000n) !== 0n
  const delta = (diff >> (isLong ? 23n : 18n)) & 0x7fff_ffffn
  const level = Buffer.alloc(levelBytes)
  level.writeUInt32BE(Number(isLong ? delta | 0x8000_0000n : delta))
  level.writeUInt8(random & 0xff, 4)
  return Buffer.concat([index, level]).toString('base64')
}

/** [MS-OXCMSG] 3.2.1.2: a prefix is up to three letters and a colon. One such as "INC: " is not told from it by Outlook either. */
const prefix = /^\s*\p{L}{1,3}:\s/u
/** "Re: AW: Re: ..." of a long talk. */
const prefixesMax = 20

/** The subject without "Re: " and its like: what the conversation is called. */
export function threadTopic(subject: string): string {
  let topic = subject
  for (let n = 0; n < prefixesMax && prefix.test(topic); n += 1) topic = topic.replace(prefix, '')
  return topic.trim()
}
