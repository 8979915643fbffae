import type { State } from "../base/ground";
import type { Status } from "../base/review";

export type Side = "ours" | "base" | "theirs";

/** One conflict in the list. */
export interface Item {
  key: string;
  /** What both sides did, in two words. */
  title: string;
  who: string;
  line: string;
  status: Status;
  /** ours, theirs, both, base, edited, or what is proposed; empty while it is open. */
  choice: string;
  choices: readonly string[];
  takesText: boolean;
}

export interface MergeState extends State {
  verb: string;
  source: string;
  branch: string;
  state: "pending" | "applied" | "rejected";
  items: readonly Item[];
  warnings: readonly string[];
  notes: readonly string[];
  incoming: readonly { who: string; line: string }[];
  coming: number;
  before: number;
  after: number;
  budget: number | null;
  /** The model that can be asked; null where none is set. */
  model: string | null;
}

/** One conflict whole: the three texts, and what would stand. */
export interface Detail {
  question: string;
  ours: string;
  base: string;
  theirs: string;
  result: string | null;
  tokens: Readonly<Record<Side | "result", number>>;
  /** Who proposed or decided, and how: model, prompt, cost. */
  by: string;
}
