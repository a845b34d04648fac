import { createTheme, type MantineColorsTuple, Modal } from '@mantine/core'

const ink: MantineColorsTuple = [
  '#edf4fb',
  '#d8e6f4',
  '#aecbe8',
  '#82afdc',
  '#5c97d2',
  '#4588cc',
  '#3779bd',
  '#2a68a8',
  '#1f5791',
  '#174a7e',
]

/** The greys of the dark scheme, with a little blue: text, borders, fields, page. */
const dark: MantineColorsTuple = [
  '#e4e9ef',
  '#c3ccd6',
  '#9ba8b7',
  '#7c8a99',
  '#3c4755',
  '#29313c',
  '#12171d',
  '#161b22',
  '#0f1318',
  '#0a0d11',
]

/** Shades chosen so that white on the button passes 4.5:1 in both schemes (axe checks it in test/web). */
export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 8, dark: 7 },
  colors: { ink, dark },
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace',
  defaultRadius: 'sm',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  headings: { fontWeight: '620' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Locking the scroll adds a style element without our nonce, which our policy refuses.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, closeButtonProps: { 'aria-label': 'Close' } } }),
  },
})
