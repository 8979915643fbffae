// What Python says of the drawn history; see tract_nb/view/wire.py and widgets/dag.py.
import type { State } from "../base/ground";

/** A line of a row: its way (through, from above, downwards), its column, whose colour it has. */
export type Line = readonly ["|" | "^" | "v", number, number];

export interface Lanes {
  at: number;
  owner: number;
  lines: readonly Line[];
  /** Columns that are not drawn. */
  more?: number;
}

export type Label = readonly [kind: "head" | "branch" | "tag" | "agent", name: string, owner: number];

export interface Fold {
  name: string;
  kind: "summary" | "agent" | "more" | "masks";
  title: string;
  commits: number;
  size: number;
  is_open: boolean;
}

export interface Row {
  /** The first digits of its hash; empty for a row that stands for more commits. */
  commit: string;
  kind: "append" | "edit" | "summary" | "merge" | "more";
  who: string;
  text: string;
  tokens: number;
  /** Seconds since the epoch. */
  time: number;
  graph: Lanes;
  role?: string;
  type?: string;
  direction?: string;
  before?: string;
  after?: string;
  code?: 1;
  failed?: 1;
  sent?: 1;
  covered?: 1;
  here?: 1;
  inset?: 1;
  agent?: 1;
  level?: number;
  labels?: readonly Label[];
  marks?: readonly string[];
  fold?: Fold;
}

export interface Curve {
  places: number;
  points: readonly (readonly [place: number, tokens: number])[];
  most: number;
  falls: readonly (readonly [place: number, time: number, before: number, after: number])[];
  spikes: readonly (readonly [place: number, tokens: number, role: string])[];
  anchors: readonly (readonly [row: number, place: number])[];
}

export interface DagState extends State {
  database: string;
  tract: string;
  branch: string | null;
  head: string;
  commits: number;
  folded: number;
  tokens: number;
  most: number | null;
  largest: number;
  rows: number;
  first: readonly Row[];
  curve: Curve;
  branches: readonly (readonly [name: string, owner: number])[];
  types: readonly string[];
  undo: string;
  redo: string;
  price: number | null;
  /** Goes up whenever the rows, or what is known of them, may be others. */
  drawing: number;
}

export interface Piece {
  readonly 0: "same" | "out" | "in";
  readonly 1: string;
}

export interface Fact {
  readonly 0: string;
  readonly 1: string;
  readonly 2: readonly (readonly [commit: string, text: string])[];
}

export interface Detail {
  /** Whether it is on another line than HEAD's. */
  away: boolean;
  commit: string;
  hash: string;
  kind: string;
  role: string;
  who: string;
  direction: string;
  title: string;
  time: number;
  tokens: number;
  share: number | null;
  standing: string;
  text: string;
  characters: number;
  form: "prose" | "markdown" | "code";
  /** Markdown that Python has rendered and cleaned. */
  html: string | null;
  facts: readonly Fact[];
  changes: readonly (readonly [commit: string, time: number, pieces: readonly Piece[]])[];
  unit: string;
  /** The commit that the unit's text is of now. */
  wording: string;
}

export interface Foresight {
  code?: string;
  before?: number;
  after?: number;
  now?: number | null;
  next?: number | null;
  later?: number | null;
  says?: string;
  asks?: string;
  refused?: string;
  hint?: string;
  over?: number;
}

export interface Change {
  change: string;
  commit: string;
  who: string;
  tokens: number;
  before: string;
  after: string;
}
