/** What Unicode says is not to be shown: zero-width signs, soft hyphens, selectors, marks of direction. */
const invisible = /^[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]$/u

/** Letters that look like Latin ones (Unicode's confusables, the ones that fonts draw alike). */
const alike: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...[
      'аa',
      'еe',
      'оo',
      'рp',
      'сc',
      'уy',
      'хx',
      'іi',
      'ѕs',
      'јj',
      'ԁd',
      'һh',
      'ӏl',
      'ԛq',
      'ԝw',
      'кk',
      'мm',
      'тt',
      'вb',
      'нh',
      'гr',
      'пn',
      'ѵv',
      'ґr',
    ],
    ...[
      'АA',
      'ВB',
      'ЕE',
      'КK',
      'МM',
      'НH',
      'ОO',
      'РP',
      'СC',
      'ТT',
      'ХX',
      'ІI',
      'ЅS',
      'ЈJ',
      'УY',
      'ԌG',
      'ԜW',
      'ҮY',
      'ѴV',
    ],
    ...['αa', 'εe', 'οo', 'ρp', 'υu', 'νv', 'ιi', 'κk', 'τt', 'χx', 'γy', 'ηn', 'ωw', 'σo', 'ϲc', 'ϳj'],
    ...['ΑA', 'ΒB', 'ΕE', 'ΖZ', 'ΗH', 'ΙI', 'ΚK', 'ΜM', 'ΝN', 'ΟO', 'ΡP', 'ΤT', 'ΥY', 'ΧX'],
    ...[
      'ıi',
      'ɑa',
      'ɡg',
      'ꓲl',
      '∕/',
      '⁄/',
      '․.',
      '。.',
      '｡.',
      '·.',
      '•.',
      '‐-',
      '‑-',
      '‒-',
      '–-',
      '−-',
      '：:',
      '꞉:',
      '∶:',
      '＠@',
      '﹫@',
    ],
    // Small capitals, and letters of Armenian and Cherokee.
    ...pairs('ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ', 'abcdefghijklmnopqrstuvwyz'),
    ...pairs('օհոսցզ', 'ohnugq'),
    ...pairs('ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᏔᏃ', 'ABCDEGHJKLMPRSTVWZ'),
  ].map((pair) => [[...pair][0] ?? '', [...pair][1] ?? '']),
)

function pairs(letters: string, plain: string): string[] {
  return [...letters].map((letter, at) => letter + plain.charAt(at))
}

/** Letters in filled circles and squares, and those that make flags: Unicode gives them no plain form. Each block is A to Z. */
const enclosedFrom = [0x1f150, 0x1f170, 0x1f1e6]
function enclosed(unit: string): string | null {
  const point = unit.codePointAt(0) ?? 0
  const from = enclosedFrom.find((one) => point >= one && point < one + 26)
  return from === undefined ? null : String.fromCharCode(0x41 + point - from)
}

/** A mark over or through a letter that makes no other letter of it: words that are struck out or underlined. */
const overlays = [
  [0x0300, 0x036f],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x20d0, 0x20ff],
  [0xfe20, 0xfe2f],
] as const
function isOverlay(unit: string): boolean {
  const point = unit.codePointAt(0) ?? 0
  return point >= 0x0300 && overlays.some(([from, to]) => point >= from && point <= to)
}

/** A letter as it is read: look-alike, full-width and ornamental ones as plain ones, "" for what nobody sees. */
export function asPlainLetter(unit: string): string {
  if (invisible.test(unit) || isOverlay(unit)) return ''
  // Letters with their marks stay: "ü" is one letter in both forms, and names are listed with them.
  const plain = unit < '\u0080' ? unit : (alike[unit] ?? enclosed(unit) ?? unit.normalize('NFKC'))
  return [...plain].map((one) => alike[one] ?? one).join('')
}
