/** 95 %: the two-sided normal quantile. */
const z = 1.959963984540054

/** Wilson's interval of a share (E. B. Wilson, 1927): honest also for few and for none, where the plain share is not. Null for none at all. */
export function wilson(hits: number, of: number): { readonly from: number; readonly to: number } | null {
  if (of === 0) return null
  const share = hits / of
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))
  return { from: Math.max(0, middle - half), to: Math.min(1, middle + half) }
}
