import { type Expression, type Match, type Pattern, standsForItself } from './expression.ts'

/** Read back as the same without quotes, wherever it stands: no sign of the syntax, no colon, no ".." and no comparison. */
const plain = /^[\p{L}\p{N}_\-/@+=;%&#~$!?{}[\]'^|.]+$/u
const keyword = /^(?:AND|OR|NOT)$/
const plainName = /^[a-z_@][\w.@-]*$/i

/** The expression as text that is read back as the same; what a finding cites and a link opens. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'all':
      return '*'
    case 'text':
      return printPattern(expression.pattern)
    case 'not':
      return `NOT ${bracketed(expression.part, ['and', 'or'])}`
    case 'and':
      return expression.parts.map((part) => bracketed(part, ['or'])).join(' ')
    case 'or':
      return expression.parts.map((part) => bracketed(part, [])).join(' OR ')
    case 'field':
      return printField(printName(expression.field), expression.match)
  }
}

function bracketed(part: Expression, kinds: readonly Expression['kind'][]): string {
  const text = printExpression(part)
  return kinds.includes(part.kind) ? `(${text})` : text
}

function printName(field: string): string {
  return plainName.test(field) ? field : quoted([field])
}

function printField(name: string, match: Match): string {
  const printed = `${name}:${printMatch(match)}`
  // "a" that is "/b" would be read as the drive "a:/b".
  return match.kind === 'is' && standsForItself.test(printed) ? `${name}:${quoted(match.pattern.pieces)}` : printed
}

function printMatch(match: Match): string {
  switch (match.kind) {
    case 'exists':
      return '*'
    case 'is':
      return printPattern(match.pattern)
    case 'in':
      return `(${match.patterns.map(printPattern).join(', ')})`
    case 'compare':
      // ">" and "=1" would be read as ">=" and "1".
      return `${match.comparison}${match.value.startsWith('=') ? quoted([match.value]) : printPattern({ pieces: [match.value] })}`
    case 'range':
      return `${match.from}..${match.to}`
  }
}

function printPattern({ pieces }: Pattern): string {
  const bare = pieces.join('*')
  const isPlain = pieces.every((piece) => piece === '' || plain.test(piece)) && bare !== '' && !bare.includes('..')
  return isPlain && !keyword.test(bare) ? bare : quoted(pieces)
}

function quoted(pieces: readonly string[]): string {
  return `"${pieces.map((piece) => piece.replaceAll(/["\\*]/g, String.raw`\$&`)).join('*')}"`
}
