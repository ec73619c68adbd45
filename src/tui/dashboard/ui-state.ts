import type { JobSnapshot, JobState } from '../../job/index.ts';
import { figuresOf } from './figures.ts';
import { follow, type HistoryView, NO_HISTORY } from './history.ts';
import { changePreview, type PreviewChange, type PreviewView, WHOLE_PREVIEW } from './preview-view.ts';

/** All that decides the screen, beside its size and the machine's load. Strings in it are still foreign. */
export interface DashboardState {
  /** As the feed told them last. */
  readonly jobs: readonly JobSnapshot[];
  readonly histories: ReadonlyMap<string, HistoryView>;
  readonly selected: string | null;
  readonly sort: Sort;
  readonly filter: string;
  readonly mode: Mode;
  readonly showsLog: boolean;
  readonly showsPreview: boolean;
  readonly preview: PreviewView;
  readonly log: { readonly id: string; readonly lines: readonly string[] } | null;
  /** What became of the last request. */
  readonly notice: { readonly words: string; readonly isBad: boolean; readonly atSeconds: number } | null;
}

export type Sort = 'state' | 'name' | 'progress' | 'time left' | 'newest';

const SORTS: readonly Sort[] = ['state', 'name', 'progress', 'time left', 'newest'];

/** What the keys mean. */
export type Mode =
  | { readonly kind: 'jobs' }
  | { readonly kind: 'filter' }
  | { readonly kind: 'help' }
  | { readonly kind: 'ask'; readonly question: 'cancel' | 'remove'; readonly id: string }
  /** Ctrl-C in the terminal that started jobs. */
  | { readonly kind: 'ask-leave' };

export type DashboardAction =
  | { readonly type: 'jobs'; readonly jobs: readonly JobSnapshot[]; readonly atSeconds: number }
  | { readonly type: 'select'; readonly by: number }
  | { readonly type: 'select-end'; readonly end: 'first' | 'last' }
  | { readonly type: 'mode'; readonly mode: Mode }
  | { readonly type: 'filter'; readonly filter: string }
  | { readonly type: 'sort' }
  | { readonly type: 'toggle'; readonly what: 'log' | 'preview' }
  | { readonly type: 'log'; readonly id: string; readonly lines: readonly string[] }
  | { readonly type: 'notice'; readonly words: string; readonly isBad: boolean; readonly atSeconds: number }
  | { readonly type: 'preview'; readonly change: PreviewChange }
  | { readonly type: 'both'; readonly actions: readonly DashboardAction[] }
  | { readonly type: 'tick'; readonly atSeconds: number };

export function initialDashboard(selected: string | null): DashboardState {
  return {
    jobs: [],
    histories: new Map(),
    selected,
    sort: 'state',
    filter: '',
    mode: { kind: 'jobs' },
    showsLog: false,
    showsPreview: false,
    preview: WHOLE_PREVIEW,
    log: null,
    notice: null,
  };
}

export function reduceDashboard(state: DashboardState, action: DashboardAction): DashboardState {
  switch (action.type) {
    case 'jobs':
      return takeJobs(state, action.jobs, action.atSeconds);
    case 'select': {
      const jobs = visibleJobs(state);
      const at = jobs.findIndex((job) => job.id === state.selected);
      const to = Math.min(jobs.length - 1, Math.max(0, at + action.by));
      return { ...state, selected: jobs[to]?.id ?? null };
    }
    case 'select-end':
      return { ...state, selected: visibleJobs(state).at(action.end === 'first' ? 0 : -1)?.id ?? null };
    case 'mode':
      return { ...state, mode: action.mode };
    case 'filter':
      return keepSelected({ ...state, filter: action.filter });
    case 'sort':
      return { ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length]! };
    case 'toggle':
      return action.what === 'log'
        ? { ...state, showsLog: !state.showsLog }
        : { ...state, showsPreview: !state.showsPreview };
    case 'log':
      return { ...state, log: { id: action.id, lines: action.lines } };
    case 'notice':
      return { ...state, notice: { words: action.words, isBad: action.isBad, atSeconds: action.atSeconds } };
    case 'preview':
      return { ...state, preview: changePreview(state.preview, action.change) };
    case 'both':
      return action.actions.reduce(reduceDashboard, state);
    case 'tick':
      if (state.notice === null || action.atSeconds - state.notice.atSeconds < NOTICE_SECONDS) return state;
      return { ...state, notice: null };
  }
}

const NOTICE_SECONDS = 6;

/** The jobs that pass the filter, in the order asked for. */
export function visibleJobs({ jobs, filter, sort }: DashboardState): readonly JobSnapshot[] {
  const wanted = filter.trim().toLowerCase();
  const passing = wanted === '' ? jobs : jobs.filter((job) => describe(job).includes(wanted));
  return passing.toSorted(ORDERS[sort]);
}

export function selectedJob(state: DashboardState): JobSnapshot | null {
  return state.jobs.find((job) => job.id === state.selected) ?? null;
}

function takeJobs(state: DashboardState, jobs: readonly JobSnapshot[], atSeconds: number): DashboardState {
  const histories = new Map(
    jobs.map((job) => [job.id, follow(state.histories.get(job.id) ?? NO_HISTORY, job, atSeconds)] as const),
  );
  const asked = state.mode.kind === 'ask' ? state.mode.id : null;
  const mode: Mode = asked !== null && !jobs.some((job) => job.id === asked) ? { kind: 'jobs' } : state.mode;
  return keepSelected({ ...state, jobs, histories, mode }, state);
}

/** If the selected job is gone, the one in its place becomes it. */
function keepSelected(state: DashboardState, before: DashboardState = state): DashboardState {
  const jobs = visibleJobs(state);
  if (jobs.some((job) => job.id === state.selected)) return state;
  const place = visibleJobs(before).findIndex((job) => job.id === state.selected);
  return { ...state, selected: (jobs[Math.max(0, place)] ?? jobs.at(-1))?.id ?? null };
}

function describe({ input, output, model, device, state, id }: JobSnapshot): string {
  return [input, output, model, device, state, id].join('\n').toLowerCase();
}

const STATE_ORDER: readonly JobState[] = [
  ...(['running', 'draining', 'paused', 'queued', 'resting'] as const),
  ...(['failed', 'interrupted', 'cancelled', 'done'] as const),
];

type Order = (a: JobSnapshot, b: JobSnapshot) => number;

const byAge: Order = (a, b) => a.createdAtMs - b.createdAtMs || compareText(a.id, b.id);

const ORDERS: Readonly<Record<Sort, Order>> = {
  state: (a, b) =>
    STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) || (a.place ?? 0) - (b.place ?? 0) || byAge(a, b),
  name: (a, b) => compareText(a.input, b.input) || byAge(a, b),
  progress: (a, b) => (figuresOf(b).fraction ?? 0) - (figuresOf(a).fraction ?? 0) || byAge(a, b),
  'time left': (a, b) => timeLeft(a) - timeLeft(b) || byAge(a, b),
  newest: (a, b) => byAge(b, a),
};

/** What has no time left comes last. */
function timeLeft(job: JobSnapshot): number {
  return figuresOf(job).secondsLeft ?? Number.MAX_VALUE;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
