import { counted, money, short } from "../base/format";
import type { State } from "../base/ground";
import type { Status } from "../base/review";

export const STRATEGIES = ["mask", "structural", "summarize"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** One group in the list. */
export interface Item {
  key: string;
  units: number;
  /** Author times of the first and the last unit, in microseconds. */
  since: number;
  until: number;
  before: number;
  after: number;
  /** Names that get lost, those of them that are used later, and names that no original has. */
  lost: number;
  later: number;
  added: number;
  state: "open" | "proposed" | "approved" | "rejected" | "applied";
  strategy: string;
  by: string;
  /** Why it cannot be approved; empty where it can. */
  problem: string;
  changed: number;
  taken: number;
  /** What its draft goes by. */
  draft: string;
  /** What a model was told that writes it now; null where none does. */
  writing: string | null;
  failed: string;
}

/** What stays between groups. */
export interface Stay {
  kind: "pinned" | "summary" | "units" | "last";
  units: number;
  tokens: number;
  covers: number;
  commit: string;
}

interface Outlook {
  tokens: number;
  cached: number;
  next: number | null;
  later: number | null;
}

export interface Costs {
  before: Outlook;
  after: Outlook;
  /** Why there are no prices; empty where there are. */
  prices: string;
  drafts: number | null;
}

export interface CompressState extends State {
  branch: string;
  state: "pending" | "applied" | "rejected" | "nothing" | "proposed";
  strategy: string;
  items: readonly Item[];
  between: readonly (readonly Stay[])[];
  before: number;
  after: number;
  target: number | null;
  costs: Costs | null;
  notes: readonly string[];
  /** Why it cannot be looked at; empty where it can. */
  trouble: string;
  canUndo: boolean;
  model: string | null;
}

/** A name that gets lost: how often the originals say it, and how often it is said later. */
export interface Lost {
  name: string;
  times: number;
  later: number;
}

/** A group's draft: its text in parts that are kept from an original, or in none. */
export interface Detail {
  draft: string;
  text: string;
  parts: readonly (readonly ["" | "kept" | "added", string])[];
  names: readonly Lost[];
}

/** One unit of a group; every second part is a name that gets lost. */
export interface Original {
  commit: string;
  role: string;
  who: string;
  tokens: number;
  time_us: number;
  is_code: boolean;
  failed: boolean;
  parts: readonly string[];
  length: number;
}

export interface Said {
  places: readonly number[];
  commits: readonly string[];
  who: string;
  quotes: readonly string[];
  time_us: number;
}

const STATUS: Record<Item["state"], Status> = {
  open: "open",
  proposed: "proposed",
  approved: "settled",
  applied: "settled",
  rejected: "rejected",
};

export function statusOf({ state }: Item): Status {
  return STATUS[state];
}

/** Whether somebody has yet to decide. */
export function isOpen({ state }: Item): boolean {
  return state === "open" || state === "proposed";
}

/** How a group stands, in one short line. */
export function standing(item: Item): string {
  const lost = item.lost ? `${counted(item.lost, "name")} lost` : "no name lost";
  if (item.writing !== null) return "being written";
  if (item.state === "rejected") return "rejected, stays";
  if (item.problem) return "needs a draft";
  return isOpen(item) ? lost : `${item.state}, ${lost}`;
}

/** What stays somewhere, in words. */
export function stayWords(stay: Stay, texts: Readonly<Record<string, string>>): string {
  if (stay.kind === "summary")
    return stay.units === 1
      ? `summary of ${counted(stay.covers, "commit")}`
      : `${counted(stay.units, "summary").replace("summarys", "summaries")}`;
  if (stay.kind === "last")
    return stay.units === 1 ? "the last unit stays" : `the last ${stay.units} units stay`;
  if (stay.kind === "pinned" && stay.units === 1) return texts[stay.commit] ?? "pinned";
  const kind = stay.kind === "pinned" ? "pinned unit" : "unit";
  return `${counted(stay.units, kind)} ${stay.units === 1 ? "stays" : "stay"}`;
}

/** What it is about, in one line. */
export function aboutAll({ items, between }: Pick<CompressState, "items" | "between">): string {
  const stays = between.flat();
  const pins = stays.reduce((sum, stay) => sum + (stay.kind === "pinned" ? stay.units : 0), 0);
  const last = stays.find((stay) => stay.kind === "last");
  if (!items.length) return "nothing left";
  return [
    `${counted(items.length, "group")}${pins ? `, ${counted(pins, "pin")} between` : ""}`,
    last ? stayWords(last, {}) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** A price; what is less than a tenth of a cent is said to be so. */
export function price(dollars: number): string {
  return dollars > 0 && dollars < 0.0005 ? "under $0.001" : money(dollars);
}

/** a → b, or what it is where nothing changes. */
export function change(before: number, after: number): string {
  return `${short(before)} → ${short(after)}`;
}

/** 15:49 to 15:55; with the day where it is not the same. */
export function period(since: string, until: string): string {
  const [day, from = ""] = since.split(" ");
  const [other, to = ""] = until.split(" ");
  if (day !== other) return `${day?.slice(5)} to ${other?.slice(5)}`;
  return from.slice(0, 5) === to.slice(0, 5) ? from.slice(0, 5) : `${from.slice(0, 5)} to ${to.slice(0, 5)}`;
}
