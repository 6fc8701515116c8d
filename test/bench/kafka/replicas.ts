import { setTimeout as delay } from 'node:timers/promises'
import type { Message } from 'kafkajs'
import {
  botUpdated,
  datasetOf,
  echoConfiguration,
  persistently,
  postDataset,
  type Sums,
  sumsOf,
} from '../../chain/bot.ts'
import type { Yard } from '../../harness/yard.ts'
import type { Row } from '../rows.ts'
import { onGround } from './yard.ts'

const bots = 1_000
const edits = 10
const killEveryMs = 5_000
/** After a kill its group waits for the dead one for ten seconds; killed for ever, it would hardly get on. */
const killForMs = 60_000
const limitMs = 900_000
const debounced = echoConfiguration().replace(
  'slots: 4',
  'slots: 6\n    debounce: { quietSeconds: 5, maxWaitSeconds: 60 }',
)

/** 10,000 events of 1,000 bots, while for a minute one of two replicas of everything is killed every few seconds. */
export async function benchReplicas(): Promise<Row[]> {
  return await onGround(async (ground) => {
    const configuration = ground.configured(debounced)
    const replicas = await Promise.all([ground.start(configuration), ground.start(configuration)])
    const datasets = await Promise.all(
      Array.from({ length: edits }, (_, edit) => postDataset(replicas[0], datasetOf(`edit-${edit}`, 2, 10))),
    )
    const begun = performance.now()
    for (const [edit, dataset] of datasets.entries()) {
      const messages: Message[] = Array.from({ length: bots }, (_, index) => {
        const bot = `bot-${index}`
        return { key: bot, value: JSON.stringify(botUpdated(bot, dataset, edit + 1)) }
      })
      await ground.produce(messages)
    }
    let kills = 0
    while (!(await isOver(replicas))) {
      if (performance.now() - begun > limitMs) throw new Error(`not every bot had its model within ${limitMs} ms`)
      await delay(killEveryMs)
      if (performance.now() - begun > killForMs) continue
      const victim = replicas[kills % 2]
      await victim?.kill('SIGKILL')
      await victim?.start()
      kills += 1
    }
    const seconds = (performance.now() - begun) / 1000
    const [yard] = replicas
    const sums = await sumsOf(yard)
    if (!sums.balanced) throw new Error(`the ledger says ${JSON.stringify(sums)}`)
    // Of the record: what a console has counted since its last start is less.
    const [made] = await ground.query('select count(*)::int as runs from launcher.runs')
    return [
      { figure: 'Kafka, a replica killed every 5 s for a minute: kills', value: kills, unit: '', target: '' },
      {
        figure: 'Kafka, a replica killed every 5 s for a minute: runs of 10,000 events over 1,000 bots',
        value: Number(made?.['runs']),
        unit: '',
        target: '= 1,000',
      },
      {
        figure: 'Kafka, a replica killed every 5 s for a minute: signals with an end',
        value: sums.received - sums.waiting,
        unit: '',
        target: '= 10,000',
      },
      {
        figure: 'Kafka, a replica killed every 5 s for a minute: until every bot has its model',
        value: seconds,
        unit: 's',
        target: '',
      },
    ]
  })
}

async function isOver([yard]: readonly [Yard, Yard]): Promise<boolean> {
  const sums = await persistently<Sums>(() => sumsOf(yard))
  const { champions } = await persistently(() => yard.get<{ champions: unknown[] }>('/champions?limit=10000'))
  return sums.received === bots * edits && sums.waiting === 0 && champions.length === bots
}
