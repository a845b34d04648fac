/** A query with its named places: what the database gets, and the name of each place in order. */
export type Placed = { readonly text: string; readonly names: readonly string[] }

export type Dialect = 'postgresql' | 'mariadb'

/**
 * Puts the dialect's own places where `:name` stands; texts, quoted names, comments and casts (`::text`) stay as they are. A value is
 * never part of the text. Throws for a second statement, and for what is no query.
 */
export function placed(sql: string, dialect: Dialect): Placed {
  const names: string[] = []
  const text = sql.trim().replace(/;\s*$/, '')
  let done = ''
  for (const piece of pieces(text, dialect)) {
    if (piece.kind !== 'code') {
      done += piece.text
      continue
    }
    if (piece.text.includes(';')) throw new Error('one statement is one question; there is a ";" in it')
    done += piece.text.replaceAll(
      /(::)|(?<![\w:]):([A-Za-z_]\w*)/g,
      (whole, cast: string | undefined, name: string) => {
        if (cast !== undefined) return whole
        if (dialect === 'mariadb') {
          names.push(name)
          return '?'
        }
        const at = names.indexOf(name)
        if (at === -1) names.push(name)
        return `$${at === -1 ? names.length : at + 1}`
      },
    )
  }
  if (!/^\s*(?:select|with|values|table)\b/i.test(withoutComments(text, dialect)))
    throw new Error('it is no query: it begins with SELECT, WITH, VALUES or TABLE')
  return { text: done, names }
}

type Piece = { readonly kind: 'code' | 'quoted' | 'comment'; readonly text: string }

/** Quoted things and comments of both dialects, as their lexers end them. */
const quotedIn: Record<Dialect, RegExp> = {
  postgresql:
    /(?<quoted>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>[A-Za-z_]\w*)?\$[\s\S]*?\$\k<tag>\$)|(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)/g,
  mariadb:
    /(?<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`)|(?<comment>--[ \t\n][^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/g,
}

function pieces(text: string, dialect: Dialect): readonly Piece[] {
  const all: Piece[] = []
  let from = 0
  for (const match of text.matchAll(quotedIn[dialect])) {
    all.push({ kind: 'code', text: text.slice(from, match.index) })
    // MariaDB runs what stands in /*! */.
    if (match[0].startsWith('/*!') || match[0].startsWith('/*M!'))
      throw new Error('a comment that is run has no place in a question')
    all.push({ kind: match.groups?.['quoted'] === undefined ? 'comment' : 'quoted', text: match[0] })
    from = match.index + match[0].length
  }
  return [...all, { kind: 'code', text: text.slice(from) }]
}

function withoutComments(text: string, dialect: Dialect): string {
  return pieces(text, dialect)
    .filter(({ kind }) => kind !== 'comment')
    .map((piece) => piece.text)
    .join(' ')
}
