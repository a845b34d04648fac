/**
 * The subcategories of the NIST Cybersecurity Framework 2.0 (NIST CSWP 29, 26 February 2024, public domain): numbers by category. A number that is
 * missing was moved or withdrawn on the way from 1.1; the conformance run compares them with the official list.
 */
const categories: Readonly<Record<string, { readonly title: string; readonly numbers: readonly number[] }>> = {
  'GV.OC': { title: 'Organizational Context', numbers: [1, 2, 3, 4, 5] },
  'GV.RM': { title: 'Risk Management Strategy', numbers: [1, 2, 3, 4, 5, 6, 7] },
  'GV.RR': { title: 'Roles, Responsibilities, and Authorities', numbers: [1, 2, 3, 4] },
  'GV.PO': { title: 'Policy', numbers: [1, 2] },
  'GV.OV': { title: 'Oversight', numbers: [1, 2, 3] },
  'GV.SC': { title: 'Cybersecurity Supply Chain Risk Management', numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
  'ID.AM': { title: 'Asset Management', numbers: [1, 2, 3, 4, 5, 7, 8] },
  'ID.RA': { title: 'Risk Assessment', numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
  'ID.IM': { title: 'Improvement', numbers: [1, 2, 3, 4] },
  'PR.AA': { title: 'Identity Management, Authentication, and Access Control', numbers: [1, 2, 3, 4, 5, 6] },
  'PR.AT': { title: 'Awareness and Training', numbers: [1, 2] },
  'PR.DS': { title: 'Data Security', numbers: [1, 2, 10, 11] },
  'PR.PS': { title: 'Platform Security', numbers: [1, 2, 3, 4, 5, 6] },
  'PR.IR': { title: 'Technology Infrastructure Resilience', numbers: [1, 2, 3, 4] },
  'DE.CM': { title: 'Continuous Monitoring', numbers: [1, 2, 3, 6, 9] },
  'DE.AE': { title: 'Adverse Event Analysis', numbers: [2, 3, 4, 6, 7, 8] },
  'RS.MA': { title: 'Incident Management', numbers: [1, 2, 3, 4, 5] },
  'RS.AN': { title: 'Incident Analysis', numbers: [3, 6, 7, 8] },
  'RS.CO': { title: 'Incident Response Reporting and Communication', numbers: [2, 3] },
  'RS.MI': { title: 'Incident Mitigation', numbers: [1, 2] },
  'RC.RP': { title: 'Incident Recovery Plan Execution', numbers: [1, 2, 3, 4, 5, 6] },
  'RC.CO': { title: 'Incident Recovery Communication', numbers: [3, 4] },
}

/** All of them: "GV.OC-01" and so on. */
export const csfIds: ReadonlySet<string> = new Set(
  Object.entries(categories).flatMap(([category, { numbers }]) =>
    numbers.map((number) => `${category}-${String(number).padStart(2, '0')}`),
  ),
)

/** "Incident Analysis" for RS.AN-03; "" for what is no subcategory. */
export function csfCategoryTitle(id: string): string {
  return categories[id.slice(0, 5)]?.title ?? ''
}
