import type { Field, Reading } from '../model/alert.ts'
import type { Sighting, Span } from '../model/observable.ts'
import type { Rung } from '../model/question.ts'
import { nameWords, saysNothing } from './field-words.ts'
import { contentLines, type Matter } from './matter.ts'

type Delivered = Reading['delivered'][number]

/** Names of fields that are evidence of a rung when they have a value. */
const fieldEvidence: readonly {
  readonly rung: Rung
  readonly names: RegExp
  readonly value?: RegExp
  readonly says: string
}[] = [
  {
    rung: 'network-sessions',
    names:
      /\bports?\b(?! scan)|\bpuertos?\b|\b(?:spt|dpt|sport|dport|quellport|zielport|poort|bytes|bytes (?:in|out|sent|received)|packets|flows?|flow count|sessions?|session count|connections?|verbindungen|pakete|connexions|conexiones|netflow|firewall logs?|network logs?|traffic|url path|uri|user agent|http method|ja3|sni)$/,
    value: /\d|\//,
    says: 'it gives ports, volumes or sessions',
  },
  {
    rung: 'endpoint-logs',
    names:
      /^(?:(?:parent |grandparent |child |initiating |triggering |created )?process(?: name| path| tree| image| command ?line| cmd)?|command|command ?line|process command ?line|cmd ?line|image|parent image|file ?path|file ?names?|files?|folder path|(?:file )?hash(?:es)?|(?:file )?sha ?(?:256|1)|(?:file )?md5|imphash|registry(?: key| value)?|scheduled task|service name|prozess|prozessname|elternprozess|befehlszeile|kommandozeile|dateipfad|dateiname|datei|prufsumme|processus(?: parent)?|ligne de commande|chemin(?: du fichier)?|fichier|nom du fichier|empreinte|proceso(?: padre)?|linea de comandos|ruta(?: del archivo)?|archivo|nombre del archivo|object (?:file ?path|cmd|command ?line|process)|logon type|event id)$/,
    says: 'it gives a process, a command line, a file or a hash',
  },
  {
    rung: 'identity-owner',
    names:
      /^(?:(?:asset |device |host |system |server |data |business |technical |account |user |application |service )?owner(?: name| email| mail)?|owned by|assigned user|primary user|(?:user |account )?(?:department|division|team|organi[sz]ation unit|manager|supervisor|job title|role|display name|full name|real name|location)|employee(?: name)?|besitzer|eigentumer|inhaber|verantwortliche?r?|systemverantwortlicher?|abteilung|vorgesetzte?r?|mitarbeiter(?:in)?|proprietaire|responsable|departement|service (?:de l utilisateur)|employe|fonction|propietari[oa]|departamento|empleado|responsable del (?:equipo|activo)|custodian|contact person)$/,
    value: /\p{L}{2}/u,
    says: 'it names a person, an owner or a department',
  },
  {
    rung: 'vulnerability',
    names:
      /\b(?:cves?|vulnerabilit(?:y|ies)|vulnerable|vulnerability (?:id|status|scan|name)|open vulnerabilities|cvss(?: score| v3)?|scan(?:ner)? (?:result|results|finding|status)|patch (?:level|status)|missing patch(?:es)?|qid|plugin id|nessus|qualys|tenable|schwachstellen?|schwachstellenscan|patchstand|vulnerabilites?|vulnerabilidad(?:es)?|exposure|target vulnerable)$/,
    says: 'it gives a vulnerability of the target or a scan result',
  },
  {
    rung: 'business-context',
    names:
      /^(?:(?:asset |host |system |device |server |business )?criticality|(?:asset|host|system|device|server) (?:role|value|type|function|importance|classification|category|tier)|business (?:unit|service|role|function|process|application|impact|owner|context|criticality)|(?:business )?application|environment|data classification|crown jewel|critical asset|change (?:ticket|request|record|window|id|number)|maintenance window|kritikalitat|systemkritikalitat|schutzbedarf|geschaftsprozess|geschaftsbereich|systemrolle|umgebung|anwendung|change nummer|wartungsfenster|criticite|role (?:de l actif|du serveur|du systeme)|environnement|application metier|fenetre de maintenance|criticidad|rol del (?:activo|servidor|sistema)|entorno|unidad de negocio|ventana de mantenimiento|compliance scope|regulatory scope)$/,
    value: /[\p{L}\d]{2}/u,
    says: 'it gives the role or the worth of the asset, or a change',
  },
]

/** Words in prose and log lines that are evidence of a rung. */
const textEvidence: readonly { readonly rung: Rung; readonly pattern: RegExp; readonly says: string }[] = [
  {
    rung: 'network-sessions',
    pattern:
      /\b\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}\b|\b(?:src|dst|spt|dpt|SRC|DST|SPT|DPT|src_ip|dest_ip|src_port|dest_port|srcport|dstport)=\S|"(?:src|dest|dst)_?port"\s*:|%(?:ASA|FTD)-\d|\bCEF:\d\|.*\b(?:src|dst)=|\bLEEF:\d|"(?:GET|POST|PUT|HEAD|CONNECT) \S+ HTTP\/\d/,
    says: 'it carries lines of a network log',
  },
  {
    rung: 'network-sessions',
    pattern:
      /\b(?:tcp|udp)\s?[/:]\s?\d{1,5}\b|\b(?:destination |source |dst |src |remote |local |ziel|quell|on |over |via |auf |über |sur |le )\s?-?(?:port|puerto)s?\s+(?:\w+\s+)?\d{1,5}\b|\b\d[\d.,' ]{0,20}\s?(?:bytes|[KMGT]i?B|packets|flows|sessions|connections|DNS queries|requests|Pakete|Verbindungen|Sitzungen|Anfragen|octets|[KMG]o|paquets|connexions|sessions|paquetes|conexiones|sesiones)\b[^.\n]{0,60}\b(?:sent|received|transferred|uploaded|downloaded|outbound|inbound|out|in|to|from|between|over|übertragen|gesendet|empfangen|an|von|zu|zwischen|transférés?|envoyés?|vers|entre|depuis|transferidos|enviados|hacia)\b/i,
    says: 'it counts sessions, bytes or ports',
  },
  {
    rung: 'endpoint-logs',
    pattern:
      /\b[\w-]{2,40}\.exe["']?\s+["']?[-/\\"][\w-]|\bpowershell(?:\.exe)?\s+-\w|\bcmd(?:\.exe)?\s+\/[ck]\b|\/bin\/(?:ba|z|da)?sh\s+-\w|\bcurl\s+-\w|\bwget\s+http|"?(?:process_?command_?line|CommandLine|ParentImage|NewProcessName|processCommandLine)"?\s*[:=]/i,
    says: 'it shows a command line',
  },
  {
    rung: 'endpoint-logs',
    pattern:
      /\b(?:EventID|EventCode|Event ID)\s*[:=]?\s*\d{3,5}\b|\bsshd\[\d+\]:|\bsudo(?:\[\d+\])?:|\bkernel: \[|\b(?:process|prozess|processus|proceso)\s+["'„“«]?[\w-]+\.(?:exe|dll|ps1|bat|sh)\b|\bpid[ =:]+\d+/i,
    says: 'it carries lines of an endpoint log',
  },
  {
    rung: 'identity-owner',
    pattern:
      /\b(?:[Oo]wned by|[Oo]wner is|[Bb]elongs to|assigned to user|[Uu]sed by|primary user is|reports to|gehört(?: zu)?|zuständig ist|Eigentümer ist|genutzt von|appartient à|utilisé par|pertenece a|usado por)\s+(?:(?:the|dem|der|den|Herrn|Frau|Mr\.?|Ms\.?|Mrs\.?|M\.|Mme|la|el|le)\s+)?["'„“]?\p{Lu}\p{Ll}+/u,
    says: 'it says whose it is',
  },
  {
    rung: 'identity-owner',
    pattern:
      /\b(?:in|of|from|aus|der|du|de la?|del?)\s+(?:the\s+|der\s+)?(?:department|abteilung|département|departamento)\s+(?:of\s+|of the\s+|de\s+)?["'„“]?\p{Lu}|\b(?:\p{Lu}\p{Ll}+ ){1,2}department\b/u,
    says: 'it names a department',
  },
  {
    rung: 'vulnerability',
    pattern:
      /\b(?:is|are|was|remains?|host|target|server|system|version)\b[^.\n]{0,40}\b(?:not |un)?(?:vulnerable|unpatched|patched|affected by CVE|exposed to CVE)|\b(?:missing (?:the )?(?:patch|update)|vulnerability scan(?:ner)? (?:shows?|found|result|of)|last scan|(?:qualys|tenable|nessus|rapid7|openvas|greenbone)\b[^.\n]{0,60}(?:scan|found|shows?|result|report)|CVSS(?:v\d)?[^\n]{0,20}\d\.\d|ist (?:nicht )?(?:verwundbar|anfällig)|ungepatcht|schwachstellenscan|est (?:vulnérable|exposé)|n'est pas (?:vulnérable|corrigé)|es vulnerable|no (?:está )?parchead[oa])/iu,
    says: 'it says whether the target is vulnerable',
  },
  {
    rung: 'business-context',
    pattern:
      /\b(?:business[- ]critical|mission[- ]critical|crown jewel|critical asset|high[- ]value asset|domain controller|production (?:server|system|database|environment)|(?:during|outside|within|matches|no) (?:an? |the |any )?(?:approved |planned |announced |known )?(?:change window|maintenance window|change request)|change (?:CHG|RFC)[\w-]*\d|geschäftskritisch|produktivsystem|domänencontroller|wartungsfenster|serveur de production|contrôleur de domaine|actif critique|servidor de producción|controlador de dominio|activo crítico)\b/iu,
    says: 'it says what the asset is for, or names a change',
  },
]

const negation =
  /\b(?:no|not|none|without|unable to|could not|cannot|keine?[rn]?|nicht|ohne|aucune?|pas (?:de|d')|sans|sin|ningun[oa]?)\b[^.\n]{0,40}$/iu
const emptyFollows = /^\W*(?:null|""|unknown|n\/a|none|not (?:available|known|set)|unbekannt|keine|inconnu|desconocid)/i

/** "Is this machine patched?" asks; it says nothing. A point within a name or a number ends no sentence. */
const asks = /^(?:[^.!?\n]|\.(?=\S)){0,200}\?/

/** A full name: two or three capitalised words. An account called so names a person. */
const fullName = /(?<![\p{L}\p{N}.\\])\p{Lu}\p{Ll}+(?:[- ]\p{Lu}\p{Ll}+){1,2}(?![\p{L}\p{N}@\\])/u

function textHit(matter: Matter, pattern: RegExp): Span | null {
  const global = new RegExp(pattern.source, `${pattern.flags}g`)
  for (const page of matter.pages) {
    for (const line of contentLines(page)) {
      if (line.text.length > 8000) continue
      for (const match of line.text.matchAll(global)) {
        const before = line.text.slice(0, match.index)
        const rest = line.text.slice(match.index + match[0].length)
        if (negation.test(before) || asks.test(rest) || emptyFollows.test(rest)) continue
        const start = line.start + match.index
        return { part: page.part, start, end: start + match[0].length }
      }
    }
  }
  return null
}

const endpointTypes = new Set(['sha256', 'sha1', 'md5', 'sha512', 'ssdeep', 'imphash', 'filepath', 'regkey', 'mutex'])

/** What came with the message, rung by rung, each with the place that shows it. A name without a value ("Owner: unknown") is nothing. */
export function deliveredIn(
  matter: Matter,
  sightings: readonly Sighting[],
  alertPlace: { readonly because: string; readonly span: Span | null } | null,
  account: Field | null,
): Delivered[] {
  const found: Delivered[] = []
  const add = (rung: Rung, because: string, span: Span | null) => {
    if (!found.some((one) => one.rung === rung)) found.push({ rung, because, span })
  }
  if (alertPlace !== null) add('provider-alert', alertPlace.because, alertPlace.span)
  for (const pair of matter.pairs) {
    // The name of the rule is no evidence, whatever the field is called ("display_name").
    if (pair.span.part === alertPlace?.span?.part && pair.span.start === alertPlace.span.start) continue
    if (saysNothing(pair.value) || /^(?:0|false|no|nein|non|\[\]|\{\})$/i.test(pair.value)) continue
    const name = nameWords(pair.name)
    for (const { rung, names, value, says } of fieldEvidence) {
      if (
        names.test(name) &&
        (value === undefined || value.test(pair.value)) &&
        !/^(?:no|none|not|keine|aucun|sin)\b/i.test(pair.value)
      )
        add(rung, `${says}: "${pair.name}"`, pair.span)
    }
  }
  for (const { rung, pattern, says } of textEvidence) {
    if (found.some((one) => one.rung === rung)) continue
    const span = textHit(matter, pattern)
    if (span !== null) add(rung, says, span)
  }
  const file = sightings.find((one) => endpointTypes.has(one.type) && one.part !== 'subject')
  if (file !== undefined)
    add('endpoint-logs', `it gives a ${file.type}`, { part: file.part, start: file.start, end: file.end })
  if (account?.span != null) {
    const pair = matter.pairs.find(
      (one) =>
        one.span.part === account.span?.part &&
        one.span.start <= account.span.start &&
        one.span.end >= account.span.end,
    )
    if (pair !== undefined && pair.value.length < 120 && fullName.test(pair.value))
      add('identity-owner', 'it names the person behind the account', pair.span)
  }
  return found
}
