/** What is kept, as the API shows it. Pure. */
import type { ChampionView, KeyView, ModelView } from './api.ts'
import type { PersonDecision } from './store/decisions.ts'
import type { Champion, KeyState } from './store/keys.ts'
import type { ModelRecord } from './store/models.ts'

export function modelView(record: ModelRecord): ModelView {
  const { decidedAt, dueAt, cause: _cause, failures: _failures, ...facts } = record
  return {
    ...facts,
    decidedAt: decidedAt?.toISOString() ?? null,
    expiresAt: record.state === 'held' ? (dueAt?.toISOString() ?? null) : null,
  }
}

export function keyView(
  key: KeyState,
  held: readonly ModelRecord[],
  champions: readonly Champion[],
  decisions: readonly (PersonDecision & { decidedAt: Date })[],
): KeyView {
  const { pin, champion, ...facts } = key
  return {
    ...facts,
    pin: pin && { ...pin, since: pin.since.toISOString() },
    champion: champion && championView(champion),
    held: held.map(({ run, generation, decidedAt, dueAt, verdict }) => ({
      run,
      generation,
      since: (decidedAt ?? new Date(0)).toISOString(),
      expiresAt: (dueAt ?? new Date(0)).toISOString(),
      rule: verdict?.rule ?? null,
      reasons: verdict?.reasons.map(({ text }) => text) ?? [],
    })),
    champions: champions.map(championView),
    decisions: decisions.map((decision) => ({ ...decision, decidedAt: decision.decidedAt.toISOString() })),
  }
}

function championView(champion: Champion): ChampionView {
  return { ...champion, decidedAt: champion.decidedAt.toISOString() }
}
