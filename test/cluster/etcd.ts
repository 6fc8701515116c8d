const urlOf = (port: number, path: string) => `http://127.0.0.1:${port}${path}`

export async function isHealthy(port: number): Promise<boolean> {
  return (await fetch(urlOf(port, '/health'), { signal: AbortSignal.timeout(2_000) })).ok
}

/** Forgets all but the last state of everything, which is one that nobody has heard of. */
export async function compactEtcd(port: number): Promise<void> {
  const { header } = await ask<{ header: { revision: string } }>(port, '/v3/kv/put', { key: btoa('/test/news') })
  await ask(port, '/v3/kv/compaction', { revision: header.revision, physical: true })
}

async function ask<T>(port: number, path: string, question: object): Promise<T> {
  const answer = await fetch(urlOf(port, path), { method: 'POST', body: JSON.stringify(question) })
  if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`)
  return (await answer.json()) as T
}
