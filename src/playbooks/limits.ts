/** What a condition or a text may see of one list. An alert with more observables than this is a list of indicators, not an alert. */
export const listMax = 200
/** What a condition or a text may see of one text. Summaries in provider mail are shorter. */
export const textCharsMax = 2000
/** Nodes of one condition's tree. The longest of ours has 30. */
export const astNodesMax = 200
