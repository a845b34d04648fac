import { type Found, placesOf } from './found.ts'

const iban = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g
const card = /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])/g
const internationalPhone = /(?<![\w+])(?:\+|00)[1-9]\d{0,2}(?:[ ./()-]{0,3}\d){6,13}(?!\d)/g
const nationalPhone = /(?<![\w.:/-])\(?0[1-9]\d{1,4}\)?[ /-]{1,3}\d(?:[ -]?\d){3,9}(?![\d.:-])/g
const labelledPhone =
  /\b(?:tel(?:ephone|efon)?|phone|mobile?|handy|cell|fax|call(?: me)? (?:at|on)|durchwahl|rufnummer)\.?\s{0,3}(?:number|nummer|no\.?|nr\.?)?\s{0,3}[:=]?\s{0,3}(?<it>[+(]{0,2}\d(?:[ ./()-]{0,3}\d){4,14})/gi
const birth =
  /\b(?:born(?: on)?|date of birth|birth ?date|birthday|d\.?o\.?b\.?|geboren(?: am)?|geb\.|geburtsdatum|geburtstag)\s{0,3}[:=]?\s{0,3}(?<it>\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}\.? ?\p{L}{3,9}\.?,? \d{4})/giu
const socialSecurity = /(?<![\w-])(?:\d{3}-\d{2}-\d{4}|\d{2} ?[0-3]\d[01]\d\d{2} ?[A-Z] ?\d{3})(?![\w-])/g
const passport =
  /\b(?:passport|ausweis|id ?card|personalausweis|reisepass|personal(?:nummer|nr\.?)|employee (?:id|number)|mitarbeiternummer|steuer-?id)\s{0,3}(?:number|nummer|no\.?|nr\.?)?\s{0,3}[:=]?\s{0,3}(?<it>[A-Z0-9]{0,4}\d[A-Z0-9-]{3,14})/gi

/** ISO 13616: the country and check digits go to the end, letters count from 10, and the whole is 1 modulo 97. */
export function isIban(text: string): boolean {
  const bare = text.replace(/ /g, '')
  if (bare.length < 15 || bare.length > 34) return false
  let rest = 0
  for (const unit of bare.slice(4) + bare.slice(0, 4)) {
    const value = Number.parseInt(unit, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** ISO/IEC 7812: every second digit from the right counts double, the sum is a multiple of ten. */
export function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, '')
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits.charAt(digits.length - 1 - i))
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** First digits that card networks have: a ticket number passes Luhn in one case of ten. */
const cardPrefix = /^(?:4|5[1-5]|2[2-7]|3[47]|3[068]|6(?:011|4|5|2)|35)/

/** Stems of words that speak of employment and of health, English and German; a stem covers its endings. */
// biome-ignore format: a table reads better in few lines
const employment = [
  'dismiss(?:al|ed)', 'termination of (?:his|her|their|the) (?:contract|employment)', '(?:was|were|got|been|being|getting) fired', 'laid off', 'lay-?offs?', 'resign(?:ed|ation)', 'notice period',
  'disciplinary', 'written warning', 'formal warning', 'works council', 'salary', 'payroll', 'bonus payment', 'performance review', 'personnel file',
  'probation(?:ary)?', 'parental leave', 'maternity leave', 'paternity leave', 'grievance', 'harass(?:ment|ed)', 'misconduct', 'human resources', 'union member\\w*',
  'kündig\\w*', 'gekündigt', 'abmahnung\\w*', 'abgemahnt', 'entlass(?:en|ung)\\w*', 'freigestellt', 'freistellung', 'betriebsrat\\w*', 'personalrat\\w*',
  'personalakte\\w*', 'personalabteilung', 'gehalt(?:s\\w*)?', 'gehälter\\w*', 'lohnabrechnung', 'probezeit', 'elternzeit', 'mutterschutz', 'disziplinar\\w*', 'belästigung', 'gewerkschaft\\w*',
  'licenciement\\w*', 'licencié\\w*', 'arrêt de travail', 'mise à pied', 'bulletin de paie', 'salaire\\w*', 'démission\\w*', 'congé maternité', 'congé parental', 'ressources humaines', 'syndicat\\w*',
  'despid(?:o|os|ido|ida)', 'nómina', 'sueldo', 'salario', 'baja maternal', 'recursos humanos', 'sindicato', 'dimisión', 'expediente disciplinario',
  'licenziament\\w*', 'licenziat\\w*', 'stipendio', 'busta paga', 'dimissioni', 'maternità', 'risorse umane', 'sindacato',
  'ontslag\\w*', 'ontslagen', 'salaris\\w*', 'loonstrook', 'ondernemingsraad', 'zwangerschapsverlof', 'personeelsdossier', 'vakbond',
  'zwolnien(?:ie|ia) z pracy', 'zwolniony', 'zwolniona', 'wynagrodzeni\\w*', 'urlop macierzyński', 'akta osobowe', 'nagana',
]
// biome-ignore format: a table reads better in few lines
const health = [
  'sick (?:leave|note|day|days)', 'is sick', 'was sick', 'ill(?:ness)?', 'diagnos(?:is|ed)', 'pregnan(?:t|cy)', 'disabilit(?:y|ies)', 'burn-?out', 'depress(?:ion|ed)',
  'therapy', 'rehab(?:ilitation)?', 'hospital(?:i[sz]ed)?', 'surgery', 'cancer', 'medication', 'medical (?:leave|condition|certificate|record|records|appointment)', 'mental health', 'addict(?:ed|ion)',
  'krank', 'erkrank\\w*', 'krankheit\\w*', 'krankmeldung\\w*', 'krankgeschrieben', 'krankenhaus\\w*', 'krankenschein', 'arbeitsunfähig\\w*', 'au-bescheinigung', 'diagnose\\w*', 'schwanger\\w*',
  'schwerbehinder\\w*', 'behinderung', 'depression\\w*', 'therapie', 'reha', 'operiert', 'krebs', 'medikament\\w*', 'sucht', 'psychisch\\w*', 'wiedereingliederung',
  'arrêt maladie', 'congé maladie', 'maladie', 'malade', 'enceinte', 'hospitalisé\\w*', 'hôpital', 'dépression', 'handicap\\w*', 'diagnostic médical', 'certificat médical',
  'baja médica', 'baja por enfermedad', 'enfermedad', 'enferm[oa]', 'embarazad[ao]', 'hospitalizad[ao]', 'depresión', 'discapacidad', 'certificado médico',
  'malattia', 'malat[oa]', 'in gravidanza', 'incinta', 'ricoverat[oa]', 'ospedale', 'depressione', 'disabilità', 'certificato medico',
  'ziek', 'ziekte\\w*', 'ziekteverlof', 'ziekgemeld', 'zwanger\\w*', 'ziekenhuis', 'overspannen', 'arbeidsongeschikt\\w*',
  'zwolnienie lekarskie', 'chorob\\w*', 'chor[ya]', 'w ciąży', 'szpital\\w*', 'niepełnosprawn\\w*', 'depresj\\w*',
]
const words = (stems: readonly string[]) =>
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${stems.join('|')})(?![\\p{L}\\p{N}])`, 'giu')
const employmentWords = words(employment)
const healthWords = words(health)

/** What tells of a person's private life, contract or health. */
export function findPersonal(text: string): Found[] {
  const personal = (what: string, confidence: number) => () =>
    ({ class: 'personal', reason: what, confidence }) as const
  return [
    ...placesOf(text, iban, (match) =>
      isIban(match[0]) ? { class: 'personal', reason: 'A bank account (IBAN)', confidence: 0.99 } : null,
    ),
    ...placesOf(text, card, (match) =>
      cardPrefix.test(match[0].replace(/\D/g, '')) && passesLuhn(match[0])
        ? { class: 'personal', reason: 'A card number', confidence: 0.9 }
        : null,
    ),
    ...placesOf(text, internationalPhone, personal('A phone number', 0.8)),
    ...placesOf(text, nationalPhone, personal('Looks like a phone number', 0.6)),
    ...placesOf(text, labelledPhone, personal('A phone number', 0.9)),
    ...placesOf(text, birth, personal('A date of birth', 0.95)),
    ...placesOf(text, socialSecurity, personal('Looks like a social security number', 0.7)),
    ...placesOf(text, passport, personal('The number of a document or of an employee', 0.75)),
    ...placesOf(text, employmentWords, () => ({ class: 'hr', reason: 'Speaks of employment', confidence: 0.7 })),
    ...placesOf(text, healthWords, () => ({ class: 'health', reason: 'Speaks of health', confidence: 0.75 })),
  ]
}
