import { benchBurst } from './burst.ts'
import { benchJobsCalls } from './cluster/calls.ts'
import { benchJobsHistory } from './cluster/history.ts'
import { benchJobsLatency, benchKafkaJobsLatency } from './cluster/latency.ts'
import { benchJobsThroughput } from './cluster/throughput.ts'
import { benchIdle } from './idle.ts'
import { benchConsume, benchGrowth } from './kafka/consume.ts'
import { benchKafkaIdle } from './kafka/idle.ts'
import { benchKafkaLatency } from './kafka/latency.ts'
import { benchReplicas } from './kafka/replicas.ts'
import { benchLatency } from './latency.ts'
import { benchLists } from './lists.ts'
import { printRows, type Row, writeRows } from './rows.ts'
import { benchSignals } from './signals.ts'
import { benchTrainer } from './trainer.ts'

/** Each figure by itself, one after another, since they would disturb each other. Names on the command line choose some. */
const benches: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  signals: benchSignals,
  latency: benchLatency,
  idle: benchIdle,
  lists: benchLists,
  burst: benchBurst,
  trainer: benchTrainer,
  consume: benchConsume,
  growth: benchGrowth,
  kafkaLatency: benchKafkaLatency,
  kafkaIdle: benchKafkaIdle,
  replicas: benchReplicas,
  jobsLatency: benchJobsLatency,
  kafkaJobsLatency: benchKafkaJobsLatency,
  jobsThroughput: benchJobsThroughput,
  jobsCalls: benchJobsCalls,
  jobsHistory: benchJobsHistory,
}

const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !(name in benches))
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}

const rows: Row[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  process.stderr.write(`bench: ${name} …\n`)
  rows.push(...(await bench()))
}
printRows(rows)
writeRows(rows, 'bench.json')
