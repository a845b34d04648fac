import type { Field } from '../model/alert.ts'
import { fieldOf, saysNothing } from './field-words.ts'
import { contentLines, type Matter } from './matter.ts'

const asks =
  /\b(?:please|kindly|could you|can you|would you|we (?:need|ask|request|recommend) (?:you|that you)|we would like|let us know|advise (?:us )?(?:if|whether|how)|do you (?:know|recogni[sz]e|expect)|is (?:this|that|it)\b.{0,80}(?:expected|known|legitimate|authori[sz]ed|intended|planned)|was (?:this|that|it)\b|bitte|können sie|könnten sie|ist (?:dies|das|diese)\b|war (?:dies|das)\b|teilen sie uns|wir bitten|merci de|veuillez|pouvez-vous|pourriez-vous|est-ce que|s'agit-il|por favor|pueden?|podrían?|rogamos|solicitamos|les agradecemos)/iu
const confirms =
  /confirm|verif|validat|advise|let us know|expected|legitimate|authori[sz]ed|known|review and|investigat|respond|tell us|classif|check (?:if|whether|with)|bestätig|prüf|mitteil|teilen sie uns|bekannt|beabsichtigt|erwartet|legitim|geplant|confirmer|vérifier|indiquer|légitime|attendu|prévu|connu|confirm[ea]|verificar|verifiqu|indi(?:car|que)|esperad|legítim|autorizad/iu
/** What every mail of theirs asks: that is no question about this alert. */
const idle =
  /(?:questions?|fragen|preguntas)\s*\?\s*(?:contact|call|please|reach|wenden|$)|any (?:further )?questions|do not hesitate|feel free|contact (?:us|the soc)|zögern sie nicht|bei fragen|n'hésitez pas|no dude en|do not reply|nicht antworten|log ?in to|view (?:the|this)|click|rate |survey|feedback on our|how (?:did|would) (?:we|you)|need help|unsubscribe|reply above|above this line|keep the subject|quote the|please find|please note|bitte beachten|veuillez trouver/iu

/** A sentence longer than this is a paragraph that lost its stops. */
const sentenceCharactersMax = 500

type Sentence = { readonly text: string; readonly start: number }

/** Sentences of a paragraph whose lines may be wrapped. */
function sentences(text: string, start: number): readonly Sentence[] {
  const found: Sentence[] = []
  for (const match of text.matchAll(/[^.!?\n]?(?:[^.!?]|[.!?](?=[^\s"')\]]))*(?:[.!?]+["')\]]*|$)/gu)) {
    const trimmedText = match[0].trim()
    if (trimmedText !== '')
      found.push({ text: trimmedText, start: start + match.index + match[0].indexOf(trimmedText) })
    if (found.length > 400) break
  }
  return found
}

function score(sentence: string): number {
  if (sentence.length > sentenceCharactersMax || sentence.length < 8) return 0
  const marked = /\?["')\]]*$/.test(sentence) && !/https?:\/\/\S*\?\S*$/.test(sentence)
  let points = (marked ? 2 : 0) + (asks.test(sentence) ? 1 : 0) + (confirms.test(sentence) ? 2 : 0)
  if (/\b(?:whether|if|ob|si)\b/iu.test(sentence) && points >= 3) points += 1
  return idle.test(sentence) ? 0 : points
}

/** What they ask us, in their words: the sentence that asks most plainly, else the field that says so; null where nothing is asked. */
export function questionIn(matter: Matter): Field | null {
  let best: { field: Field; points: number } | null = null
  for (const page of matter.pages) {
    if (page.attachment || page.json !== null) continue
    for (const block of blocksOf(page.text, contentLines(page))) {
      for (const { text, start } of sentences(block.text, block.start)) {
        const points = score(text)
        if (points < 3 || (best !== null && points <= best.points)) continue
        const label = /^(?:\p{L}{3,20}|[\p{L} ]{3,30}(?=: (?:\p{Lu}|¿))):\s+/u.exec(text)?.[0].length ?? 0
        best = {
          field: {
            value: text.slice(label).replaceAll(/\s+/g, ' '),
            span: { part: page.part, start: start + label, end: start + text.length },
          },
          points,
        }
      }
    }
  }
  if (best !== null) return best.field
  const named = matter.pairs.find(
    (pair) =>
      fieldOf(pair.name)?.field === 'question' &&
      !saysNothing(pair.value) &&
      pair.value.length > 12 &&
      !/^(?:no|none|nein|non)\b/i.test(pair.value),
  )
  return named === undefined ? null : { value: named.value.replaceAll(/\s+/g, ' '), span: named.span }
}

/** Paragraphs: neighbouring content lines, as one stretch of the part's own text so that offsets hold. */
function blocksOf(
  text: string,
  lines: readonly { readonly text: string; readonly start: number; readonly end: number }[],
): readonly Sentence[] {
  const blocks: { start: number; end: number; row: boolean }[] = []
  for (const line of lines) {
    const last = blocks.at(-1)
    const bulleted = /^\s*(?:[-*•·]|\d+[.)])\s/.test(line.text) || line.text.includes('\t')
    if (line.text.trim() === '') {
      blocks.push({ start: line.end, end: line.end, row: false })
    } else if (last !== undefined && !bulleted && !last.row && last.end > last.start && line.start - last.end <= 2)
      last.end = line.end
    else blocks.push({ start: line.start, end: line.end, row: line.text.includes('\t') })
  }
  return blocks
    .filter((block) => block.end > block.start)
    .map((block) => ({ text: text.slice(block.start, block.end), start: block.start }))
}
