// The strip as numbers: where units stand, which of them are drawn together, what is where.
import type { State } from "../base/ground";

/** before which segment, why, units, tokens, commit, who */
export type Ghost = [number, "skipped" | "covered", number, number, string, string];

/** What Python sends: the segments as columns. */
export interface ContextState extends State {
  database: string;
  branch: string | null;
  head: string | null;
  tokens: number;
  source: string;
  max_tokens: number | null;
  unrecorded: number;
  cached: number;
  next: number | null;
  later: number | null;
  called: number | null;
  model: string | null;
  prices: string;
  commits: string[] | null;
  roles: string;
  sizes: number[];
  names: string[];
  who: number[];
  marks: string;
  edited: number[];
  /** Of these, those whose text is a mask. */
  masked: number[];
  ghosts: Ghost[];
  thoughts: [number, number];
}

export const ROLES: Record<string, string> = {
  s: "system",
  u: "user",
  a: "assistant",
  t: "tool",
  x: "summary",
};
/** How a role is called where many of its units are meant. */
export const PLURALS: Record<string, string> = {
  s: "system",
  u: "user",
  a: "assistant",
  t: "tool results",
  x: "summary",
};
const LONG = 1000; // tokens, as in tract_nb/engine/masking.py
/** The order in which a mixed block is stacked, from below. */
const STACK = "sxuat";

/** Where the cursor can stand: a unit, what left, or what no unit explains. */
export type Spot =
  | { kind: "unit"; place: number }
  | { kind: "ghost"; place: number }
  | { kind: "unrecorded" };

export const same = (a: Spot | null, b: Spot | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.kind === b.kind &&
    ("place" in a ? a.place : -1) === ("place" in b ? b.place : -1));

/** A rectangle of the strip: one unit, or a run of small ones. */
export interface Block {
  first: number;
  last: number;
  from: number;
  to: number;
  /** role and tokens, from below */
  parts: [string, number][];
}

export class Layout {
  readonly state: ContextState;
  /** Where each unit begins, in tokens; the last entry is where all end. */
  readonly starts: Float64Array;
  /** Where units and free room end. */
  readonly end: number;
  readonly totals: Record<string, [number, number]> = {};
  /** Every spot in the order of the arrow keys. */
  readonly spots: Spot[] = [];
  readonly #edited: Set<number>;
  readonly #masked: Set<number>;

  constructor(state: ContextState) {
    this.state = state;
    const count = state.sizes.length;
    this.starts = new Float64Array(count + 1);
    let at = state.unrecorded;
    if (at > 0) this.spots.push({ kind: "unrecorded" });
    let ghost = 0;
    for (let place = 0; place <= count; place += 1) {
      for (; (state.ghosts[ghost]?.[0] ?? Number.POSITIVE_INFINITY) <= place; ghost += 1) {
        this.spots.push({ kind: "ghost", place: ghost });
      }
      this.starts[place] = at;
      if (place === count) break;
      const size = state.sizes[place] ?? 0;
      const role = state.roles[place] ?? "a";
      const total = this.totals[role] ?? [0, 0];
      this.totals[role] = [total[0] + 1, total[1] + size];
      this.spots.push({ kind: "unit", place });
      at += size;
    }
    const most = state.max_tokens ?? 0;
    this.end = Math.max(at, state.tokens, most, 1) * (most ? 1.08 : 1.02);
    this.#edited = new Set(state.edited);
    this.#masked = new Set(state.masked);
  }

  get count(): number {
    return this.state.sizes.length;
  }

  /** Where all that is sent ends. */
  get used(): number {
    return this.starts[this.count] ?? 0;
  }

  at(place: number): number {
    return this.starts[place] ?? this.used;
  }

  size(place: number): number {
    return this.state.sizes[place] ?? 0;
  }

  role(place: number): string {
    return this.state.roles[place] ?? "a";
  }

  who(place: number): string {
    return this.state.names[this.state.who[place] ?? 0] ?? "";
  }

  mark(place: number): number {
    return Number(this.state.marks[place] ?? 1);
  }

  edited(place: number): boolean {
    return this.#edited.has(place);
  }

  masked(place: number): boolean {
    return this.#masked.has(place);
  }

  /** Whether a mask may stand for it: an output of a tool, or a long text of the model's. */
  maskable(place: number): boolean {
    if (this.masked(place) || this.mark(place) > 1) return false;
    const isLong = this.size(place) >= LONG && !this.who(place).startsWith("→");
    return this.role(place) === "t" || (this.role(place) === "a" && isLong);
  }

  /** Whether all of a unit is within the cached prefix. */
  cached(place: number): boolean {
    return this.at(place + 1) <= this.state.cached;
  }

  ghost(place: number): Ghost | undefined {
    return this.state.ghosts[place];
  }

  /** Where a spot stands, and how much it is. */
  span(spot: Spot): [number, number] {
    if (spot.kind === "unrecorded") return [0, this.state.unrecorded];
    if (spot.kind === "unit") return [this.at(spot.place), this.size(spot.place)];
    const ghost = this.ghost(spot.place);
    return ghost ? [this.at(ghost[0]), ghost[3]] : [0, 0];
  }

  /** The unit that covers a place in tokens; null where none does. */
  unitAt(tokens: number): number | null {
    if (tokens < this.at(0) || tokens >= this.used) return null;
    return this.starts.findLastIndex((at) => at <= tokens);
  }

  /** The blocks between two places in tokens: `wide` tokens stand alone, runs of less end at `run`. */
  blocks(from: number, to: number, wide: number, run: number): Block[] {
    const made: Block[] = [];
    let open: (Block & { mix: Record<string, number> }) | null = null;
    const close = () => {
      if (open) {
        const { mix } = open;
        open.parts = [...STACK].flatMap((role) => (mix[role] ? [[role, mix[role]] as [string, number]] : []));
      }
      open = null;
    };
    const first = Math.max(0, this.unitAt(Math.max(from, this.at(0))) ?? 0);
    for (let place = first; place < this.count && this.at(place) < to; place += 1) {
      const size = this.size(place);
      const role = this.role(place);
      const start = this.at(place);
      if (size >= wide) {
        close();
        made.push({ first: place, last: place, from: start, to: start + size, parts: [[role, size]] });
        continue;
      }
      if (open && start + size - open.from > run) close();
      if (!open) {
        open = { first: place, last: place, from: start, to: start, parts: [], mix: {} };
        made.push(open);
      }
      open.last = place;
      open.to = start + size;
      open.mix[role] = (open.mix[role] ?? 0) + size;
    }
    close();
    return made;
  }

  /** The next spot from one on, in steps of one or to another of a kind; the same where there is none. */
  step(from: Spot | null, by: 1 | -1, fits: (spot: Spot) => boolean = () => true): Spot | null {
    let index =
      from === null ? (by > 0 ? -1 : this.spots.length) : this.spots.findIndex((spot) => same(spot, from));
    for (index += by; index >= 0 && index < this.spots.length; index += by) {
      const spot = this.spots[index];
      if (spot && fits(spot)) return spot;
    }
    return from;
  }
}

/** A box below the strip, in pixels. */
export interface Hanging {
  first: number;
  last: number;
  /** Where it stood. */
  at: number;
  left: number;
  width: number;
  /** The side at which it is longer than the room. */
  torn: "left" | "right" | null;
  label: string;
}

/** Place what left below where it stood: what is covered to the left, where it was, what is skipped to the right. */
export function hang(
  layout: Layout,
  x: (tokens: number) => number,
  scale: number,
  edges: readonly [number, number],
  label: (ghosts: Ghost[]) => [string, number],
): Hanging[] {
  const made: Hanging[] = [];
  for (const covers of [true, false]) {
    for (const [first, last] of runs(layout, x)) {
      const run = layout.state.ghosts.slice(first, last + 1);
      const before = run[0]?.[0] ?? 0;
      if ((run[0]?.[1] === "covered") !== covers) continue;
      const at = x(layout.at(covers && layout.role(before - 1) === "x" ? before - 1 : before));
      if (at < edges[0] - 1 || at > edges[1] + 1) continue;
      const [text, wide] = label(run);
      const full = Math.max(run.reduce((sum, ghost) => sum + ghost[3], 0) * scale, 3);
      // to the left as far as the room goes, where that is enough to be read
      const behind = made.filter(({ left }) => left < at).map(({ left, width }) => left + width + 2);
      const room = at - Math.max(edges[0], ...behind);
      const leftwards = covers && room > Math.min(full, wide);
      let start = at;
      if (!leftwards) {
        for (const box of [...made].sort((a, b) => a.left - b.left)) {
          if (box.left < start + 3 && box.left + box.width + 2 > start) start = box.left + box.width + 2;
        }
      }
      const ahead = made.filter(({ left }) => left >= start).map(({ left }) => left - 2);
      const most = leftwards ? room : Math.min(edges[1], ...ahead) - start;
      // what is covered is often more than all that is sent: its box says so by its torn edge
      const drawn = Math.max(3, Math.min(full, most, covers ? Math.max(wide, TORN) : full));
      const torn = drawn < full - 1 ? (leftwards ? "left" : "right") : null;
      made.push({
        first,
        last,
        at,
        left: leftwards ? start - drawn : start,
        width: drawn,
        torn,
        label: drawn >= wide ? text : "",
      });
    }
  }
  return made;
}

const TORN = 132; // pixels of a torn box

const NEAR = 4; // pixels within which skipped units hang together

/** The ghosts that hang together: skipped ones near one another, or a run that one summary covers. */
function* runs(layout: Layout, x: (tokens: number) => number): Generator<[number, number]> {
  const { ghosts } = layout.state;
  const together = (ghost: Ghost, next: Ghost | undefined) => {
    if (!next || next[1] !== ghost[1]) return false;
    if (ghost[1] === "covered") return next[0] === ghost[0] && next[4] === ghost[4];
    return next[0] === ghost[0] || x(layout.at(next[0])) - x(layout.at(ghost[0])) < NEAR;
  };
  for (let first = 0; first < ghosts.length; ) {
    const ghost = ghosts[first] as Ghost;
    let last = first;
    while (together(ghost, ghosts[last + 1])) last += 1;
    yield [first, last];
    first = last + 1;
  }
}
