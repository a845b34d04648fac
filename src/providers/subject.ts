/** A subject line taken apart. `core` is what remains without prefixes and gateway marks; `at` is where it begins in the subject. */
export type Subject = {
  readonly text: string
  readonly core: string
  readonly at: number
  readonly reply: boolean
  readonly forward: boolean
}

const replyPrefix =
  /^(?:re|aw|antw|antwort|sv|vs|rif|odp|ynt|res|ref|回复|答复)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*/iu
const forwardPrefix = /^(?:fw|fwd|wg|wtr|tr|rv|enc|doorst|vb|vl|i|转发)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*/iu
const gatewayMark =
  /^(?:[[({<*]+\s*(?:external|extern|externe|externo|ext|ext mail|external e-?mail|caution|spam\??|suspected spam|secure|encrypted|verschlüsselt|signed|newsletter|bulk|tlp:? ?(?:clear|white|green|amber(?:\+strict)?|red))\s*[\])}>*]+|(?:EXTERNAL|EXT|CAUTION EXTERNAL)\s*[:|-])\s*/iu

/** Prefixes are taken off this often; longer chains are somebody's joke. */
const prefixesMax = 12

/** Takes "AW: [EXTERNAL] Re: ..." apart. Reply and forward are said by the outermost prefix of that kind. */
export function subjectOf(text: string): Subject {
  let rest = text.slice(0, 1000).trimStart()
  let reply = false
  let forward = false
  for (let count = 0; count < prefixesMax; count += 1) {
    const gateway = gatewayMark.exec(rest)
    const answered = gateway === null ? replyPrefix.exec(rest) : null
    const carried = gateway === null && answered === null ? forwardPrefix.exec(rest) : null
    const hit = gateway ?? answered ?? carried
    if (hit === null) break
    if (answered !== null && !forward) reply = true
    if (carried !== null && !reply) forward = true
    rest = rest.slice(hit[0].length)
  }
  return {
    text,
    core: rest.trim(),
    at: text.length - text.slice(0, text.length).trimStart().length + (text.trimStart().length - rest.length),
    reply,
    forward,
  }
}
