import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** How often the launcher has asked for what: `create jobs`, `list pods`. Watches are told apart. */
export interface Audit {
  readonly calls: Readonly<Record<string, number>>
  readonly total: number
  readonly watches: number
}

/** What has the API server write down a line for each request that a service account made. */
export async function auditFlags(directory: string, log: string): Promise<readonly string[]> {
  const policy = join(directory, 'audit-policy.yaml')
  const rules = [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }]
  const stages = ['RequestReceived', 'ResponseStarted', 'Panic']
  // A watch is told of when it begins, since it may not end while anybody looks.
  const watched = { level: 'Metadata', userGroups: ['system:serviceaccounts'], verbs: ['watch'] }
  const document = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    rules: [
      { ...watched, omitStages: ['RequestReceived', 'ResponseComplete', 'Panic'] },
      ...rules.map((rule) => ({ ...rule, omitStages: stages })),
    ],
  }
  await writeFile(policy, JSON.stringify(document))
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, '--audit-log-mode=blocking']
}

interface Line {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource: string }
}

export async function readAudit(
  log: string,
  { namespace, serviceAccount }: { readonly namespace: string; readonly serviceAccount: string },
): Promise<Audit> {
  const username = `system:serviceaccount:${namespace}:${serviceAccount}`
  const calls: Record<string, number> = {}
  let watches = 0
  for (const text of (await readFile(log, 'utf8')).trim().split('\n')) {
    if (text === '') continue
    const { verb, user, objectRef } = JSON.parse(text) as Line
    if (user.username !== username) continue
    const call = `${verb} ${objectRef?.resource ?? ''}`
    if (verb === 'watch') watches += 1
    else calls[call] = (calls[call] ?? 0) + 1
  }
  return { calls, watches, total: Object.values(calls).reduce((sum, count) => sum + count, 0) }
}
