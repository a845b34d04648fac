import { Liquid } from 'liquidjs'
import { wordsOf } from '../kit/errors.ts'

/**
 * Liquid with its doors shut: by default it reads files of the working folder and runs loops of any length. Nothing is escaped,
 * because these texts are plain mail, never HTML.
 */
const engine = new Liquid({
  ownPropertyOnly: true,
  strictVariables: true,
  strictFilters: true,
  templates: {},
  relativeReference: false,
  dynamicPartials: false,
  parseLimit: 20_000,
  renderLimit: 500,
  memoryLimit: 2_000_000,
})

/** What is wrong with a template, in words; null when it can be rendered. */
export function problemOfTemplate(template: string): string | null {
  try {
    engine.parse(template)
    return null
  } catch (error) {
    return wordsOf(error).split('\n')[0] ?? ''
  }
}

/** Fills a template in. Throws when it names what is not there. */
export function renderText(template: string, words: Record<string, unknown>): string {
  return String(engine.parseAndRenderSync(template, words))
}
