/**
 * Signs that change how the text around them reads, or that cannot be seen: controls, marks of direction (a line may pretend to be
 * another by them), zero-width ones, line separators. Tab and line feed stay.
 */
const signs =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g

/** A stranger's text as it may be shown: what would act instead of being read stands there as its code, such as ⟨U+202E⟩. */
export function inert(text: string): string {
  return text.replaceAll(signs, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`)
}
