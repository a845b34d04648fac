/** How much before and after an alert a source can be asked about, in minutes: the steps in which people look around. */
export const aroundSteps = [1, 5, 15, 60, 1440] as const
