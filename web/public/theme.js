// Before the first paint: the scheme a person chose, else the system's. A file, because our policy allows no inline script.
;(() => {
  const chosen = localStorage.getItem('counterfoil-scheme')
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.mantineColorScheme = dark ? 'dark' : 'light'
})()
