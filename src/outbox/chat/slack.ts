import type { ChatMessage } from '../../model/chat.ts'

/** Slack's own limits: a header takes 150 signs of plain text, a text 3,000. */
const headingCharsMax = 150
const textCharsMax = 2_800

/**
 * A message as Block Kit. Text of others stands in `plain_text`, so that it can neither link nor call a channel. Links are text and no buttons: a
 * button with an address posts to its app as well, and shows a warning where nobody answers that.
 */
export function slackBody({ heading, lines, links, foot }: ChatMessage): unknown {
  const plain = (text: string) => ({ type: 'plain_text', text, emoji: false })
  return {
    text: escaped(heading.slice(0, headingCharsMax)),
    blocks: [
      { type: 'header', text: plain(heading.slice(0, headingCharsMax)) },
      ...(lines.length === 0 ? [] : [{ type: 'section', text: plain(lines.join('\n').slice(0, textCharsMax)) }]),
      ...(links.length === 0
        ? []
        : [
            {
              type: 'section',
              text: {
                type: 'mrkdwn',
                text: links.map(({ label, url }) => `*<${url}|${escaped(label)}>*`).join('   ·   '),
              },
            },
          ]),
      { type: 'context', elements: [plain(foot)] },
    ],
    // A preview would fetch the link, and show to the channel what stands behind it.
    unfurl_links: false,
    unfurl_media: false,
  }
}

/** The three signs that Slack reads as its own in a text. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('|', '¦')
