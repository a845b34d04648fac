import type { ReactNode } from 'react'

type IconProps = { readonly size?: number }

function icon(name: string, body: ReactNode) {
  const Icon = ({ size = 16 }: IconProps) => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {body}
    </svg>
  )
  Icon.displayName = name
  return Icon
}

export const OpenLockIcon = icon(
  'OpenLockIcon',
  <>
    <rect x="3" y="7" width="10" height="6.5" rx="1.2" />
    <path d="M5.2 7V4.6a2.8 2.8 0 0 1 5.4-.9" />
  </>,
)
export const SealIcon = icon(
  'SealIcon',
  <>
    <circle cx="8" cy="6.2" r="4.2" />
    <path d="m6.2 6.3 1.3 1.3 2.4-2.5M5.5 10l-1 4.2L8 12.6l3.5 1.6-1-4.2" />
  </>,
)
export const BlockedIcon = icon(
  'BlockedIcon',
  <>
    <circle cx="8" cy="8" r="6" />
    <path d="m3.8 3.8 8.4 8.4" />
  </>,
)
export const SearchIcon = icon(
  'SearchIcon',
  <>
    <circle cx="7" cy="7" r="4.6" />
    <path d="m10.5 10.5 3.6 3.6" />
  </>,
)
export const QueueIcon = icon('QueueIcon', <path d="M2 4h12M2 8h12M2 12h8" />)
export const TicketsIcon = icon(
  'TicketsIcon',
  <path d="M2 4.5h12v2.2a1.3 1.3 0 0 0 0 2.6v2.2H2V9.3a1.3 1.3 0 0 0 0-2.6zM9.5 4.5v7" />,
)
export const QuarantineIcon = icon(
  'QuarantineIcon',
  <path d="M8 1.8 13.5 4v4c0 3.4-2.4 5.4-5.5 6.3C4.9 13.4 2.5 11.4 2.5 8V4zM8 5.2v3.2M8 10.8v.1" />,
)
export const XrayIcon = icon('XrayIcon', <path d="M2 13.5h12M4 11V7M7 11V3.5M10 11V6M13 11V8.5" />)
export const LogsIcon = icon(
  'LogsIcon',
  <>
    <path d="M2 3.5h12M2 7h6M2 10.5h4" />
    <circle cx="10.8" cy="10.3" r="2.7" />
    <path d="m12.8 12.3 1.7 1.7" />
  </>,
)
export const ContextIcon = icon(
  'ContextIcon',
  <>
    <rect x="2" y="2.5" width="12" height="8" rx="1.2" />
    <path d="M5.5 13.5h5M8 10.5v3M5 5.5h6M5 8h3.5" />
  </>,
)
export const LedgerIcon = icon(
  'LedgerIcon',
  <path d="M3.5 2h8a1 1 0 0 1 1 1v11l-2-1.3-2 1.3-2-1.3-2 1.3V3a1 1 0 0 1 1-1zM5.8 5.5h4.4M5.8 8.5h4.4" />,
)
export const SettingsIcon = icon('SettingsIcon', <path d="M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M9.5 3v3M6.5 10v3" />)
export const FoundIcon = icon(
  'FoundIcon',
  <>
    <circle cx="8" cy="8" r="6.2" fill="currentColor" stroke="none" />
    <path d="m5.3 8.2 1.9 1.9 3.6-3.9" stroke="var(--cf-surface)" strokeWidth="1.8" />
  </>,
)
export const NothingIcon = icon(
  'NothingIcon',
  <>
    <circle cx="8" cy="8" r="5.8" />
    <path d="M5.5 8h5" />
  </>,
)
export const NotCollectedIcon = icon('NotCollectedIcon', <circle cx="8" cy="8" r="5.8" strokeDasharray="2.2 2.350" />)
export const FailedIcon = icon(
  'FailedIcon',
  <>
    <path d="M8 2.2 14.2 13H1.8z" />
    <path d="M8 6.5v3M8 11.2v.1" />
  </>,
)
export const NotApplicableIcon = icon('NotApplicableIcon', <path d="M3.5 12.5 12.5 3.5" />)
export const CheckIcon = icon('CheckIcon', <path d="m3 8.5 3.2 3.2L13 4.8" />)
export const BackIcon = icon('BackIcon', <path d="M9.5 3 4.5 8l5 5" />)
export const DownIcon = icon('DownIcon', <path d="m3.5 6 4.5 4.5L12.5 6" />)
export const LockIcon = icon(
  'LockIcon',
  <>
    <rect x="3" y="7" width="10" height="7" rx="1.5" />
    <path d="M5.2 7V5a2.8 2.8 0 0 1 5.6 0v2" />
  </>,
)
export const KeyIcon = icon(
  'KeyIcon',
  <>
    <circle cx="5" cy="10.5" r="2.8" />
    <path d="M7 8.5 13 2.5M11 4.5l1.8 1.8M9.3 6.2l1.2 1.2" />
  </>,
)
export const SunIcon = icon(
  'SunIcon',
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9" />
  </>,
)
export const MoonIcon = icon('MoonIcon', <path d="M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z" />)
export const KeyboardIcon = icon(
  'KeyboardIcon',
  <>
    <rect x="1.5" y="4" width="13" height="8.5" rx="1.5" />
    <path d="M4 6.8h.1M6.7 6.8h.1M9.3 6.8h.1M12 6.8h.1M5 9.8h6" />
  </>,
)
export const AskIcon = icon(
  'AskIcon',
  <>
    <path d="M13.5 8a5.5 5.5 0 1 1-1.6-3.9" />
    <path d="M12.3 1.5v2.9H9.4" />
  </>,
)

/** The mark of the house: two halves of a slip, torn along the middle. */
export function Mark({ size = 24 }: IconProps) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#1d4f86" />
      <path d="M8 8h9v16H8zM20 8h4v16h-4z" fill="#fff" />
      <path d="M18.5 7v18" stroke="#1d4f86" strokeWidth="1.6" strokeDasharray="2.2 2" />
      <path d="M10.5 13h4M10.5 16.5h4" stroke="#1d4f86" strokeWidth="1.8" strokeLinecap="round" />
    </svg>
  )
}
