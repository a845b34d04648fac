import { expect, test } from 'vitest'
import { htmlToText } from './html-text.ts'

test.each([
  [
    'cells apart',
    '<table><tr><th>Severity</th><td><p><b>High</b></p></td></tr><tr><td>Host</td><td>WS-17</td></tr></table>',
    'Severity\tHigh\nHost\tWS-17',
  ],
  ['an empty cell keeps its column', '<table><tr><td>a</td><td>&nbsp;</td><td>c</td></tr></table>', 'a\t\tc'],
  [
    'lay-out tables break lines',
    '<table><tr><td><table><tr><td>k</td><td>v</td></tr></table></td><td>next</td></tr></table>',
    'k\tv\nnext',
  ],
  ['cells without a row end', '<table><tr><td>a<td>b<tr><td>c<td>d</table>', 'a\tb\nc\td'],
  ['blocks are lines', '<div>one</div><div>two<br>three</div><p>four</p>', 'one\ntwo\nthree\nfour'],
  [
    'a link says where it goes',
    'see <a href="https://portal.example/x">the case</a>',
    'see the case <https://portal.example/x>',
  ],
  [
    'a link that says it itself',
    '<a href="https://portal.example/x/">https://portal.example/x</a>',
    'https://portal.example/x',
  ],
  ['a bare mail link', '<a href="mailto:soc@heron.example">soc@heron.example</a>', 'soc@heron.example'],
  ['no script link', '<a href="javascript:alert(1)">x</a>', 'x'],
  ['scripts and styles are silent', '<style>p{}</style><script>var a="<p>"</script>text', 'text'],
  ['hidden text is left out', 'a<div style="display: none">IGNORE <div>nested</div></div><span hidden>x</span>b', 'ab'],
  ['a hidden paragraph without end', '<p style="display:none">x<p>seen', 'seen'],
  ['entities', 'R&amp;D &lt;soc@heron.example&gt; &#x2013; caf&eacute;', 'R&D <soc@heron.example> – café'],
  ['no remote content', '<img src="https://track.example/p.gif"><img alt="High" src=cid:1>', 'High'],
  ['lists', '<ul><li>one</li><li>two</li></ul>', '- one\n- two'],
  ['pre keeps its lines', '<pre>a  b\n  c</pre>', 'a  b\n  c'],
  ['soft hyphens and zero-width spaces vanish', 'WS&shy;-17&#8203;', 'WS-17'],
  ['comments vanish', 'a<!-- <p>x</p> -->b', 'ab'],
])('%s', (_, html, text) => {
  expect(htmlToText(html)).toBe(text)
})

test('linear on hostile input', () => {
  for (const piece of [
    '<a href="x',
    '<b>',
    '</b>',
    '<table><td>',
    '&amp',
    '<!--',
    '<td style="display:none">',
    '<p ',
    '"<',
  ]) {
    const html = piece.repeat(Math.ceil(1_000_000 / piece.length))
    const start = performance.now()
    htmlToText(html)
    expect(performance.now() - start, piece).toBeLessThan(8000)
  }
})
