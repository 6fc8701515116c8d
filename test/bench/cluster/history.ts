import { readFileSync } from 'node:fs'
import { botUpdated, datasetOf, postDataset } from '../../chain/bot.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Row } from '../rows.ts'
import { makeClient } from '../yard.ts'
import { followArrivals } from './arrivals.ts'
import { onGpu } from './configuration.ts'
import { type Ground, onCluster } from './ground.ts'

const ended = 10_000
const active = 1_000
const limitMs = 600_000

/** A launcher that starts where ten thousand Jobs have been, and a thousand are. */
export async function benchJobsHistory(): Promise<Row[]> {
  return await onCluster(
    async (ground) => {
      await makeActive(ground)
      await ground.database.transaction((transaction) => transaction.script(history))
      const before = await ground.audit()
      const begun = performance.now()
      const launcher = await ground.start(onGpu(active), { entry: 'services/launcher/main.ts' })
      const startedMs = performance.now() - begun
      await eventually(async () => (await notLookedAt(ground)) === 0, {
        timeoutMs: limitMs,
        what: 'a look at every active run',
      })
      const lookedMs = performance.now() - begun
      const calls = (await ground.audit()).total - before.total
      const name = `${ended.toLocaleString('en')} Jobs in history, ${active.toLocaleString('en')} active`
      return [
        { figure: `${name}: until the launcher is ready`, value: startedMs / 1000, unit: 's', target: '' },
        { figure: `${name}: until it has looked at all`, value: lookedMs / 1000, unit: 's', target: '≤ 10' },
        { figure: `${name}: API calls for that`, value: calls, unit: '', target: '' },
        { figure: `${name}: memory`, value: megabytes(launcher.pid, 'VmRSS'), unit: 'MB', target: '≤ 300' },
        { figure: `${name}: memory at most`, value: megabytes(launcher.pid, 'VmHWM'), unit: 'MB', target: '' },
      ]
    },
    { audited: true },
  )
}

/** Each with its Job, and this with its pod, which waits for a node. */
async function makeActive(ground: Ground): Promise<void> {
  const yard = await ground.start(onGpu(active))
  const arrivals = await followArrivals(ground, ground.namespace, ({ metadata }) => metadata.name)
  const dataset = await postDataset(yard, datasetOf('bench'))
  const client = makeClient(yard.url)
  for (let first = 0; first < active; first += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => botUpdated(`bot-${first + index}`, dataset, 1))
    await client.post('/events', 'application/cloudevents-batch+json', JSON.stringify(batch))
  }
  client.close()
  await eventually(() => arrivals.size === active, { timeoutMs: limitMs, what: 'a Job for every event' })
  await yard.kill('SIGKILL')
}

/** What was due when the launcher started is put off by a look, and by nothing else. */
async function notLookedAt({ database }: Ground): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'select count(*) as count from launcher.runs where look_at <= now()',
  )
  return row?.count ?? Number.NaN
}

/** Ended runs and their attempts, each like one that is there. */
const history = `
  create temporary table ended on commit drop as
  select 'run-' || translate(lpad(to_hex(n), 10, '0'), '0189', 'ghij') as run, n from generate_series(1, ${ended}) n;
  create temporary table template on commit drop as select * from launcher.runs order by run limit 1;
  insert into launcher.runs
  select (jsonb_populate_record(template, jsonb_build_object(
           'run', ended.run, 'bot', 'old-' || n % 1000, 'state', 'failed', 'holds_key', false, 'look_at', null,
           'ended_at', now()))).* from ended, template;
  insert into launcher.attempts
  select (jsonb_populate_record(a, jsonb_build_object(
           'attempt', ended.run || '-1', 'run', ended.run, 'state', 'ended', 'outcome', 'crashed', 'reason', 'it crashed',
           'ended_at', now(), 'released_at', now()))).*
    from ended, template join launcher.attempts a on a.run = template.run;`

function megabytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) / 1024
}
