/** What a name in front of a value can mean to us. */
export type FieldName =
  | 'ticket'
  | 'rule'
  | 'title'
  | 'severity'
  | 'priority'
  | 'status'
  | 'source'
  | 'destination'
  | 'host'
  | 'account'
  | 'occurred'
  | 'raised'
  | 'portal'
  | 'question'
  | 'summary'

/**
 * The words, strongest first: where two lines of a mail claim the same field, the earlier word wins ("rule" before
 * "alert name"). Without accents, lower-case, as `nameWords` makes them. English, German, French, Spanish, some Italian and Dutch.
 */
const words: Record<FieldName, string> = {
  ticket: `ticket, ticket id, ticket number, ticket no, ticket nr, ticket key, ticketnummer, ticket nummer, ticketid, ticket reference,
    case, case id, case number, case no, case nr, case reference, casenumber, fall, fallnummer, fall nr, fall id, vorgang, vorgangsnummer, vorgangs nr, vorgangs id,
    incident number, incident id, incident no, incident nr, incident key, incident reference, incidentid, vorfall, vorfallnummer, vorfall nr, vorfall id, vorfalls id, incident,
    numero de ticket, numero du ticket, n ticket, ticket n, no de ticket, numero d incident, n d incident, numero de incidencia, incidencia, id de incidencia, id del ticket, numero de caso, caso, id de caso, dossier, numero de dossier,
    soc ticket, mdr ticket, soc case, service ticket, request id, request number, request, anfrage, anfragenummer, issue key, issue, key, meldungsnummer, meldung nr, storingsnummer,
    investigation id, investigation, escalation id, threat id, detection id, finding id, workbench id, workbench, alert id, alert number, alertid, alert no, alarm id, alarmnummer, alarm nr, id alerte, id de alerta, id de l alerte,
    reference, reference number, reference id, reference no, our reference, our ref, ref, ref no, referenz, referenznummer, unser zeichen, unsere referenz, referencia, notre reference, nuestra referencia, tracking id, tracking number, id`,
  rule: `rule, rule name, rule title, detection rule, analytics rule, analytic rule, correlation rule, triggered rule, rule triggered, matched rule, alert rule, regel, regelname, korrelationsregel, erkennungsregel, ausgeloste regel, regle, nom de la regle, regle de detection, regla, nombre de la regla, regla de deteccion, regola,
    use case, usecase, use case name, anwendungsfall, cas d usage, caso de uso, signature, signature name, ids signature, signatur, firma, detection name, detection, detektion, erkennung, detection model, model, model name,
    alert name, alertname, alarm name, incident name, name of alert, alarmname, nom de l alerte, nombre de la alerta, nombre de alerta, alert title, incident title, detection title, detection headline, headline, finding name, analytic story,
    alert type, alarm, type d alerte, tipo de alerta, alarmtyp, finding, threat name, event name, detection type, incident type, event type, threat, bedrohung, menace, amenaza`,
  title: `title, titel, titre, titulo, subject, betreff, asunto, objet, short description, kurzbeschreibung, description courte, descripcion breve, alert, warnung, alerte, alerta, name, bezeichnung, intitule, what happened`,
  severity: `severity, severity level, alert severity, incident severity, severity rating, sev, schweregrad, schwere, gravite, niveau de gravite, severite, gravedad, severidad, nivel de gravedad, gravita, ernst, criticality of alert, alert level, threat level, alarmstufe, risk level, risk, risiko, risikostufe, risque, riesgo, nivel de riesgo, niveau de risque, threat severity, model severity, kritikalitat des alarms, dringlichkeit, urgency, urgence, urgencia, impact level`,
  priority: `priority, prioritat, priorite, prioridad, prio, alert priority, incident priority, ticket priority, priorita`,
  status: `status, state, ticket status, case status, incident status, current status, new status, alert status, verdict, disposition, classification, zustand, statut, etat, estado, estado del ticket, etat du ticket, bearbeitungsstatus, resolution, close code, closure code, closure reason, einstufung, lage`,
  source: `source ip, source ip address, source address, src ip, srcip, src, source, source host, src address, source ipv4, source ip s, attacker ip, attacking ip, attacker, remote ip, remote address, client ip, client ip address, caller ip, origin ip, login ip, sign in ip, logon ip, ip source, adresse ip source, adresse source, source de l attaque, quell ip, quell ip adresse, quelladresse, quelle, quellsystem, angreifer, angreifer ip, ip quelle, ip origen, ip de origen, origen, direccion de origen, direccion ip de origen, direccion origen, atacante, adresse d origine, adresse ip d origine, origine, external ip, externe ip, from ip, ip address, ip adresse, adresse ip, direccion ip, ip, bron ip, public ip`,
  destination: `destination ip, destination ip address, destination address, dst ip, dstip, dst, dest, dest ip, destination, destination host, target ip, target ip address, target address, target, victim ip, victim, destination domain, ziel ip, ziel ip adresse, zieladresse, ziel, zielsystem, ip ziel, ip destination, adresse ip de destination, adresse de destination, adresse destination, cible, ip cible, ip destino, ip de destino, destino, direccion de destino, direccion ip de destino, objetivo, server ip, to ip, contacted domain, domain, domaine, dominio, remote domain, doel ip`,
  host: `host, hostname, host name, host s, hosts, device, device name, devicename, devices, endpoint, endpoint name, computer, computer name, computername, computer dns name, machine, machine name, workstation, server, server name, servername, asset, asset name, assets, system, system name, node, agent, agent name, sensor host, affected system, betroffenes system, betroffener host, betroffenes gerat, rechner, rechnername, gerat, geratename, endgerat, poste, poste de travail, machine concernee, hote, nom d hote, nom de l hote, ordinateur, serveur, nom de machine, equipo, nombre del equipo, nombre de host, maquina, dispositivo, servidor, equipo afectado, activo, dvchost, configuration item, affected ci, cmdb ci, ci, instance, resource, resource name, compromised entity, impacted entity, entity, entities, toestel`,
  account: `user, username, user name, user s, users, user account, account, account name, accountname, user principal name, upn, user id, userid, login, login name, logon account, identity, principal, subject user, target user, target account, sign in name, benutzer, benutzername, benutzerkonto, konto, kontoname, nutzer, anwender, anmeldename, betroffener benutzer, utilisateur, nom d utilisateur, compte, compte utilisateur, identifiant, usuario, nombre de usuario, cuenta, cuenta de usuario, usuario afectado, mailbox, mailbox address, recipient, email address, related user, actor, gebruiker, utente`,
  occurred: `occurred, occurred at, occurred on, time of occurrence, event time, eventtime, event timestamp, time of event, first seen, first event, first event time, first activity, first activity time, first observed, detected, detected at, detected on, detection time, detection date, detection time utc, time detected, time detected utc, start time, starttime, timestamp, time, date time, date and time, activity time, observed at, observed, alert time, incident time, time generated, ereigniszeit, ereigniszeitpunkt, zeitpunkt, zeitstempel, zeit, datum uhrzeit, datum, erkannt am, erkannt um, erkannt, aufgetreten am, festgestellt am, uhrzeit, horodatage, heure, date et heure, date de detection, heure de detection, detecte le, date de l evenement, date, fecha y hora, fecha, hora, hora de deteccion, fecha de deteccion, detectado el, hora del evento, marca de tiempo, when, last seen, last event time, last activity, latest activity`,
  raised: `raised, raised at, created, created at, created on, created time, creation time, createdon, creation date, opened, opened at, open time, reported, reported at, reported on, alert created, alert created at, alert creation time, ticket created, incident created, notified at, published, published at, confirmed at, erstellt, erstellt am, erzeugt am, gemeldet am, eroffnet am, eroffnet, angelegt am, cree le, date de creation, ouvert le, creado, creado el, fecha de creacion, abierto el, aangemaakt`,
  portal: `link, url, portal, portal link, portal url, ticket url, ticket link, case url, case link, incident url, incident link, alert url, alert link, detection url, view in portal, view ticket, view alert, view incident, view details, details link, console, console link, console url, workbench link, open in portal, im portal offnen, im portal ansehen, lien, lien du portail, voir dans le portail, enlace, enlace al portal, ver en el portal`,
  question: `question, questions, question for you, our question, action required, action requested, requested action, required action, customer action, customer action required, what we need from you, we need from you, request, ask, next step for you, frage, fragen, ruckfrage, unsere frage, handlungsbedarf, erforderliche massnahme, benotigte aktion, pregunta, accion requerida, accion solicitada, action demandee, action requise, demande`,
  summary: `summary, description, details, detection details, detection summary, alert description, incident description, incident summary, alert summary, executive summary, detail, analysis, analyst notes, analyst comment, analyst comments, soc analysis, observation, observations, comment, comments, latest comment, notes, work notes, additional comments, beschreibung, zusammenfassung, analyse, bemerkung, kommentar, sachverhalt, resume, description detaillee, commentaire, resumen, descripcion, analisis, comentario, comentarios, detalle, what we saw, what we know, findings, body, message, nachricht`,
}

/** Said about a name, but not part of it. */
const fillers = new Set(
  `affected impacted involved related primary the your name names detected main associated suspected betroffener betroffene betroffenes betroffen concerne concernee afectado afectada customer client utc cet local of de del de la du des
   value field information info mdr soc siem our`.split(/\s+/),
)

/** A name that only is one of ours without its filler words ("affected host") ranks behind all exact ones. */
const fillerRank = 1000

type Known = { readonly field: FieldName; readonly rank: number }

const known = new Map<string, Known>()
for (const [field, list] of Object.entries(words) as [FieldName, string][]) {
  list.split(',').forEach((word, rank) => {
    const name = word.trim().replaceAll(/\s+/g, ' ')
    if (name !== '' && !known.has(name)) known.set(name, { field, rank })
  })
}

/** Names that look like one of ours and mean something else. */
// biome-ignore format: a list reads better in few lines
const others = new Set([
  'event id', 'eventid', 'customer id', 'tenant id', 'your reference', 'ihr zeichen', 'votre reference', 'su referencia', 'process id', 'detection source', 'log source', 'data source', 'alert source', 'source system', 'from', 'to', 'cc', 'sent', 'von', 'an', 'para', 'de',
  'asset owner', 'asset role', 'asset criticality', 'asset value', 'rule id', 'device id', 'machine id', 'message id', 'session id', 'logon id',
])

/** A name as the word lists have it: without accents and punctuation, camelCase split, lower-case. "computerDnsName" -> "computer dns name". */
export function nameWords(name: string): string {
  return name
    .replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/** What a name means, and how strongly (0 is strongest); null for names that are not ours. */
export function fieldOf(name: string): Known | null {
  const full = nameWords(name)
  if (others.has(full)) return null
  const exact = known.get(full)
  if (exact !== undefined) return exact
  const kept = full.split(' ').filter((word) => !fillers.has(word) && word.length > 1)
  if (kept.length === 0 || kept.length > 4) return null
  const bare = known.get(kept.join(' '))
  return bare === undefined || others.has(kept.join(' ')) ? null : { field: bare.field, rank: bare.rank + fillerRank }
}

/** True where a name of a rule or a host is one of the vague words ("alert type", "entity"): good only where nothing better is said. */
export function isVague(name: string): boolean {
  const meant = fieldOf(name)
  if (meant === null || (meant.field !== 'rule' && meant.field !== 'host')) return false
  const first = known.get(meant.field === 'rule' ? 'alert type' : 'instance')
  return first !== undefined && meant.rank % fillerRank >= first.rank
}

/** Values that say nothing. A line "Owner: unknown" is not an owner. */
const empties = new Set(
  // biome-ignore format: a list reads better in few lines
  ['', '-', '--', '---', '–', '—', 'n/a', 'na', 'n.a.', 'none', 'unknown', 'null', 'undefined', 'not available', 'not applicable', 'notavailable', 'not set', 'not known', 'no data', 'empty', 'tbd', 'tba', '?', 'nil', 'unspecified', 'not specified', 'not provided', 'not assigned', 'unassigned', 'not collected', 'not determined', 'pending', 'unbekannt', 'keine', 'keiner', 'kein', 'nicht bekannt', 'nicht verfugbar', 'nicht vorhanden', 'nicht zugeordnet', 'k.a.', 'k. a.', 'inconnu', 'inconnue', 'aucun', 'aucune', 'non disponible', 'non renseigne', 'desconocido', 'desconocida', 'ninguno', 'ninguna', 'no disponible', 'sin datos'],
)

/** True for a value that only says that nobody knows. */
export function saysNothing(value: string): boolean {
  const plain = value
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .trim()
    .toLowerCase()
    .replaceAll(/^[([<"']+|[)\]>"'.]+$/g, '')
  return empties.has(plain) || empties.has(`${plain}.`)
}
