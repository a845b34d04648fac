/** Files within files within files: a mail with a zip with a document with a picture. Deeper is made to hide something. */
export const depthMax = 4
/** Files in one archive, document or mail, and in all that is nested in it. A long document has some 300 parts. */
export const partsMax = 1_000
/** PDFs in one archive or document: each is written anew whole, which takes a second for 500 pages; the thread has 20 s. */
export const pdfsMax = 20
/** All that comes out of one file, unpacked. Three times the most that may be attached. */
export const unpackedBytesMax = 32 * 1024 * 1024
/** How much more comes out than went in. XML packs to a twentieth, logs of one line repeated to a hundredth; a bomb to a thousandth. */
export const ratioMax = 200
/** Below this a ratio says nothing: ten lines that are alike pack very well. */
export const ratioFromBytes = 1024 * 1024
/** Text that is looked through: 150 pages. More than that nobody reviews place by place, and the detectors take a second for it. */
export const textCharsMax = 300_000
/** Elements within elements; the deepest document seen has 60. */
export const elementsDeepMax = 500
