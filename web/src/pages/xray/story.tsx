import { Button } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import type { XrayStory } from '../../../../src/model/xray.ts'

/** Units of a drawing; it is as wide as its column. */
const width = 320
const rowHeight = 26
/** What fits above a bar of this width. */
const nameCharsMax = 42

/** The page to send to a manager: five figures, three drawings, what came again, and how far it goes. Its print is one page. */
export function Story({ story, html }: { readonly story: XrayStory; readonly html: string }) {
  const most = Math.max(1, ...story.rules.map(({ minutes }) => minutes))
  return (
    <section className="story">
      <div className="row between wrap">
        <p className="story-headline">{unbroken(story.headline)}</p>
        <div className="row wrap no-print">
          <Button variant="default" onClick={() => window.print()}>
            Print or save as PDF
          </Button>
          <Button component="a" href={`data:text/html;charset=utf-8,${encodeURIComponent(html)}`} download="x-ray.html">
            Download as one file
          </Button>
        </div>
      </div>
      <ul className="story-figures">
        {story.figures.map(({ name, value, means, basis, few }) => (
          <li key={name} className="card">
            <span className="tile-name">
              {name} {few && <span className="tag">few</span>}
            </span>
            <strong>{value}</strong>
            <span>{means}</span>
            <span className="dim">{basis}</span>
          </li>
        ))}
      </ul>
      <div className="xray-two">
        <Weeks story={story} />
        <Bars
          title="Evidence that came along"
          says={story.rungsSay}
          rows={story.rungs.map(({ title, share, says }) => ({ name: title, share, says }))}
        />
        <Bars
          title="The rules that kept people waiting"
          says={story.rulesSay}
          rows={story.rules.map(({ rule, minutes, says }) => ({ name: rule, share: minutes / most, says }))}
          warm
        />
        <Again story={story} />
      </div>
      <section className="story-limits">
        <h2>How far this goes</h2>
        <ul>
          {story.limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
        </ul>
      </section>
    </section>
  )
}

/** A date stands on one line: its hyphens are ones at which nothing breaks. */
const unbroken = (text: string): string =>
  text.replaceAll(/\d{4}-\d{2}-\d{2}/g, (date) => date.replaceAll('-', '\u2011'))

/** A drawing with its words: what it shows is also said, for whoever cannot see it. */
function Drawing({
  title,
  says,
  data,
  height,
  children,
}: {
  readonly title: string
  readonly says: string
  readonly data: string
  readonly height: number
  readonly children: ReactNode
}) {
  const id = useId()
  return (
    <figure className="card story-figure">
      <h2>{title}</h2>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={`${id}t ${id}d`}>
        <title id={`${id}t`}>{title}</title>
        <desc id={`${id}d`}>{data}</desc>
        {children}
      </svg>
      <figcaption className="dim">{says}</figcaption>
    </figure>
  )
}

function Weeks({ story: { weeks, weeksSay } }: { readonly story: XrayStory }) {
  const most = Math.max(1, ...weeks.map(({ alerts }) => alerts))
  const step = width / Math.max(1, weeks.length)
  const tall = (n: number) => (n / most) * 92
  const data = weeks
    .map(({ week, alerts, off }) => `Week of ${week}: ${alerts}, of them ${off} outside hours`)
    .join('. ')
  return (
    <Drawing title="Alerts by week" says={weeksSay} data={data} height={132}>
      <rect className="fill" x={110} y={3} width={9} height={9} />
      <text x={123} y={12}>
        in hours
      </text>
      <rect className="fill warm" x={200} y={3} width={9} height={9} />
      <text x={213} y={12}>
        outside hours
      </text>
      <text x={0} y={12} className="soft">
        most: {most} a week
      </text>
      {weeks.map(({ week, alerts, off }, index) => (
        <g key={week}>
          <rect
            className="fill"
            x={index * step}
            y={112 - tall(alerts)}
            width={Math.max(1, step - 1.5)}
            height={tall(alerts - off)}
          />
          <rect
            className="fill warm"
            x={index * step}
            y={112 - tall(off)}
            width={Math.max(1, step - 1.5)}
            height={tall(off)}
          />
        </g>
      ))}
      <text x={0} y={127} className="soft">
        {weeks[0]?.week}
      </text>
      {weeks.length > 1 && (
        <text x={width} y={127} textAnchor="end" className="soft">
          {weeks.at(-1)?.week}
        </text>
      )}
    </Drawing>
  )
}

function Bars({
  title,
  says,
  rows,
  warm = false,
}: {
  readonly title: string
  readonly says: string
  readonly rows: readonly { readonly name: string; readonly share: number; readonly says: string }[]
  readonly warm?: boolean
}) {
  const data = rows.map((row) => `${row.name}: ${row.says}`).join('. ')
  if (rows.length === 0)
    return (
      <div className="card story-figure">
        <h2>{title}</h2>
        <p className="dim">{says}</p>
      </div>
    )
  return (
    <Drawing title={title} says={says} data={data} height={rows.length * rowHeight}>
      {rows.map((row, index) => (
        <g key={row.name} transform={`translate(0 ${index * rowHeight})`}>
          <text x={0} y={11}>
            {row.name.length > nameCharsMax ? `${row.name.slice(0, nameCharsMax - 1)}…` : row.name}
          </text>
          <text x={width} y={11} textAnchor="end" className="soft">
            {row.says}
          </text>
          <rect className="track" y={15} width={width} height={6} rx={1} />
          <rect className={warm ? 'fill warm' : 'fill'} y={15} width={row.share * width} height={6} rx={1} />
        </g>
      ))}
    </Drawing>
  )
}

function Again({ story }: { readonly story: XrayStory }) {
  return (
    <div className="card story-figure">
      <h2>Asked again</h2>
      {story.repeated.length === 0 ? (
        <p className="dim">No question came twice.</p>
      ) : (
        <table className="plain">
          <thead>
            <tr>
              <th>Rule</th>
              <th>About</th>
              <th className="num">Times</th>
            </tr>
          </thead>
          <tbody>
            {story.repeated.map(({ rule, entity, times }) => (
              <tr key={`${rule} ${entity}`}>
                <td>{rule}</td>
                <td className="mono">{entity}</td>
                <td className="num">{times}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}
