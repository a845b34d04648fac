/** Longest header block that is read. mailauth is quadratic on folded headers: 10,000 recipients (300 KB) cost 0.5 s, 40,000 cost 15 s. */
export const headerBytesMax = 256 * 1024

/** Header lines that are verified. 60,000 folds in 240 KB take mailauth 14 s, 5,000 take 0.1 s; a mail to 500 people has about 600. */
export const headerLinesMax = 5000

/** Header block of one MIME part. Real ones are below 2 KB. */
export const partHeaderBytesMax = 64 * 1024

/** Signatures that are checked. Each costs a DNS look-up; a mail that went through three forwarders has about eight. */
export const signaturesMax = 20

/** MIME parts that are read. Real alert mails have fewer than 30. */
export const partsMax = 1000

/** Nesting of multiparts and forwarded mails. */
export const depthMax = 20

/** HTML that is turned into text; the rest is cut and said so. */
export const htmlBytesMax = 2 * 1024 * 1024

/** Plain text of one body part that is kept. */
export const textBytesMax = 4 * 1024 * 1024

/** Text or JSON attachment that is read as text; larger ones stay attachments only. */
export const textAttachmentBytesMax = 1024 * 1024

/** All text of one letter together, so that its row stays small enough for PostgreSQL's JSON. */
export const lettersCharactersMax = 16 * 1024 * 1024

/** Headers kept in a Letter (model/letter.ts). */
export const headersMax = 200

/** Addresses kept of To and Cc, each. */
export const addressesMax = 500

/** Message-IDs kept of References. A thread of 200 answers is a very long one. */
export const referencesMax = 200

/** Recipients kept of a delivery status notification. */
export const statusRecipientsMax = 200
