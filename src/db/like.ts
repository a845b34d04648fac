/** The pattern of LIKE for texts that have this one in them, taken letter by letter. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`
}
