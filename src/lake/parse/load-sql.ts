/**
 * SQL that turns staged lines into rows of `events`. A load has three steps: its lines are staged (table `stage`, engine Memory, columns
 * line UInt32, source String, peer String, received DateTime64(3,'UTC'), header String, raw String); `recognise` fills a second Memory
 * table with what the syslog header said and which parser reads the line; one INSERT for each parser that is present does the rest.
 */
export type LoadSql = {
  /** CREATE TABLE ... ENGINE = Memory for `recognised`. */
  readonly createRecognised: (recognised: string) => string
  /** INSERT INTO recognised SELECT ... FROM stage. */
  readonly recognise: (tables: { readonly stage: string; readonly recognised: string }) => string
  /** INSERT INTO events SELECT ... FROM recognised WHERE parser = this one; '' is "no parser". `load` is bound as {load:UInt64}. */
  readonly insert: (parserId: string, recognised: string) => string
}
