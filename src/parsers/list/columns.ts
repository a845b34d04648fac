import type { ListNoun } from '../../model/list.ts'

/** A field of a list: how its column may be headed (English and German), and whether several columns or values fill it. */
export type Column = {
  readonly field: string
  readonly many: boolean
  readonly headings: readonly string[]
  readonly says: string
}

/** Headings are compared by this: lower-case, umlauts and accents spelt out, letters and digits only. */
export function plainHeading(text: string): string {
  const spelt = text
    .toLowerCase()
    .replaceAll('ä', 'ae')
    .replaceAll('ö', 'oe')
    .replaceAll('ü', 'ue')
    .replaceAll('ß', 'ss')
  return spelt.normalize('NFD').replaceAll(/[^a-z0-9]/g, '')
}

const one = (field: string, says: string, ...headings: string[]): Column => ({
  field,
  many: false,
  headings: [field, ...headings].map(plainHeading),
  says,
})
const many = (field: string, says: string, ...headings: string[]): Column => ({
  ...one(field, says, ...headings),
  many: true,
})

/** What a column may be for, in the order in which a heading is looked for. The first heading of a field that is there wins. */
// biome-ignore format: a table reads better in few lines
export const columnsOf: Record<ListNoun, readonly Column[]> = {
  assets: [
    one('id', 'Id of the asset in its source; the name when left out', 'Asset ID', 'CI ID', 'sys_id', 'Asset Tag', 'Inventory number', 'Inventarnummer', 'Inventar-Nr', 'Anlagennummer', 'Geräte-ID', 'Configuration item ID'),
    one('name', 'Name of the machine, service or application', 'Host Name', 'Host', 'Computer', 'Computer Name', 'Machine', 'Machine name', 'Server', 'Server name', 'Device', 'Device Name', 'System', 'System name', 'Asset', 'Asset Name', 'CI', 'CI Name', 'Configuration item', 'Rechner', 'Rechnername', 'Gerät', 'Gerätename', 'Systemname', 'Bezeichnung', 'DNS Name', 'FQDN'),
    many('aliases', 'Other names', 'Alias', 'DNS Name', 'DNS', 'FQDN', 'NetBIOS', 'NetBIOS Name', 'CNAME', 'Other names', 'Weitere Namen', 'Aliasname'),
    many('addresses', 'IP addresses', 'Address', 'IP', 'IPs', 'IP Address', 'IP Addresses', 'IPv4', 'IPv6', 'IPv4 Address', 'IPv6 Address', 'Primary IP', 'Management IP', 'IP-Adresse', 'IP-Adressen', 'Adresse', 'IPv4-Adresse', 'IPv6-Adresse'),
    one('owner', 'Name of the person who answers for it', 'Owned by', 'Owner name', 'System owner', 'Asset owner', 'Responsible', 'Responsible person', 'Managed by', 'Contact', 'Eigentümer', 'Besitzer', 'Verantwortlicher', 'Verantwortlich', 'Systemverantwortlicher', 'Ansprechpartner', 'Zuständig'),
    one('ownerEmail', 'Mail address of the owner', 'Owner mail', 'Owner e-mail', 'E-Mail', 'Mail', 'Contact mail', 'Email owner', 'E-Mail Eigentümer', 'E-Mail Verantwortlicher', 'Mail Ansprechpartner', 'E-Mail-Adresse'),
    one('role', 'What it is for', 'Business role', 'Function', 'Purpose', 'Description', 'Usage', 'Funktion', 'Rolle', 'Zweck', 'Beschreibung', 'Verwendung', 'Aufgabe'),
    one('application', 'The application it belongs to', 'App', 'Business service', 'Service', 'Business application', 'Anwendung', 'Applikation', 'Dienst', 'Fachverfahren', 'Verfahren'),
    one('environment', 'production, test...', 'Env', 'Stage', 'Tier', 'Umgebung', 'Stufe'),
    one('criticality', 'low, medium, high or critical', 'Business criticality', 'Critical', 'Importance', 'Kritikalität', 'Wichtigkeit', 'Verfügbarkeit', 'Schutzbedarf'),
    one('sensitivity', 'low, medium, high or critical (public, internal, confidential, secret)', 'Data classification', 'Classification', 'Confidentiality', 'Data sensitivity', 'Vertraulichkeit', 'Klassifizierung', 'Datenklasse', 'Schutzklasse'),
    many('regulatory', 'Regulations it falls under', 'Regulation', 'Regulations', 'Compliance', 'Scope', 'Regulatorik', 'Regulierung', 'Vorgaben'),
    one('exposed', 'yes where it faces the internet', 'Internet facing', 'Faces the internet', 'Exposed to internet', 'Exposed to the internet', 'Internet exposed', 'External', 'Exposure', 'Public', 'DMZ', 'Extern', 'Extern erreichbar', 'Aus dem Internet erreichbar', 'Internet'),
    one('site', 'Where it stands', 'Location', 'Office', 'Data center', 'Standort', 'Ort', 'Rechenzentrum', 'Lokation'),
    many('tags', 'Words of your own', 'Tag', 'Labels', 'Schlagwort', 'Schlagworte', 'Schlagwörter'),
    many('software', 'What runs on it: CPE, package URL, or name and version', 'CPE', 'CPEs', 'PURL', 'Package URL', 'Installed software', 'Operating system', 'OS', 'Betriebssystem', 'Installierte Software'),
  ],
  people: [
    one('id', 'Id of the person in its source; the mail address or first account when left out', 'Employee ID', 'Employee number', 'Personnel number', 'Personalnummer', 'Mitarbeiternummer', 'Personal-Nr', 'Object GUID', 'SID'),
    one('name', 'Full name', 'Full name', 'Display name', 'Person', 'Employee', 'Common name', 'CN', 'Anzeigename', 'Vollständiger Name', 'Mitarbeiter', 'Mitarbeiterin'),
    one('firstName', 'First name, where the name stands in two columns', 'Given name', 'Forename', 'Vorname'),
    one('lastName', 'Last name, where the name stands in two columns', 'Surname', 'Family name', 'SN', 'Nachname', 'Familienname'),
    one('email', 'Mail address', 'E-mail', 'Mail', 'Email address', 'E-mail address', 'Primary SMTP address', 'E-Mail-Adresse', 'Mailadresse'),
    many('accounts', 'Sign-in names: DOMAIN\\user, user@domain, user', 'Account', 'User', 'Username', 'User name', 'Login', 'Logon name', 'sAMAccountName', 'User principal name', 'UPN', 'Benutzername', 'Benutzer', 'Anmeldename', 'Benutzerkonto', 'Konto', 'Kennung'),
    one('department', 'Department', 'Dept', 'Team', 'Organisation', 'Organization', 'Organisational unit', 'Abteilung', 'Bereich', 'Organisationseinheit'),
    one('title', 'Position', 'Job title', 'Position', 'Funktion', 'Stelle', 'Rolle', 'Stellenbezeichnung'),
    one('manager', 'Who leads this person', 'Line manager', 'Supervisor', 'Reports to', 'Vorgesetzter', 'Vorgesetzte', 'Führungskraft'),
    one('privileged', 'yes for administrators', 'Admin', 'Administrator', 'Is admin', 'Privilegiert', 'Admin-Rechte'),
    many('groups', 'Groups that give rights', 'Group', 'Privileged groups', 'Member of', 'memberOf', 'Group membership', 'Gruppe', 'Gruppen', 'Mitglied von', 'Gruppenmitgliedschaft'),
    one('deputy', 'Who answers while this person is away', 'Delegate', 'Substitute', 'Stellvertreter', 'Stellvertretung', 'Vertretung', 'Vertreter'),
  ],
  networks: [
    one('cidr', 'The range: 192.0.2.0/24', 'Network', 'Subnet', 'Range', 'Prefix', 'IP range', 'Net', 'Address', 'Netz', 'Netzwerk', 'Subnetz', 'Adressbereich', 'Netzadresse', 'IP-Bereich'),
    one('mask', 'The mask, where it stands in a column of its own', 'Netmask', 'Subnet mask', 'Prefix length', 'Netzmaske', 'Subnetzmaske', 'Maske'),
    one('name', 'What it is called', 'Network name', 'Description', 'Label', 'Purpose', 'Usage', 'Bezeichnung', 'Beschreibung', 'Netzname', 'Verwendung'),
    one('site', 'Where it is', 'Location', 'Office', 'Standort', 'Ort', 'Lokation'),
    one('zone', 'Security zone or VLAN', 'Security zone', 'VLAN', 'Segment', 'VRF', 'Sicherheitszone'),
  ],
  leases: [
    one('address', 'The address that was given out', 'IP', 'IP Address', 'IPv4', 'Assigned IP', 'Assigned address', 'Tunnel IP', 'Virtual IP', 'Client IP', 'Framed-IP-Address', 'IP-Adresse', 'Adresse'),
    one('from', 'Since when', 'Start', 'Starts', 'Start time', 'Lease start', 'Lease obtained', 'Begin', 'Connected', 'Connected at', 'Login time', 'Beginn', 'Von', 'Seit', 'Anmeldung'),
    one('to', 'Until when; blank: not ended', 'End', 'Ends', 'End time', 'Lease end', 'Expires', 'Lease expires', 'Lease expiration', 'Disconnected', 'Disconnected at', 'Logout time', 'Until', 'Ende', 'Bis', 'Ablauf', 'Abmeldung'),
    one('host', 'Who got it: the name of the machine', 'Hostname', 'Host name', 'Client hostname', 'Name', 'Client', 'Computer', 'Computer name', 'Device', 'Device name', 'FQDN', 'Rechner', 'Rechnername', 'Gerät', 'Gerätename'),
    one('account', 'Who got it: the account that signed in', 'User', 'Username', 'User name', 'Login', 'Benutzer', 'Benutzername', 'Konto', 'Kennung'),
    one('mac', 'Who got it: the hardware address', 'MAC address', 'Hardware address', 'Hardware ethernet', 'Client ID', 'Unique ID', 'Physical address', 'MAC-Adresse', 'Physikalische Adresse'),
    one('kind', 'dhcp, vpn or static; dhcp when left out', 'Type', 'Art', 'Typ'),
  ],
  calendar: [
    one('id', 'Id of the entry in its source; beginning and title when left out', 'Number', 'Change', 'Change number', 'Change ID', 'UID', 'Ticket', 'Nummer', 'Änderungsnummer'),
    one('title', 'What is planned', 'Summary', 'Subject', 'Short description', 'Name', 'Titel', 'Betreff', 'Zusammenfassung', 'Kurzbeschreibung', 'Bezeichnung'),
    one('kind', 'change, maintenance, pentest, exercise, absence or other', 'Type', 'Category', 'Categories', 'Art', 'Typ', 'Kategorie'),
    one('from', 'Beginning', 'Start', 'Starts', 'Start time', 'Start date', 'Planned start', 'Planned start date', 'Begin', 'Beginn', 'Von', 'Geplanter Beginn', 'Startdatum'),
    one('to', 'End', 'End', 'Ends', 'End time', 'End date', 'Planned end', 'Planned end date', 'Until', 'Ende', 'Bis', 'Geplantes Ende', 'Enddatum'),
    many('assets', 'Hosts it is about', 'Asset', 'Host', 'Hosts', 'Configuration item', 'CI', 'CIs', 'Affected CIs', 'Target', 'Targets', 'Systems', 'Server', 'Systeme', 'Ziele', 'Betroffene Systeme'),
    many('networks', 'Addresses and ranges it is about', 'Network', 'Target network', 'Target networks', 'Target ranges', 'Netz', 'Netze', 'Zielnetze'),
    many('origins', 'Addresses and ranges it comes from: the scanner, the testers', 'Origin', 'Source', 'Sources', 'Source address', 'Source addresses', 'Source IP', 'Source IPs', 'Scanner', 'Scanner IP', 'Quelle', 'Quelladressen'),
    one('everything', 'yes where it is about everything', 'All systems', 'House-wide', 'Alle Systeme'),
    one('owner', 'Who answers for it', 'Assigned to', 'Requested by', 'Requester', 'Responsible', 'Contact', 'Organizer', 'Verantwortlich', 'Verantwortlicher', 'Ansprechpartner', 'Antragsteller'),
    one('person', 'Absences: who is away', 'Employee', 'Who', 'Absent', 'Mitarbeiter', 'Wer'),
    one('deputy', 'Absences: who stands in', 'Substitute', 'Delegate', 'Vertretung', 'Vertreter', 'Stellvertreter', 'Stellvertretung'),
    one('note', 'Anything else', 'Description', 'Notes', 'Comment', 'Beschreibung', 'Bemerkung', 'Kommentar'),
  ],
}
