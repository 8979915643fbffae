// The units by their commits, and where on the strip each stands.
import type { Described } from "./card";
import { type ContextState, Layout, type Spot } from "./model";

export class Units {
  readonly layout: Layout;
  /** What Python said of some of them. */
  readonly known = new Map<string, Described>();
  #commits: readonly string[] | null = null;
  #places = new Map<string, number>();

  constructor(state: ContextState) {
    this.layout = new Layout(state);
    if (state.commits) this.name(state.commits);
  }

  /** Whether it is known which commit each unit is; of a long strip that has to be asked for. */
  get areNamed(): boolean {
    return this.#commits !== null;
  }

  name(commits: readonly string[]): void {
    this.#commits = commits;
    this.#places = new Map(commits.map((commit, place) => [commit, place]));
  }

  commitOf(spot: Spot | null): string | null {
    if (spot?.kind === "unit") return this.#commits?.[spot.place] ?? null;
    return spot?.kind === "ghost" ? (this.layout.ghost(spot.place)?.[4] ?? null) : null;
  }

  spotOf(commit: string): Spot | null {
    const place = this.#places.get(commit);
    if (place !== undefined) return { kind: "unit", place };
    const ghost = this.layout.state.ghosts.findIndex((one) => one[4] === commit);
    return ghost < 0 ? null : { kind: "ghost", place: ghost };
  }

  /** Where units stand that are sent. */
  placesOf(commits: readonly string[]): number[] {
    return commits.flatMap((commit) => this.#places.get(commit) ?? []);
  }

  /** Whether a spot is what a summary covers. */
  isGroup(spot: Spot | null): boolean {
    return spot?.kind === "ghost" && this.layout.ghost(spot.place)?.[1] === "covered";
  }

  isMasked(spot: Spot | null): boolean {
    return spot?.kind === "unit" && this.layout.masked(spot.place);
  }

  /** Whether there is something to bring back: a mask, or what a summary covers. */
  isRestorable(commit: string): boolean {
    const spot = this.spotOf(commit);
    if (spot?.kind !== "unit") return this.isGroup(spot);
    return this.layout.role(spot.place) === "x" || this.isMasked(spot);
  }

  /** Where the cursor stands when its unit is gone: the unit that came in its place, else the largest. */
  near(place: number | null): Spot | null {
    const { layout } = this;
    if (layout.count === 0) return layout.spots[0] ?? null;
    if (place !== null) return { kind: "unit", place: Math.min(place, layout.count - 1) };
    const larger = (best: number, size: number, at: number) => (size > layout.size(best) ? at : best);
    return { kind: "unit", place: layout.state.sizes.reduce(larger, 0) };
  }
}
