/** The demo's bot, its edits and the configuration that it is played under. */
import { readFile } from 'node:fs/promises'
import { growth, mixUp, parseRows, type Row } from './edits.ts'

export const bot = 'helpdesk'
export const jobType = 'intents'
export const burstEdits = 20
export const mixedUp = ['baggage_allowance', 'baggage_lost'] as const

/** Training texts that each intent has at first; the burst brings the others. */
const startTexts = 36
const mixedUpShare = 0.6

export const configuration = `# The configuration of Trainyard's demo. All that it does not say has its default.
jobTypes:
  intents:
    program:
      command: [node, services/trainer/main.ts, wide-deep]
    debounce:
      quietSeconds: 1
      maxWaitSeconds: 30

triggers:
  - name: bot-edited
    topic: bot.events
    when:
      type: bot.updated
    jobType: intents
    bot: /data/botId
    dataset: /data/dataset/uri
    digest: /data/dataset/digest
    revision: /data/revision
`

/** Every dataset of the story, in the order in which they are published. */
export interface Story {
  readonly first: readonly Row[]
  /** One dataset an edit; the last is the whole bot. */
  readonly burst: readonly (readonly Row[])[]
  readonly mislabelled: readonly Row[]
  readonly extended: readonly Row[]
  readonly newIntent: string
}

export async function loadStory(): Promise<Story> {
  const [rows, added] = await Promise.all(
    ['bot.jsonl', 'new-intent.jsonl'].map(async (name) =>
      parseRows(await readFile(new URL(name, import.meta.url), 'utf8')),
    ),
  )
  return storyOf(rows ?? [], added ?? [])
}

/** Pure. */
export function storyOf(rows: readonly Row[], added: readonly Row[]): Story {
  const [first = [], ...burst] = growth(rows, startTexts, burstEdits)
  return {
    first,
    burst,
    mislabelled: mixUp(rows, mixedUp, mixedUpShare),
    extended: [...rows, ...added],
    newIntent: added[0]?.intent ?? '',
  }
}

export function countIntents(rows: readonly Row[]): number {
  return new Set(rows.flatMap(({ intent }) => (intent === null ? [] : [intent]))).size
}
