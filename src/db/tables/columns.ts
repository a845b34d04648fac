import type { ColumnType } from 'kysely'

/** timestamptz: read as Date, written as Date or ISO 8601. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>
export type TimestampOrNull = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
export type TimestampByDefault = ColumnType<Date, Date | string | undefined, Date | string>
/** jsonb: read as whatever it holds (parse it with its schema), written as JSON text by `jsonb()` of db/jsonb.ts. */
export type Jsonb = ColumnType<unknown, string, string>
export type JsonbOrNull = ColumnType<unknown, string | null | undefined, string | null>
export type JsonbByDefault = ColumnType<unknown, string | undefined, string>
/** text[] with an empty default. */
export type Texts = ColumnType<string[], string[] | undefined, string[]>
/** bigint: pg reads it as text, so that nothing is rounded. */
export type Bigint = ColumnType<string, string | number | bigint, string | number | bigint>
export type BigintByDefault = ColumnType<string, string | number | bigint | undefined, string | number | bigint>
export type OrNull<T> = ColumnType<T | null, T | null | undefined, T | null>
