/** How somebody proves who he is: by files, which may be replaced while they are in use, or by a token. */
export type Credentials =
  | { readonly 'client-certificate': string; readonly 'client-key': string }
  | { readonly token: string }

export interface Kubeconfig {
  readonly clusters: readonly [
    { readonly name: string; readonly cluster: { readonly server: string; readonly 'certificate-authority': string } },
  ]
  readonly users: readonly [{ readonly name: string; readonly user: Credentials }]
}

/** The text of a kubeconfig. It is YAML, as JSON is. */
export function kubeconfigFor(url: string, authority: string, user: Credentials): string {
  const config: Kubeconfig = {
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority': authority } }],
    users: [{ name: 'test', user }],
  }
  const contexts = [{ name: 'test', context: { cluster: 'test', user: 'test' } }]
  return JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config, contexts, 'current-context': 'test' }, null, 2)
}
