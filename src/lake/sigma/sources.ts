import { text } from '../parse/sql-text.ts'
import type { RuleSource } from './rule.ts'

/**
 * Which events a rule's `logsource` means, as a condition on the columns of `events` that are cheap to read (parser, log_name,
 * event_code, class_uid, product, source). One table for each word; what no table knows is looked for under its own name, so that a
 * customer who calls a source "velocity" can run the rules for `product: velocity`.
 */

const inList = (column: string, values: readonly string[]): string =>
  values.length === 1 ? `${column} = ${text(values[0] ?? '')}` : `${column} IN (${values.map(text).join(', ')})`
const parsers = (...ids: readonly string[]): string => inList('parser', ids)
const logs = (...names: readonly string[]): string =>
  inList(
    'lower(log_name)',
    names.map((name) => name.toLowerCase()),
  )
const codes = (...values: readonly string[]): string => inList('event_code', values)
const classes = (...uids: readonly number[]): string =>
  uids.length === 1 ? `class_uid = ${uids[0]}` : `class_uid IN (${uids.join(', ')})`
const all = (...conditions: readonly string[]): string =>
  conditions.length === 1 ? (conditions[0] ?? '1') : `(${conditions.join(' AND ')})`
const any = (...conditions: readonly string[]): string =>
  conditions.length === 1 ? (conditions[0] ?? '0') : `(${conditions.join(' OR ')})`

/** Sensors on endpoints that say what a process did, on whatever system. */
const endpointSensors = ['crowdstrike-fdr', 'crowdstrike-stream', 'sentinelone-events', 'defender-hunting']
const windows = any(`startsWith(parser, 'windows')`, `startsWith(parser, 'sysmon')`)
const sysmon = all(windows, logs('Microsoft-Windows-Sysmon/Operational'))
const sysmonEvent = (...ids: readonly string[]): string => all(sysmon, codes(...ids))
const channelEvent = (channels: readonly string[], ...ids: readonly string[]): string =>
  all(windows, logs(...channels), codes(...ids))
const powershell = ['Microsoft-Windows-PowerShell/Operational', 'PowerShellCore/Operational']
const sensorClass = (...uids: readonly number[]): string => all(parsers(...endpointSensors), classes(...uids))

/** Categories of Windows: events of Sysmon (taxonomy appendix 2.1.0), the audit event that says the same, and endpoint sensors. */
const windowsCategories: Readonly<Record<string, string>> = {
  process_creation: any(sysmonEvent('1'), channelEvent(['Security'], '4688'), sensorClass(1007)),
  file_change: sysmonEvent('2'),
  network_connection: any(sysmonEvent('3'), sensorClass(4001)),
  sysmon_status: sysmonEvent('4', '16'),
  process_termination: sysmonEvent('5'),
  driver_load: sysmonEvent('6'),
  image_load: any(sysmonEvent('7'), sensorClass(1005)),
  create_remote_thread: sysmonEvent('8'),
  raw_access_thread: sysmonEvent('9'),
  process_access: sysmonEvent('10'),
  file_event: any(sysmonEvent('11'), sensorClass(1001)),
  registry_event: any(sysmonEvent('12', '13', '14'), sensorClass(201001, 201002)),
  registry_add: sysmonEvent('12'),
  registry_delete: sysmonEvent('12'),
  registry_set: any(sysmonEvent('13'), sensorClass(201002)),
  registry_rename: sysmonEvent('14'),
  create_stream_hash: sysmonEvent('15'),
  pipe_created: sysmonEvent('17', '18'),
  wmi_event: sysmonEvent('19', '20', '21'),
  dns_query: any(sysmonEvent('22'), sensorClass(4003)),
  file_delete: sysmonEvent('23', '26'),
  clipboard_capture: sysmonEvent('24'),
  process_tampering: sysmonEvent('25'),
  file_delete_detected: sysmonEvent('26'),
  file_block_executable: sysmonEvent('27'),
  file_block_shredding: sysmonEvent('28'),
  file_executable_detected: sysmonEvent('29'),
  sysmon_error: sysmonEvent('255'),
  ps_classic_start: channelEvent(['Windows PowerShell'], '400'),
  ps_classic_provider_start: channelEvent(['Windows PowerShell'], '600'),
  ps_classic_script: channelEvent(['Windows PowerShell'], '800'),
  ps_module: channelEvent(powershell, '4103'),
  ps_script: channelEvent(powershell, '4104'),
  file_access: all(windows, logs('Microsoft-Windows-Kernel-File/Analytic')),
  file_rename: all(windows, logs('Microsoft-Windows-Kernel-File/Analytic')),
  antivirus: any(all(windows, logs('Microsoft-Windows-Windows Defender/Operational')), sensorClass(2004)),
}

/** Services of Windows and their channels (taxonomy appendix 2.1.0, and those that rules of SigmaHQ name besides). */
const windowsServices: Readonly<Record<string, readonly string[]>> = {
  application: ['Application'],
  'application-experience': [
    'Microsoft-Windows-Application-Experience/Program-Telemetry',
    'Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant',
  ],
  applocker: [
    'Microsoft-Windows-AppLocker/MSI and Script',
    'Microsoft-Windows-AppLocker/EXE and DLL',
    'Microsoft-Windows-AppLocker/Packaged app-Deployment',
    'Microsoft-Windows-AppLocker/Packaged app-Execution',
  ],
  'appmodel-runtime': ['Microsoft-Windows-AppModel-Runtime/Admin'],
  'appxdeployment-server': ['Microsoft-Windows-AppXDeploymentServer/Operational'],
  'appxpackaging-om': ['Microsoft-Windows-AppxPackaging/Operational'],
  bitlocker: ['Microsoft-Windows-BitLocker/BitLocker Management'],
  'bits-client': ['Microsoft-Windows-Bits-Client/Operational'],
  capi2: ['Microsoft-Windows-CAPI2/Operational'],
  'certificateservicesclient-lifecycle-system': [
    'Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational',
  ],
  'codeintegrity-operational': ['Microsoft-Windows-CodeIntegrity/Operational'],
  dhcp: ['Microsoft-Windows-DHCP-Server/Operational'],
  'diagnosis-scripted': ['Microsoft-Windows-Diagnosis-Scripted/Operational'],
  'dns-client': ['Microsoft-Windows-DNS Client Events/Operational', 'Microsoft-Windows-DNS-Client/Operational'],
  'dns-server': ['DNS Server'],
  'dns-server-analytic': ['Microsoft-Windows-DNS-Server/Analytical'],
  'dns-server-audit': ['Microsoft-Windows-DNS-Server/Audit'],
  'driver-framework': ['Microsoft-Windows-DriverFrameworks-UserMode/Operational'],
  'firewall-as': ['Microsoft-Windows-Windows Firewall With Advanced Security/Firewall'],
  'hyper-v-worker': ['Microsoft-Windows-Hyper-V-Worker', 'Microsoft-Windows-Hyper-V-Worker-Admin'],
  'iis-configuration': ['Microsoft-IIS-Configuration/Operational'],
  'kernel-event-tracing': ['Microsoft-Windows-Kernel-EventTracing', 'Microsoft-Windows-Kernel-EventTracing/Admin'],
  'kernel-shimengine': [
    'Microsoft-Windows-Kernel-ShimEngine/Operational',
    'WinEventLog:Microsoft-Windows-Kernel-ShimEngine/Diagnostic',
    'Microsoft-Windows-Kernel-ShimEngine/Diagnostic',
  ],
  ldap: ['Microsoft-Windows-LDAP-Client/Debug'],
  ldap_debug: ['Microsoft-Windows-LDAP-Client/Debug'],
  'lsa-server': ['Microsoft-Windows-LSA/Operational'],
  'microsoft-servicebus-client': ['Microsoft-ServiceBus-Client/Operational', 'Microsoft-ServiceBus-Client/Admin'],
  'msexchange-management': ['MSExchange Management'],
  ntfs: ['Microsoft-Windows-Ntfs/Operational'],
  ntlm: ['Microsoft-Windows-NTLM/Operational'],
  openssh: ['OpenSSH/Operational'],
  powershell,
  'powershell-classic': ['Windows PowerShell'],
  'printservice-admin': ['Microsoft-Windows-PrintService/Admin'],
  'printservice-operational': ['Microsoft-Windows-PrintService/Operational'],
  security: ['Security'],
  'security-mitigations': [
    'Microsoft-Windows-Security-Mitigations/Kernel Mode',
    'Microsoft-Windows-Security-Mitigations/User Mode',
  ],
  sense: ['Microsoft-Windows-SENSE/Operational'],
  'servicebus-client': ['Microsoft-ServiceBus-Client/Operational', 'Microsoft-ServiceBus-Client/Admin'],
  'shell-core': ['Microsoft-Windows-Shell-Core/Operational'],
  'smbclient-connectivity': ['Microsoft-Windows-SmbClient/Connectivity'],
  'smbclient-security': ['Microsoft-Windows-SmbClient/Security'],
  'smbserver-connectivity': ['Microsoft-Windows-SMBServer/Connectivity'],
  sysmon: ['Microsoft-Windows-Sysmon/Operational'],
  system: ['System'],
  taskscheduler: ['Microsoft-Windows-TaskScheduler/Operational'],
  'terminalservices-localsessionmanager': ['Microsoft-Windows-TerminalServices-LocalSessionManager/Operational'],
  vhdmp: ['Microsoft-Windows-VHDMP/Operational', 'Microsoft-Windows-VHDMP-Operational'],
  windefend: ['Microsoft-Windows-Windows Defender/Operational'],
  wmi: ['Microsoft-Windows-WMI-Activity/Operational'],
  'xml-event-log': ['Microsoft-Windows-XML/Operational'],
}

/** Parsers whose lines are those of a web server; other HTTP activity (class 4002) is that of a proxy. */
const webServers = ['http-access', 'apache-error', 'nginx-error', 'haproxy', 'iis', 'w3c']
/** Sysmon for Linux writes the same XML as that for Windows, into a log of its own. */
const linuxSysmon = (...ids: readonly string[]): string => all(windows, logs('Linux-Sysmon/Operational'), codes(...ids))
/** Lines of Unix programs: those of our parsers for them, and what came through syslog without one. */
const unix = any(
  parsers('sshd', 'sudo-su', 'pam', 'auditd', 'auditd-exec', 'postfix', 'iptables', 'bind', 'unbound', 'dnsmasq'),
  all(parsers('', 'generic-kv', 'generic-json'), `log_name != ''`),
)
const microsoft365 = parsers('microsoft-365-audit')

/** Categories that name no product, or another one than Windows. */
const categories: Readonly<Record<string, string>> = {
  ...windowsCategories,
  process_creation: any(windowsCategories['process_creation'] ?? '0', all(classes(1007), `NOT ${windows}`)),
  file_event: any(windowsCategories['file_event'] ?? '0', all(classes(1001), `NOT ${windows}`)),
  network_connection: any(windowsCategories['network_connection'] ?? '0', all(classes(4001), `NOT ${windows}`)),
  dns_query: any(windowsCategories['dns_query'] ?? '0', classes(4003)),
  antivirus: any(windowsCategories['antivirus'] ?? '0', `product ILIKE '%antivirus%'`, classes(2004)),
  dns: classes(4003),
  firewall: classes(4001),
  network: classes(4001, 4002, 4003),
  proxy: all(classes(4002), `NOT ${parsers(...webServers)}`),
  webserver: parsers(...webServers),
}

/** Categories on Linux and macOS. */
const unixCategories: Readonly<Record<string, string>> = {
  process_creation: any(
    linuxSysmon('1'),
    all(classes(1007), parsers('auditd', 'auditd-exec', 'sudo-su', ...endpointSensors)),
  ),
  file_event: any(linuxSysmon('11'), all(classes(1001), parsers('auditd', ...endpointSensors))),
  network_connection: any(linuxSysmon('3'), all(classes(4001), parsers('auditd', ...endpointSensors))),
}

/** A word that no table knows: a parser, a source, a product or a log of that name. */
function named(word: string): string {
  const plain = word.toLowerCase()
  const dashed = plain.replaceAll(/[._ ]/g, '-')
  const names = [...new Set([plain, dashed])]
  return any(
    inList('parser', names),
    inList('source', names),
    inList('lower(log_name)', names),
    ...names.flatMap((name) => [
      `startsWith(parser, ${text(`${name}-`)})`,
      `lower(product) = ${text(name)}`,
      `startsWith(lower(product), ${text(`${name}:`)})`,
      `endsWith(lower(product), ${text(`:${name}`)})`,
    ]),
  )
}

/** Programs that let people in and up, and what they log as. */
const loginParsers = ['sshd', 'sudo-su', 'pam']
const loginLogs = [
  ...['sshd', 'sshd-session', 'sudo', 'su', 'login', 'systemd-logind', 'polkitd', 'pkexec', 'passwd', 'useradd'],
  ...['usermod', 'userdel', 'groupadd', 'chage', 'gdm-password', 'lightdm', 'cron', 'crond'],
]

/** What a service means, by product and service; "" stands for a rule without a product. */
const services: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  linux: {
    auditd: any(parsers('auditd', 'auditd-exec'), logs('auditd', 'audit', 'audispd')),
    auth: any(parsers(...loginParsers), logs(...loginLogs)),
    sshd: any(parsers('sshd'), logs('sshd', 'sshd-session')),
    sudo: any(parsers('sudo-su'), logs('sudo')),
    cron: logs('cron', 'crond', 'crontab', 'anacron', 'cronie'),
    clamav: logs('clamav', 'clamd', 'clamscan', 'freshclam', 'clamonacc'),
    guacamole: logs('guacd', 'guacamole'),
    vsftpd: logs('vsftpd'),
    // Whatever came through syslog: the lines of the programs above as well.
    syslog: unix,
  },
  aws: { cloudtrail: parsers('aws-cloudtrail') },
  azure: {
    signinlogs: parsers('entra-sign-in'),
    auditlogs: parsers('entra-audit'),
    activitylogs: any(named('azure'), named('azure-activity')),
    riskdetection: any(named('entra-risk'), named('riskdetection')),
    pim: any(named('entra-pim'), named('pim')),
  },
  m365: Object.fromEntries(
    ['audit', 'exchange', 'threat_detection', 'threat_management'].map((service) => [service, microsoft365]),
  ),
  okta: { okta: parsers('okta') },
  github: { audit: parsers('github-audit') },
  kubernetes: { audit: parsers('kubernetes-audit') },
  gcp: {
    'google_workspace.admin': parsers('google-workspace'),
    'google_workspace.login': parsers('google-workspace'),
  },
  fortigate: { event: parsers('fortigate') },
  '': {
    apache: any(parsers('apache-error', 'http-access'), logs('apache', 'apache2', 'httpd')),
    nginx: any(parsers('nginx-error', 'http-access'), logs('nginx')),
    connection: classes(4001),
    dns: classes(4003),
    netflow: any(classes(4001), named('netflow')),
  },
}

const products: Readonly<Record<string, string>> = {
  windows,
  linux: unix,
  // What endpoint sensors say carries no name of the system in a small column; its fields decide.
  macos: any(parsers(...endpointSensors), named('macos')),
  fortigate: parsers('fortigate'),
  fortios: parsers('fortigate'),
  m365: microsoft365,
  zeek: `startsWith(parser, 'zeek')`,
}

/** The condition of a rule's events. Words are compared without regard to case, as the taxonomy writes them in lower case. */
export function sourceSql(source: RuleSource): string {
  const category = source.category?.toLowerCase()
  const product = source.product?.toLowerCase()
  const service = source.service?.toLowerCase()
  const parts: string[] = []
  if (service !== undefined) parts.push(serviceSql(product, service))
  if (category !== undefined) parts.push(categorySql(product, category))
  // A service or category of a product implies it; a word of its own without any of them stands alone.
  if (product !== undefined && !impliesProduct(product, category, service))
    parts.push(products[product] ?? named(product))
  return all(...parts)
}

function categorySql(product: string | undefined, category: string): string {
  // "application" only says that the product is one.
  if (category === 'application') return '1'
  if (product === 'windows') return windowsCategories[category] ?? named(category)
  if (product === 'linux' || product === 'macos') return unixCategories[category] ?? named(category)
  return categories[category] ?? named(category)
}

function serviceSql(product: string | undefined, service: string): string {
  const channels = windowsServices[service]
  if (product === 'windows')
    return channels === undefined ? all(windows, named(service)) : all(windows, logs(...channels))
  const known = services[product ?? '']?.[service] ?? services['']?.[service]
  if (known !== undefined) return known
  if (product === 'zeek')
    return any(
      parsers(`zeek-${service.replaceAll('_', '-')}`),
      all(`startsWith(parser, 'zeek')`, logs(service, `${service}.log`)),
    )
  return named(service)
}

function impliesProduct(product: string, category: string | undefined, service: string | undefined): boolean {
  if (product === 'windows') return service !== undefined || (category !== undefined && category in windowsCategories)
  if (service !== undefined && services[product]?.[service] !== undefined) return true
  return (product === 'linux' || product === 'macos') && category !== undefined && category in unixCategories
}
