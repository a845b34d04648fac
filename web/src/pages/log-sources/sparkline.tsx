import { plural } from '../../words.ts'

/** Events of each hour, oldest first; how much, as words for who does not see it. */
export function Sparkline({ hours }: { readonly hours: readonly number[] }) {
  const most = Math.max(1, ...hours)
  const sum = hours.reduce((total, n) => total + n, 0)
  const empty = hours.filter((n) => n === 0).length
  const says = `${plural(sum, 'event')} in ${hours.length} hours, ${most === 1 && sum === 0 ? 'none' : most.toLocaleString('en')} at most in one${empty === 0 ? '' : `, ${plural(empty, 'hour')} without any`}`
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${Math.max(1, hours.length)} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={says}
    >
      <title>{says}</title>
      {hours.map((n, hour) => {
        const height = n === 0 ? 0.6 : Math.max(1.5, (n / most) * 20)
        // Hours have no name but their place.
        return (
          <rect
            key={hour}
            className={n === 0 ? 'none' : ''}
            x={hour + 0.1}
            width={0.8}
            y={20 - height}
            height={height}
          />
        )
      })}
    </svg>
  )
}
