import type { ReactNode } from 'react'

export interface IconProps {
  /** In pixels. */
  size?: number
}

export type Icon = (props: IconProps) => ReactNode

/** A line drawing on a grid of 24. */
const drawing =
  (...paths: string[]): Icon =>
  ({ size = 18 }) => <LineDrawing paths={paths} size={size} />

/** The text beside it says what it means, so it is hidden from screen readers. */
function LineDrawing({ paths, size }: { paths: string[]; size: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {/* One element, however many lines: a grid draws hundreds of these. */}
      <path d={paths.join('')} />
    </svg>
  )
}

const circle = 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18'

export const DeviceIcon = drawing('M4 5h16v6H4z', 'M4 13h16v6H4z', 'M8 8h.01', 'M8 16h.01')
export const InboxIcon = drawing('M4 13l3-8h10l3 8v6H4z', 'M4 13h5l1.500 3h3l1.500-3h5')
export const ItemTypeIcon = drawing('M5 4h14v16H5z', 'M9 9h6', 'M9 13h6', 'M9 17h3')
export const WebhookIcon = drawing(
  'M12 4a3.500 3.500 0 0 1 2.500 6l2.500 4.500',
  'M17 14a3 3 0 1 1 0 6c-1.500 0-2.500-1-3-2.500H8',
  'M9.500 8l-3 5.500a3 3 0 1 0 1.500 4',
)
export const TaskIcon = drawing(
  'M9 6h11',
  'M9 12h11',
  'M9 18h11',
  'M4 6l.8.8L6.5 5',
  'M4 12l.8.8L6.5 11',
  'M4 18l.8.8L6.5 17',
)
export const RunIcon = drawing('M7 4.5v15l12-7.5z')
export const KeyIcon = drawing('M8 11a4 4 0 1 0 0 8a4 4 0 1 0 0-8', 'M11 12l8-8', 'M16 7l3 3')
export const SecretIcon = drawing('M6 11h12v9H6z', 'M8 11V8a4 4 0 0 1 8 0v3', 'M12 15v2')
export const PersonIcon = drawing(
  'M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8',
  'M5 21v-1a5 5 0 0 1 5-5h4a5 5 0 0 1 5 5v1',
)
export const PeopleIcon = drawing(
  'M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7',
  'M3 20v-1a5 5 0 0 1 5-5h2a5 5 0 0 1 5 5v1',
  'M16 5.500a3.500 3.500 0 0 1 0 6.500',
  'M18 14.500a5 5 0 0 1 3 4.500v1',
)
export const RolesIcon = drawing(
  'M4 4h7v7H4z',
  'M13 4h7v7h-7z',
  'M4 13h7v7H4z',
  'M13.500 16.500l2.500 2.500l4-5',
)
export const DeviceGroupIcon = drawing('M3 4h18v16H3z', 'M7 8h10v3H7z', 'M7 13h10v3H7z')
export const LogIcon = drawing('M6 3h9l4 4v14H6z', 'M15 3v4h4', 'M9.500 12h6', 'M9.500 16h6')
export const OrganizationIcon = drawing(
  'M4 21V4h10v17',
  'M14 10h6v11',
  'M3 21h18',
  'M8 8h2',
  'M8 12h2',
  'M8 16h2',
  'M17 14h.01',
)
const dot = (x: number) => `M${x} 11a1 1 0 1 0 0 2a1 1 0 1 0 0-2`
export const MoreIcon = drawing(dot(5), dot(12), dot(19))
export const PlusIcon = drawing('M12 5v14', 'M5 12h14')
export const UpIcon = drawing('M12 20V5', 'M6 11l6-6l6 6')
export const DownIcon = drawing('M12 4v15', 'M6 13l6 6l6-6')
export const ClosedIcon = drawing('M9 5l7 7l-7 7')
export const OpenIcon = drawing('M5 9l7 7l7-7')
export const CopyIcon = drawing('M9 9h11v11H9z', 'M15 9V4H4v11h5')
export const CloseIcon = drawing('M6 6l12 12', 'M18 6L6 18')
export const CheckIcon = drawing('M5 12.5l4.5 4.5L19 7.5')
export const TrashIcon = drawing('M4 7h16', 'M9 7V4h6v3', 'M6 7l1 13h10l1-13', 'M10 11v5', 'M14 11v5')
export const PenIcon = drawing('M4 20l1-4L16 5l3 3L8 19z', 'M14 7l3 3')
export const DownloadIcon = drawing('M12 4v11', 'M7 11l5 5l5-5', 'M5 20h14')
export const SearchIcon = drawing('M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13', 'M15.5 15.5L20 20')
export const RetryIcon = drawing('M20 11a8 8 0 1 0-2.3 6', 'M20 4v7h-7')
export const WarningIcon = drawing('M12 4L2.5 20h19z', 'M12 10v4', 'M12 17h.01')
export const SunIcon = drawing(
  'M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8',
  'M12 2v2',
  'M12 20v2',
  'M2 12h2',
  'M20 12h2',
  'M5 5l1.4 1.4',
  'M17.6 17.6L19 19',
  'M5 19l1.4-1.4',
  'M17.6 6.4L19 5',
)
export const MoonIcon = drawing('M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z')
export const AutoIcon = drawing(circle, 'M12 3v18', 'M12 7h5.5', 'M12 12h8.5', 'M12 17h5.5')
export const KeyboardIcon = drawing('M3 6h18v12H3z', 'M7 10h.01', 'M11 10h.01', 'M15 10h.01', 'M8 14h8')
export const SignOutIcon = drawing('M10 4H5v16h5', 'M14 8l4 4l-4 4', 'M18 12H9')
export const CalendarIcon = drawing('M4 6h16v14H4z', 'M4 10h16', 'M8 3v4', 'M16 3v4', 'M8 14h3', 'M13 14h3')
export const PauseIcon = drawing('M8 5v14', 'M16 5v14')
export const PreviousIcon = drawing('M15 5l-7 7l7 7')
export const ClockIcon = drawing(circle, 'M12 7v5l3 2')
export const CommentIcon = drawing('M4 5h16v12H10l-5 4v-4H4z', 'M8 9.500h8', 'M8 13h5')
export const SnoozeIcon = drawing('M5 5h6l-6 8h6', 'M13 11h6l-6 8h6')
export const NextIcon = drawing('M9 5l7 7l-7 7')
export const LinkIcon = drawing('M14 5h5v5', 'M19 5l-9 9', 'M17 14v5H5V7h5')
export const FilterIcon = drawing('M4 6h16', 'M7 12h10', 'M10 18h4')
export const SendIcon = drawing('M20 4L3 11l7 3l3 7z', 'M10 14L20 4')
export const SpinnerIcon = drawing('M12 3a9 9 0 1 0 9 9')
export const CircleCheckIcon = drawing(circle, 'M8 12.5l2.7 2.7L16 9.5')
export const CircleCrossIcon = drawing(circle, 'M9 9l6 6', 'M15 9l-6 6')
export const CircleDotsIcon = drawing(circle, 'M8 12h.01', 'M12 12h.01', 'M16 12h.01')
export const CircleNoticeIcon = drawing(circle, 'M12 7v6', 'M12 16.500h.01')
export const CircleStopIcon = drawing(circle, 'M6 6l12 12')
export const HourglassIcon = drawing(
  'M6 3h12',
  'M6 21h12',
  'M7 3c0 5 10 4 10 9s-10 4-10 9',
  'M17 3c0 5-10 4-10 9s10 4 10 9',
)
export const ShieldIcon = drawing(
  'M12 3l8 3v5c0 5-3.5 8.5-8 10c-4.500-1.500-8-5-8-10V6z',
  'M9.500 9.500l5 5',
  'M14.500 9.500l-5 5',
)
export const SkipIcon = drawing('M5 6l7 6l-7 6z', 'M12 6l7 6l-7 6z')
export const QuestionIcon = drawing(
  circle,
  'M9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.4-1 .8-1 1.700',
  'M12 16.500h.01',
)
