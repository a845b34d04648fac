import { severityOf } from './severity.ts'

/** Words of a subject that name no rule. */
const generic = [
  /^(?:new|neu|neue[rs]?|nouveau|nouvelle|nuev[oa])?\s*(?:mdr|soc|siem|edr|xdr|managed|cyber|it|security|sicherheits|informations?sicherheits)?[\s-]*(?:security|threat|sicherheits|managed)?[\s-]*(?:alert|alarm|incident|notification|notice|detection|case|ticket|event|warning|offense|finding|escalation|investigation|vorfall|meldung|warnung|alarmmeldung|hinweis|benachrichtigung|incidente|alerte|alerta|aviso|notificaci[oó]n|évènement|événement|request|message)s?\s*(?:alert|notification|raised|opened|created|detected|report|update|escalated|erstellt|eröffnet|gemeldet|créée?|ouvert|creado|creada|abierto)?(?:\s+(?:de|der|von|from|by|aus)\s+.{0,30})?$/iu,
  /^(?:alerte|incident|alerta|incidente|aviso|notification|notificación)\s+(?:de\s+)?(?:la\s+)?(?:sécurité|seguridad|soc)$/iu,
  /^(?:re)?(?:new|open|opened|closed|resolved|update|updated|escalated|escalation|reminder|pending|in progress|on hold|action required|action needed|attention|urgent|important|fyi|final|follow[- ]?up|status update|customer action required|response required|awaiting (?:your )?(?:response|feedback|customer)|neu|offen|geschlossen|gelöst|aktualisiert|aktualisierung|erinnerung|rückfrage|dringend|wichtig|ouvert|clôturée?|fermée?|résolue?|mise à jour|rappel|relance|nuevo|nueva|abierto|cerrad[oa]|resuelt[oa]|actualizaci[oó]n|actualizad[oa]|recordatorio|urgente|false positive|true positive)$/iu,
  /^(?:tlp|severity|schweregrad|priority|priorität|gravité|severidad|prioridad|prio|sev|status|kunde|customer|client|cliente|mandant|tenant|ticket|case|incident|host|user|source|id|ref|reference|alert id)\b[\s:=#-]*[\w.#-]*$/iu,
  /^\d{4}-\d\d-\d\d(?:[ t]\d\d:\d\d.*)?$/iu,
  /^[\d\s#./:-]+$/u,
]

const systemAlert = /^[\p{L}\d][\w.-]*(?:\s[\w.-]+){0,2}\s(?:alert|alarm|notification|incident|case|ticket)$/iu

function isSeverity(segment: string): boolean {
  const words = segment
    .replaceAll(
      /\b(?:severity|priority|prio|risk|alert|alarm|level|schweregrad|priorität|gravité|priorité|severidad|prioridad)\b|[[\](){}#:]/giu,
      ' ',
    )
    .trim()
  return (
    words !== '' &&
    words.split(/\s+/).length <= 2 &&
    /^[\p{L}\d\s-]+$/u.test(words) &&
    severityOf(words) !== 'unknown' &&
    words.length < 20 &&
    words.split(/\s+/).every((word) => severityOf(word) !== 'unknown' || /^(?:very|sehr|très|muy|sev|p)$/i.test(word))
  )
}

export type TitleHints = {
  /** The ticket as it stands in the subject. */
  readonly ticket: string | null
  /** Hosts, accounts, addresses: cut off, for they are what it is about and not the rule. */
  readonly entities: readonly string[]
  /** Names of the sender and the recipient ("Acme MDR", "nordhaven"). */
  readonly parties: readonly string[]
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

const joints =
  'on|for|from|by|at|against|to|involving|targeting|within|in|via|of|with|auf|für|von|bei|an|gegen|durch|sur|pour|de|du|par|depuis|vers|chez|en|desde|hacia|por|para|contra|del|a|op|voor|door'
const things =
  'the|our|your|host|hosts|hostname|user|users|device|account|endpoint|machine|server|workstation|asset|ip|ips|address|computer|client|laptop|domain|source|destination|benutzer|konto|gerät|rechner|system|host|server|poste|utilisateur|compte|serveur|hôte|equipo|usuario|cuenta|servidor|mailbox|account'

function withoutEntity(text: string, entity: string): string {
  if (entity.length < 3) return text
  const before = `(?:[\\s,;:–—-]*(?:\\b(?:inbound|outbound)\\s+)?\\b(?:${joints})\\s+(?:(?:${things})\\s+){0,3}|[\\s,;:–—-]+(?:(?:host|user|device|account|benutzer|konto|utilisateur|usuario)\\s*[:=]?\\s*)?)?`
  const pattern = new RegExp(
    `${before}[("'\\[„“«]?(?<![\\w@\\\\.-])(?:[\\w.-]+\\\\)?${escaped(entity)}(?:\\.[\\w.-]+|@[\\w.-]+|:\\d+)?(?![\\w-])[)"'\\]”“»]?`,
    'giu',
  )
  return text.replace(pattern, ' ')
}

/** Tails by their shape, for subjects whose host or user no field names. */
const tail = new RegExp(
  `\\s+(?:${joints})\\s+(?:(?:${things})\\s+){0,3}["'(]?(?:[\\w.+-]+@[\\w.-]+|\\d{1,3}(?:\\.\\d{1,3}){3}(?:[:/]\\d+)?|[\\w.-]+\\\\[\\w.$-]+|[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-?\\d[A-Z0-9]*(?:\\.[\\w.-]+)?|[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)+|[a-z][\\w-]*[\\d-][\\w-]*(?:\\.[\\w-]+)+)["')]?\\s*$`,
  'u',
)

/** Subjects longer than this are cut; a rule's name never is that long. */
const titleCharactersMax = 300

/** The rule that a title names: without ticket, severity, status, names of the parties, and what it is about. Null where nothing is left. */
export function ruleInTitle(title: string, hints: TitleHints): string | null {
  let text = ` ${title.slice(0, titleCharactersMax)} `
  if (hints.ticket !== null) {
    text = text.replace(
      new RegExp(
        `[\\[(]\\s*[^\\][()]{0,40}${escaped(hints.ticket)}\\s*[^\\][()]{0,10}[\\])]|(?:(?:ticket|case|incident|alert|request|vorfall|vorgang|fall|caso|dossier|reference|ref|detection|workbench)\\s*(?:id|number|no\\.?|nr\\.?|n°|nummer)?\\s*[:#-]*\\s*)?#?${escaped(hints.ticket)}`,
        'giu',
      ),
      ' | ',
    )
  }
  text = text.replaceAll(/\[[^\][]{0,40}\]|\{[^{}]{0,40}\}/gu, ' | ')
  for (const entity of [...hints.entities].sort((a, b) => b.length - a.length)) text = withoutEntity(text, entity)
  const parties = hints.parties.map((party) => party.toLowerCase()).filter((party) => party.length > 2)
  const kept: { text: string; at: number; end: number }[] = []
  let from = 0
  for (const hit of [
    ...text.matchAll(/\s+[-–—]+(?=\s)|\s*[|•·»>]+\s*|:\s+|;\s+|\s\/\s|,\s+(?=\p{Lu})/gu),
    { index: text.length, 0: '' },
  ]) {
    const raw = text
      .slice(from, hit.index)
      .trim()
      .replaceAll(/^["'“”„«»(\s–—-]+|["'“”«»\s]+$/gu, '')
    const low = raw.toLowerCase()
    const party = parties.some(
      (name) =>
        low === name ||
        (low.startsWith(name) && low.length <= name.length + 24 && !/detect|suspicious|malware|login/.test(low)),
    )
    if (
      raw.length > 1 &&
      /\p{L}{2}/u.test(raw) &&
      !party &&
      !isSeverity(raw) &&
      !generic.some((pattern) => pattern.test(raw))
    )
      kept.push({ text: raw, at: from, end: hit.index })
    from = hit.index + hit[0].length
  }
  // "Splunk alert: X" names the system; alone it would be all there is.
  const named = kept.filter(({ text: piece }) => !systemAlert.test(piece))
  if (named.length > 0) kept.splice(0, kept.length, ...named)
  if (kept.length === 0) return null
  // Neighbours stay together with what stood between them ("AWS: root login"); the longest run is the name.
  const runs: { at: number; end: number }[] = []
  for (const piece of kept) {
    const last = runs.at(-1)
    const gap = last === undefined ? '' : text.slice(last.end, piece.at)
    if (last !== undefined && gap.length <= 4 && !gap.includes('|')) last.end = piece.end
    else runs.push({ at: piece.at, end: piece.end })
  }
  const best = runs
    .map((run) => text.slice(run.at, run.end))
    .reduce((a, b) => (b.trim().length > a.trim().length ? b : a))
  return polished(best)
}

function polished(text: string): string | null {
  let name = text.replaceAll(/\s+/g, ' ').trim()
  for (let count = 0; count < 3; count += 1) name = name.replace(tail, '')
  name = name
    .replace(
      /^(?:critical|high|medium|low|informational|kritisch|hoch|mittel|niedrig)[\s-]+(?:severity|priority|risk)\s+(?:alert|incident|threat|detection)?\s*[:-]?\s*/iu,
      '',
    )
    .replace(
      /^(?:new|neue[rs]?|nouvelle?|nuev[oa])\s+(?:security\s+)?(?:alert|incident|detection|vorfall|alerte|alerta)\s*(?:for|:|-)?\s+(?=\S)/iu,
      '',
    )
    .replace(
      /\s*[([]\s*(?:critical|high|medium|low|informational|info|p[1-5]|sev ?[0-5]|kritisch|hoch|mittel|niedrig)\s*[)\]]\s*/giu,
      ' ',
    )
    .replaceAll(/\(\s*\)|\[\s*\]|"\s*"/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[\s\-–—|:;,.•>]+|[\s\-–—|:;,•>]+$/gu, '')
    .replace(new RegExp(`\\s+(?:${joints})$`, 'iu'), '')
    .trim()
  if (/^"[^"]+"$|^'[^']+'$/.test(name)) name = name.slice(1, -1)
  return name.length > 2 && /\p{L}{2}/u.test(name) ? name : null
}

/** A rule's name without the hosts, accounts and addresses that a template hung on it. */
export function withoutEntities(rule: string, entities: readonly string[]): string {
  const inside = entities.filter((entity) => entity.length > 2 && rule.toLowerCase().includes(entity.toLowerCase()))
  if (inside.length === 0) return rule
  let text = rule
  for (const entity of [...inside].sort((a, b) => b.length - a.length)) text = withoutEntity(text, entity)
  return polished(text) ?? rule
}
