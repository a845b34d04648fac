import type { ChatMessage } from '../../model/chat.ts'

/** A card of more than 28 KB is refused by Teams; a text this long is far below it. */
const textCharsMax = 2_800

/**
 * A message as an Adaptive Card 1.5, in the envelope that a Teams workflow ("When a Teams webhook request is received") takes. Text of others
 * stands in text runs: those, unlike text blocks, read no Markdown.
 */
export function teamsBody({ heading, lines, links, foot }: ChatMessage): unknown {
  const run = (text: string, look: object = {}) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text: text.slice(0, textCharsMax), ...look }],
  })
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.5',
          fallbackText: heading,
          body: [
            run(heading, { weight: 'Bolder', size: 'Medium' }),
            ...lines.map((line) => run(line)),
            run(foot, { isSubtle: true, size: 'Small' }),
          ],
          actions: links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
        },
      },
    ],
  }
}
