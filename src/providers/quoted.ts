import type { Line } from './lines.ts'

/**
 * What a line is to the reader. `own`: written for this mail. `forwarded`: another mail that this one carries on purpose.
 * `quoted`: history below or between. `signature`, `boilerplate`: the same in every mail of that sender.
 */
export type LineRole = 'own' | 'forwarded' | 'quoted' | 'signature' | 'boilerplate'
export type MarkedLine = Line & { readonly role: LineRole }

/** The head of a mail that is forwarded in the text ("From: ... Sent: ... To: ... Subject: ..."). */
export type InnerHead = { readonly from: string; readonly subject: string; readonly date: string; readonly to: string }

const replyAbove =
  /(?:#{2,}\s*-?|-{2,}|={2,}|—+)?\s*(?:please\s+)?(?:type|write|reply|add|antworten|bitte|répondez|escriba|responda)[^\n]{0,60}(?:above this line|above the line|oberhalb dieser (?:zeile|linie)|über dieser (?:zeile|linie)|au-dessus de cette ligne|encima de esta línea|por encima de esta línea)/iu
const attribution =
  /^(?:on|am|le|el|il giorno|il|op|den|em|w dniu|em)\b.{4,240}(?:wrote|schrieb|geschrieben|a écrit|écrit|escribió|ha scritto|schreef|skrev|escreveu|napisał)\b.{0,120}:?\s*$/iu
const attributionHead = /^(?:on|am|le|el|il giorno|op|den)\b.{4,160}\d{4}.{0,120}$/iu
const attributionTail = /(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|skrev)\b.{0,120}:\s*$/iu
const originalMark =
  /^[\s>]*-{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|message d['’]origine|message original|mensaje original|messaggio originale|oorspronkelijk bericht|original-nachricht)\s*-{2,}/iu
const forwardMark =
  /^[\s>]*(?:-{2,}\s*(?:forwarded message|weitergeleitete nachricht|message transféré|message transmis|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|forwarded by)[^\n]*|begin forwarded message:|anfang der weitergeleiteten nachricht:|début du message (?:réexpédié|transféré)\s*:|inicio del mensaje reenviado:)/iu
const headLine =
  /^[\s*>]*(from|sent|date|to|cc|subject|reply-to|von|gesendet|datum|an|betreff|de|envoyé|date|à|objet|enviado(?: el)?|fecha|para|asunto|da|inviato|data|a|oggetto|van|verzonden|aan|onderwerp)\s*\*?\s*:\s*\*?\s*(.*)$/iu
const headKinds: Readonly<Record<string, keyof InnerHead>> = {
  from: 'from',
  von: 'from',
  de: 'from',
  da: 'from',
  van: 'from',
  sent: 'date',
  date: 'date',
  gesendet: 'date',
  datum: 'date',
  envoyé: 'date',
  enviado: 'date',
  'enviado el': 'date',
  fecha: 'date',
  inviato: 'date',
  data: 'date',
  verzonden: 'date',
  to: 'to',
  an: 'to',
  à: 'to',
  para: 'to',
  a: 'to',
  aan: 'to',
  subject: 'subject',
  betreff: 'subject',
  objet: 'subject',
  asunto: 'subject',
  oggetto: 'subject',
  onderwerp: 'subject',
}

const signOff =
  /^\s*(?:best|kind|warm|many)?\s*(?:regards|wishes|greetings)\s*[,.!]?\s*$|^\s*(?:thanks|thank you|many thanks|cheers|sincerely|yours sincerely|yours faithfully|mit freundlichen grüßen|mit freundlichen gruessen|freundliche grüße|viele grüße|beste grüße|mfg|lg|gruß|cordialement|bien cordialement|bien à vous|sincères salutations|saludos|saludos cordiales|un saludo|atentamente|cordiali saluti|met vriendelijke groet)\b[^\n:?]{0,30}$/iu
const boilerplate =
  /unsubscribe|abmelden|abbestellen|désabonner|desabonner|darse de baja|cancelar (?:la )?suscripci|manage (?:your )?(?:email )?(?:preferences|notification|subscription)|notification settings|privacy (?:policy|notice|statement)|datenschutz(?:erklärung|hinweise)|politique de confidentialité|política de privacidad|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos|©|\(c\) ?20\d\d|confidentialit(?:y|é)|intended (?:solely |only )?(?:for|recipient)|vertrauliche? informationen|confidential (?:and|information)|if you (?:have received|are not the intended|received this)|wenn sie nicht der richtige|si vous n['’]êtes pas le destinataire|si usted no es el destinatario|do not reply (?:to|directly)|please do not reply|bitte antworten sie nicht|ne pas répondre|no responda a|this (?:is an automated|is an automatically|(?:e-?)?mail (?:was|is) (?:sent|automatically|generated)|message (?:was|is) (?:sent|automatically|generated))|diese (?:e-?mail|nachricht) (?:wurde|ist) automatisch|handelsregister|registergericht|amtsgericht|geschäftsführer|\bHRB ?\d|ust-?id|vat (?:no|id|reg)|registered (?:office|in)|sitz der gesellschaft|powered by|delivered by zendesk|to (?:unsubscribe|view this (?:e-?)?mail)|view (?:this (?:e-?)?mail )?in (?:your )?browser|im browser ansehen|you are receiving this|you received this (?:e-?)?mail|sie erhalten diese|vous recevez ce|recibe este (?:correo|mensaje)|to add (?:additional|more) comments?,? (?:please )?reply|caution: external|external (?:e-?)?mail:|this (?:e-?)?mail originated (?:from )?outside|externe e-?mail|need help\?|questions\?\s+(?:contact|call)|(?:24\/7|24x7) (?:soc )?(?:hotline|phone|support)|hotline:|follow us|folgen sie uns|\bref:msg\d+/iu

/** Lines that are kept for a head block: Outlook writes at most seven. */
const headLinesMax = 9

/** The head block that begins at line `at`, where there is one: a From and two more of date, to, subject, close together. */
function headAt(lines: readonly Line[], at: number): { readonly head: InnerHead; readonly next: number } | null {
  const found: Partial<Record<keyof InnerHead, string>> = {}
  let index = at
  let blanks = 0
  for (; index < lines.length && index < at + headLinesMax; index += 1) {
    const text = lines[index]?.text ?? ''
    if (text.replaceAll(/[\s>]/g, '') === '') {
      blanks += 1
      if (blanks > 1 || found.subject !== undefined) break
      continue
    }
    const match = headLine.exec(text.slice(0, 1000))
    if (match === null) break
    const kind = headKinds[(match[1] ?? '').toLowerCase()]
    if (kind !== undefined && found[kind] === undefined) found[kind] = (match[2] ?? '').trim()
    blanks = 0
  }
  if (found.from === undefined || found.subject === undefined || (found.date === undefined && found.to === undefined))
    return null
  const head = { from: found.from, subject: found.subject, date: found.date ?? '', to: found.to ?? '' }
  return { head, next: index }
}

function isRule(text: string): boolean {
  return /^[\s>]*[_=*-]{10,}\s*$/.test(text)
}

function isAttribution(lines: readonly Line[], at: number): number {
  const text = (lines[at]?.text ?? '').trim()
  if (text.length > 400 || text.length < 8) return 0
  if (attribution.test(text)) return 1
  const next = (lines[at + 1]?.text ?? '').trim()
  return attributionHead.test(text) && next.length < 200 && attributionTail.test(next) ? 2 : 0
}

/** True where the next line that is not blank is quoted with ">": then the answers stand between the quotes. */
function quotesFollow(lines: readonly Line[], from: number): boolean {
  for (let at = from; at < lines.length && at < from + 4; at += 1) {
    const text = (lines[at]?.text ?? '').trim()
    if (text !== '') return text.startsWith('>')
  }
  return false
}

type State = { role: 'own' | 'quoted' | 'forwarded'; heads: InnerHead[] }

/**
 * Says of each line what it is. `forward` is true where the mail's subject says that it carries another on; then the first
 * mail inside is content, and only what that one quotes is history.
 */
export function markLines(
  lines: readonly Line[],
  forward: boolean,
): { readonly lines: readonly MarkedLine[]; readonly inner: InnerHead | null } {
  const roles: LineRole[] = new Array<LineRole>(lines.length).fill('own')
  const state: State = { role: 'own', heads: [] }
  let at = 0
  while (at < lines.length) {
    const taken = mark(lines, at, roles, state, forward)
    at += Math.max(1, taken)
  }
  markSignatures(lines, roles)
  markBoilerplate(lines, roles)
  return {
    lines: lines.map((line, index) => ({ ...line, role: roles[index] ?? 'own' })),
    inner: state.heads[0] ?? null,
  }
}

/** Marks the line at `at` and says how many lines that took. */
function mark(lines: readonly Line[], at: number, roles: LineRole[], state: State, forward: boolean): number {
  const text = lines[at]?.text ?? ''
  const short = text.length > 600 ? text.slice(0, 600) : text
  if (forwardMark.test(short) || originalMark.test(short)) {
    const carries = state.role === 'own' && (forward || forwardMark.test(short))
    state.role = carries ? 'forwarded' : 'quoted'
    roles[at] = 'boilerplate'
    return 1
  }
  const possible = /^[\s*>]*(?:from|von|de|da|van)\b/iu.test(short)
  const block = possible ? headAt(lines, at) : null
  if (block !== null) {
    const first = state.heads.length === 0
    state.heads.push(block.head)
    if (state.role === 'own') state.role = forward ? 'forwarded' : 'quoted'
    else if (!first) state.role = 'quoted'
    for (let index = at; index < block.next; index += 1) roles[index] = 'boilerplate'
    if (isRule(lines[at - 1]?.text ?? '')) roles[at - 1] = 'boilerplate'
    return block.next - at
  }
  const attributed = isAttribution(lines, at)
  if (attributed > 0) {
    const between = quotesFollow(lines, at + attributed)
    if (!between && !(forward && state.role === 'own')) state.role = 'quoted'
    else if (!between) state.role = 'forwarded'
    for (let index = at; index < at + attributed; index += 1) roles[index] = 'boilerplate'
    return attributed
  }
  if (replyAbove.test(short)) roles[at] = 'boilerplate'
  else if (/^\s*>/.test(text) && !(forward && state.role === 'forwarded')) roles[at] = 'quoted'
  else roles[at] = state.role
  return 1
}

/** A signature is short; ten lines after the greeting it is content again (raw events often follow the greeting). */
const signatureLinesMax = 10

function markSignatures(lines: readonly Line[], roles: LineRole[]): void {
  let left = 0
  let until: LineRole | null = null
  for (let at = 0; at < lines.length; at += 1) {
    const text = lines[at]?.text ?? ''
    const role = roles[at] ?? 'own'
    if (left > 0 && role !== until && role !== 'boilerplate') left = 0
    if (/^-- ?$/.test(text) && role !== 'quoted') {
      left = lines.length
      until = role
    } else if (left === 0 && role !== 'quoted' && text.length < 60 && signOff.test(text)) {
      left = signatureLinesMax + 1
      until = role
    }
    if (left === 0) continue
    // A ruled-off section, JSON or a table after the greeting is an appendix, not a signature.
    if (left <= signatureLinesMax && (/^\s*[{[|]|^\s*[-=*#]{3,}|\t/.test(text) || isRule(text))) {
      left = 0
      continue
    }
    if (role !== 'quoted') roles[at] = 'signature'
    left -= 1
  }
}

function markBoilerplate(lines: readonly Line[], roles: LineRole[]): void {
  for (let at = 0; at < lines.length; at += 1) {
    const text = lines[at]?.text ?? ''
    if (roles[at] === 'quoted' || text.length > 3000) continue
    const found = boilerplate.exec(text)
    // A long line that only ends in a footer is a paragraph in which everything was written on one line.
    if (found !== null && (text.length < 250 || found.index < 100)) roles[at] = 'boilerplate'
  }
}
