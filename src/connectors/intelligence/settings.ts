import type { IntelligenceConfig } from '../../config/config.ts'

/** One feed of `intelligence:` in counterfoil.yaml. */
export type FeedSettings = IntelligenceConfig['feeds'][number]
