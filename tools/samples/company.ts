/** A company that does not exist: Nordhaven Components makes couplings for pumps in two plants. All names are made up. */
export type Person = {
  readonly name: string
  readonly account: string
  readonly department: string
  readonly title: string
  readonly manager: string
  readonly admin: boolean
}
export type Asset = {
  readonly name: string
  readonly address: string
  readonly owner: string
  readonly role: string
  readonly service: string
  readonly environment: string
  readonly criticality: string
  readonly gdpr: string
  readonly exposed: string
  readonly site: string
}

const personRows = `Ingrid Solheim|i.solheim|Management|Managing director||no
Tomasz Wrona|t.wrona|IT|Head of IT|i.solheim|yes
Mara Lindqvist|m.lindqvist|Finance|Accountant|r.haas|no
Rolf Haas|r.haas|Finance|Head of finance|i.solheim|no
Peter Okafor|p.okafor|Sales|Key account manager|l.brandt|no
Lena Brandt|l.brandt|Sales|Head of sales|i.solheim|no
Elise Fontaine|e.fontaine|Engineering|Design engineer|j.novak|no
Jan Novak|j.novak|Engineering|Head of engineering|i.solheim|no
Theo Berg|t.berg|Human resources|HR officer|s.keller|no
Sabine Keller|s.keller|Human resources|Head of HR|i.solheim|no
Anna Koch|a.koch|IT|System administrator|t.wrona|yes
Anna Koch (admin)|adm-koch|IT|Administrative account|t.wrona|yes
Dev Patel|d.patel|IT|Security analyst|t.wrona|yes
Dev Patel (admin)|adm-patel|IT|Administrative account|t.wrona|yes
Yara Mendes|y.mendes|Production|Shift lead|k.lund|no
Karsten Lund|k.lund|Production|Plant manager Kiel|i.solheim|no
Olga Petrova|o.petrova|Production|Maintenance engineer|k.lund|no
Finn Maas|f.maas|Logistics|Warehouse lead|k.lund|no
Nora Silva|n.silva|Logistics|Dispatcher|f.maas|no
Hugo Girard|h.girard|Production|Plant manager Lyon|i.solheim|no
Camille Roux|c.roux|Production|Quality engineer|h.girard|no
Luca Ferri|l.ferri|Purchasing|Buyer|r.haas|no
Emma Voss|e.voss|Finance|Controller|r.haas|no
Jonas Weber|j.weber|Engineering|Software developer|j.novak|no
Priya Nair|p.nair|Engineering|Software developer|j.novak|no
Mads Holm|m.holm|Sales|Inside sales|l.brandt|no
Aylin Demir|a.demir|Marketing|Marketing manager|l.brandt|no
Clara Stein|c.stein|Legal|Counsel, data protection officer|i.solheim|no
Viktor Hahn|v.hahn|IT|Network administrator|t.wrona|yes
Backup service|svc-backup|IT|Service account|a.koch|yes
Scan service|svc-scan|IT|Service account|d.patel|yes
Interface ERP to MES|svc-mes|IT|Service account|a.koch|no
Robin Falk|r.falk|Production|Trainee|y.mendes|no`

export const people: readonly Person[] = personRows.split('\n').map((row) => {
  const [name = '', account = '', department = '', title = '', manager = '', admin = ''] = row.split('|')
  return { name, account, department, title, manager, admin: admin === 'yes' }
})

const assetRows = `FIN-LT-014|10.20.4.31|m.lindqvist|Laptop of an accountant|Accounting|Production|Medium|yes|no|Kiel
FIN-LT-022|10.20.4.39|e.voss|Laptop of a controller|Controlling|Production|Medium|yes|no|Kiel
FIN-LT-007|10.20.4.24|r.haas|Laptop of the head of finance|Accounting|Production|High|yes|no|Kiel
SAL-LT-031|10.20.5.31|p.okafor|Laptop of a key account manager|Sales|Production|Low|yes|no|Kiel
SAL-LT-012|10.20.5.12|l.brandt|Laptop of the head of sales|Sales|Production|Medium|yes|no|Kiel
ENG-WS-003|10.20.6.13|e.fontaine|CAD workstation|Design|Production|Medium|no|no|Lyon
ENG-WS-008|10.20.6.18|j.weber|Developer workstation|Software development|Development|Medium|no|no|Kiel
ENG-WS-009|10.20.6.19|p.nair|Developer workstation|Software development|Development|Medium|no|no|Kiel
HR-LT-002|10.20.7.12|t.berg|Laptop of an HR officer|Personnel|Production|High|yes|no|Kiel
HR-LT-001|10.20.7.11|s.keller|Laptop of the head of HR|Personnel|Production|High|yes|no|Kiel
MKT-LT-004|10.20.5.44|a.demir|Laptop|Marketing|Production|Low|yes|no|Kiel
SRV-DC-01|10.20.9.10|a.koch|Domain controller|Directory|Production|Critical|yes|no|Kiel
SRV-DC-02|10.30.9.10|a.koch|Domain controller|Directory|Production|Critical|yes|no|Lyon
SRV-FS-02|10.20.9.12|a.koch|File server|File shares|Production|High|yes|no|Kiel
SRV-BK-01|10.20.9.20|a.koch|Backup server|Backup|Production|Critical|yes|no|Kiel
SRV-ERP-01|10.20.9.30|a.koch|ERP application server|ERP|Production|Critical|yes|no|Kiel
SRV-APP-03|10.20.9.31|a.koch|Application server for purchasing|Purchasing portal|Production|High|yes|no|Kiel
SRV-DB-01|10.20.9.32|a.koch|Database of the ERP|ERP|Production|Critical|yes|no|Kiel
SRV-WEB-01|192.0.2.10|v.hahn|Public web site|Web site|Production|Medium|no|yes|Kiel
SRV-MX-01|192.0.2.25|v.hahn|Mail gateway|Mail|Production|High|yes|yes|Kiel
VPN-GW-01|192.0.2.2|v.hahn|VPN gateway|Remote access|Production|High|no|yes|Kiel
FW-EDGE-01|192.0.2.1|v.hahn|Edge firewall|Network|Production|Critical|no|yes|Kiel
FW-EDGE-02|192.0.2.65|v.hahn|Edge firewall|Network|Production|Critical|no|yes|Lyon
SCAN-01|10.20.9.50|d.patel|Vulnerability scanner|Vulnerability management|Production|Medium|no|no|Kiel
MES-01|10.40.1.10|k.lund|Manufacturing execution system|Production line|Production|Critical|no|no|Kiel
MES-02|10.50.1.10|h.girard|Manufacturing execution system|Production line|Production|Critical|no|no|Lyon
HMI-LINE-2|10.40.2.22|o.petrova|Operator panel of line 2|Production line|Production|High|no|no|Kiel
HMI-LINE-5|10.50.2.25|c.roux|Operator panel of line 5|Production line|Production|High|no|no|Lyon
LOG-PC-06|10.20.8.16|n.silva|Warehouse terminal|Logistics|Production|Medium|no|no|Kiel
TEST-VM-11|10.20.66.11|j.weber|Test machine|Software development|Test|Low|no|no|Kiel
JUMP-01|10.20.9.60|v.hahn|Jump host for administrators|Administration|Production|Critical|no|no|Kiel
PRN-02|10.20.8.90|v.hahn|Printer|Printing|Production|Low|no|no|Kiel`

export const assets: readonly Asset[] = assetRows.split('\n').map((row) => {
  const [
    name = '',
    address = '',
    owner = '',
    role = '',
    service = '',
    environment = '',
    criticality = '',
    gdpr = '',
    exposed = '',
    site = '',
  ] = row.split('|')
  return { name, address, owner, role, service, environment, criticality, gdpr, exposed, site }
})

export const networks = [
  ['10.20.0.0/16', 'Office and servers Kiel', 'Kiel', 'internal'],
  ['10.30.0.0/16', 'Office and servers Lyon', 'Lyon', 'internal'],
  ['10.40.0.0/16', 'Production Kiel', 'Kiel', 'ot'],
  ['10.50.0.0/16', 'Production Lyon', 'Lyon', 'ot'],
  ['10.20.66.0/24', 'Test network', 'Kiel', 'test'],
  ['192.0.2.0/26', 'Public addresses Kiel', 'Kiel', 'dmz'],
  ['192.0.2.64/26', 'Public addresses Lyon', 'Lyon', 'dmz'],
  ['10.20.128.0/20', 'VPN clients', 'Kiel', 'vpn'],
] as const

function cell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function csv(rows: readonly (readonly string[])[]): string {
  return `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`
}

/** The lists as a company would export them: headings of its own, an owner by name and mail, "yes" and "no". */
export function lists(): Readonly<Record<string, string>> {
  const nameOf = new Map(people.map(({ account, name }) => [account, name]))
  return {
    'assets.csv': csv([
      [
        'Hostname',
        'IP Address',
        'Owner',
        'Owner e-mail',
        'Description',
        'Business service',
        'Environment',
        'Criticality',
        'GDPR',
        'Internet-facing',
        'Location',
      ],
      ...assets.map((one) => [
        one.name,
        one.address,
        nameOf.get(one.owner) ?? one.owner,
        `${one.owner}@nordhaven.example`,
        one.role,
        one.service,
        one.environment,
        one.criticality,
        one.gdpr,
        one.exposed,
        one.site,
      ]),
    ]),
    'people.csv': csv([
      ['Full name', 'E-mail', 'Account', 'Department', 'Job title', 'Reports to', 'Administrator'],
      ...people.map((one) => [
        one.name,
        `${one.account}@nordhaven.example`,
        `NORDHAVEN\\${one.account}`,
        one.department,
        one.title,
        nameOf.get(one.manager) ?? '',
        one.admin ? 'yes' : 'no',
      ]),
    ]),
    'networks.csv': csv([['Network', 'Name', 'Site', 'Zone'], ...networks]),
  }
}
