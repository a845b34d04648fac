/**
 * File name extensions, by how much they prove. `files` belong to no top-level domain, so they decide alone. `either` are
 * both extension and top-level domain; names.ts weighs them.
 */
export const files: ReadonlySet<string> = new Set(
  `exe dll sys scr cpl ocx drv efi msi msp msix appx appxbundle bat cmd ps1 psm1 psd1 ps1xml vbs vbe vb js jse mjs cjs ts tsx jsx wsf wsh wsc
  hta lnk pif inf reg job chm hlp jar jnlp war ear class java kt scala go cs cpp cxx hpp asm swift lua rb erl php php3 php4 php5 php7
  phtml phar asp aspx ashx asmx ascx axd jsp jspx jspa cfm cgi esp htm html xhtml shtml mht mhtml xht svg xml xsl xslt xsd json jsonl
  yaml yml toml ini cfg conf config properties env plist manifest lock log evtx evt etl trace dmp mdmp core
  txt rtf csv tsv md5 sha1 sha256 pdf doc docx docm dotx dotm xls xlsx xlsm xlsb xlt xltm xlam xla xll xlm iqy slk ppt pptx pptm pps ppsx
  ppsm ppa ppam onepkg odt ods odp vsd vsdx mdb accdb accde mpp msg eml emlx pst ost mbox ics vcf
  rar 7z gz tgz bz2 xz tar zst lz lzh lzma arj ace iso img vhd vhdx vmdk ova ovf dmg pkg deb rpm apk aab ipa xapk crx xpi udf wim gzip
  png jpg jpeg gif bmp ico tif tiff webp svgz psd mp3 mp4 avi wav wmv mkv flv swf ttf otf woff woff2 eot
  dat bin tmp temp bak old orig swp db sqlite sqlite3 mdf ldf ndf edb dit sav blob raw mem vmem pcap pcapng cap bpl
  dylib ko elf out bundle pem crt cer der key pfx p12 p7b p7s p7m csr jks keystore kdbx ppk asc gpg pgp sig ovpn rdp
  pyc pyd pyo pyw whl ipynb bash zsh csh ksh awk sed command scpt applescript au3 ahk nsi iss udl application url desktop service timer
  settingcontent-ms library-ms search-ms theme themepack diagcab gadget wll xlw cpgz template tpl twig ejs wasm css scss less
  yar yara rule rules sigma stix bro zeek locked encrypted crypt lockbit onion-key gpt`.split(/\s+/),
)

/** Extensions that are top-level domains too. */
export const either: ReadonlySet<string> = new Set(
  'sh py pl rs md so zip mov ps cab app pub inc pm cc map one'.split(' '),
)

/** Of `either`, those that are files far more often than names in the text of alerts when nothing else speaks. */
export const mostlyFiles: ReadonlySet<string> = new Set('sh py zip mov cab pub inc map'.split(' '))

/** Source files, which in a stack trace carry a line number (`Filter.java:88`) and are no artefact. */
export const sources: ReadonlySet<string> = new Set(
  'java kt scala go cs cpp cxx c h py rb js ts jsx tsx php rs swift lua erl vb'.split(' '),
)

/** Libraries go by their version (`name-3.6.0.min.js`); that is a software component, which no triage asks about as a file. */
export const libraries =
  /[-_.]v?\d+(?:\.\d+)+(?:[-_.][a-z]+\d*)*\.(?:js|mjs|css|jar|war|so|whl|gem|gz|tgz|rpm|deb|map|ts)$/i

/** Frameworks whose very name ends like a file. */
export const frameworks =
  /^(?:node|vue|next|nuxt|react|angular|ember|backbone|three|d3|express|moment|socket|knockout|require|underscore|handlebars|chart|discord|electron|alpine|meteor|nest|p5|paper|video|pdf|jquery|day|bootstrap|lodash|ext|asp|ado|vb|adonis|solid|gatsby|deno|bun|redux|rx|polymer|mocha|svelte)\.(?:js|net|ts|py|io)$/i

export function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase()
}

/** Whether a name ends in an extension that means file. */
export function hasExtension(name: string): boolean {
  const at = name.lastIndexOf('.')
  if (at <= 0) return false
  const extension = name.slice(at + 1).toLowerCase()
  return files.has(extension) || mostlyFiles.has(extension)
}
