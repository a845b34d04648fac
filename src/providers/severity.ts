import type { Severity } from '../model/alert.ts'

const table: readonly (readonly [Severity, RegExp])[] = [
  [
    'informational',
    /^(?:info|informational|information|informativ|informatif|informative|informativa|informativo|informacion|none|benign|green|grün|vert|verde|hinweis|notice)$/,
  ],
  [
    'low',
    /^(?:low|lo|minor|niedrig|gering|leicht|faible|bas|basse|mineur|mineure|baja|bajo|leve|bassa|laag|blue|blau)$/,
  ],
  [
    'medium',
    /^(?:medium|med|moderate|mid|mittel|mittlere|mittlerer|maßig|moyen|moyenne|modere|moderee|media|medio|moderada|moderado|gemiddeld|yellow|gelb|jaune|amarillo|warning|warnung)$/,
  ],
  [
    'high',
    /^(?:high|hi|major|hoch|hohe|hoher|schwer|eleve|elevee|haut|haute|important|importante|majeur|majeure|alta|alto|grave|hoog|orange|naranja|serious|severe)$/,
  ],
  [
    'critical',
    /^(?:critical|crit|kritisch|critique|critica|critico|kritiek|emergency|notfall|urgent|dringend|urgente|very high|sehr hoch|tres eleve|tres elevee|muy alta|red|rot|rouge|rojo)$/,
  ],
]

const numbered: Readonly<Record<string, Severity>> = {
  '0': 'critical',
  '1': 'critical',
  '2': 'high',
  '3': 'medium',
  '4': 'low',
  '5': 'informational',
}

function plain(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().trim()
}

/**
 * Their word for how bad it is, as one of ours. P1..P5 and Sev1..Sev5 count down, "7/10" and "72 / 100" count up. A bare
 * number of 1, 2, 4 or 5 is `unknown`: scales run both ways and the mail does not say which.
 */
export function severityOf(text: string): Severity {
  const words = plain(text)
  const scale = /(\d{1,3}(?:[.,]\d+)?)\s*(?:\/|out of|von|sur|de)\s*(10|100)\b/.exec(words)
  if (scale !== null) return onTen((Number((scale[1] ?? '0').replace(',', '.')) / Number(scale[2])) * 10)
  for (const word of words.split(/[^\p{L}\p{N}]+/u)) {
    const named = table.find(([, pattern]) => pattern.test(word))
    if (named !== undefined) return named[0]
  }
  if (table[4]?.[1].test(words) === true) return 'critical'
  const counted = /\b(?:p|prio|priority|sev|severity|s|level|stufe|prioritat)[\s:-]*([0-5])\b/.exec(words)
  if (counted !== null) return numbered[counted[1] ?? ''] ?? 'unknown'
  const bare = /^(\d{1,3})(?:\.\d+)?$/.exec(words)
  if (bare === null) return 'unknown'
  const number = Number(bare[1])
  if (number === 3) return 'medium'
  return number >= 6 ? onTen(number > 10 ? number / 10 : number) : 'unknown'
}

function onTen(score: number): Severity {
  if (score >= 9) return 'critical'
  if (score >= 7) return 'high'
  if (score >= 4) return 'medium'
  return score > 0 ? 'low' : 'informational'
}

/** A severity said in a subject ("[High]", "P2 -", "Severity: Critical", "Critical:", "Schweregrad hoch"), with its place. */
export function severityIn(subject: string): { readonly text: string; readonly start: number } | null {
  const patterns = [
    /(?:severity|sev|schweregrad|gravité|sévérité|severidad|gravedad|priority|priorität|priorité|prioridad|prio)\s*[:=-]?\s*(\p{L}+|[0-5]\b)/iu,
    /(?:^|[\s[(|,:-])((?:very )?(?:critical|high|medium|moderate|low|informational|kritisch|hoch|mittel|niedrig|gering|critique|élevée?|moyenne?|faible|crítica|crítico|alta|media|baja))(?:[\s-]+(?:severity|priority|risk|prio|schweregrad|priorität|alert|alarm|incident|gravité|threat))/iu,
    /(?:^|[\s[(|,:-])([PS][0-5]|Sev-?[0-5]|Prio ?[0-5])(?=$|[\s\])|,:-])/u,
    /[[(|]\s*(critical|high|medium|moderate|low|informational|info|kritisch|hoch|mittel|niedrig|gering|critique|élevée?|moyenne?|faible|crítica|alta|media|baja)\s*[\])|]/iu,
    /^(critical|high|medium|low|informational|kritisch|hoch|mittel|niedrig|critique|élevée?|moyenne?|faible|crítica|alta|media|baja)\s*(?:[:|]|[-–—]\s)/iu,
    /(?:[:|]|\s[-–—])\s*(critical|high|medium|low|informational|kritisch|hoch|mittel|niedrig|critique|élevée?|faible|crítica|alta|media|baja)\s*(?:$|[:|]|[-–—]\s)/iu,
  ]
  for (const pattern of patterns) {
    const match = pattern.exec(subject)
    const word = match?.[1]
    if (match === null || word === undefined) continue
    const text = /^[0-5]$/.test(word) ? `P${word}` : word
    if (severityOf(text) !== 'unknown') return { text: word, start: match.index + match[0].lastIndexOf(word) }
  }
  return null
}
