// The parts together: one cursor, one selection, one offer.
import { short } from "../base/format";
import { copyText, type Ground } from "../base/ground";
import { h } from "../base/h";
import type { Key } from "../base/keys";
import { ACTIONS, type Action, Actions, type Foresight, offered } from "./actions";
import { Card, type Described, spoken, titled } from "./card";
import { empty, footer, header, legend } from "./head";
import { type ContextState, Layout, type Spot, same } from "./model";
import { Reader } from "./reader";
import { Strip } from "./strip";
import { Tables, type Takers } from "./tables";

const SOON = 60; // milliseconds that a cursor rests before Python is asked
const LATER = 150; // milliseconds after a change before the tables are asked anew

export class View {
  readonly #ground: Ground<ContextState>;
  readonly #header = h("header", "header");
  readonly #legend = h("div", { class: "legend", role: "group", "aria-label": "Roles" });
  readonly #body = h("div", { style: "display: contents" });
  readonly #strip: Strip;
  readonly #card = new Card();
  readonly #tables: Tables;
  readonly #reader: Reader;
  readonly #actions: Actions;
  #layout: Layout;
  #commits: string[] | null = null;
  #places = new Map<string, number>();
  #known = new Map<string, Described>();
  #cursor: Spot | null = null;
  #hover: Spot | null = null;
  #only: string | null = null;
  #after: [number, string] | null = null;
  #takersOf = "";
  #describing = 0;
  #settling = 0;
  #draft: { commit: string; text: string } | null = null;

  constructor(ground: Ground<ContextState>) {
    this.#ground = ground;
    this.#layout = new Layout(ground.state());
    this.#strip = new Strip(
      this.#layout,
      { onHover: (spot) => this.#hovers(spot), onPick: (spot, more) => this.#picks(spot, more) },
      ground.signal,
    );
    this.#tables = new Tables({
      choose: (commits, on) => this.#choose(commits, on),
      hover: (commit) => this.#hovers(commit === null ? null : this.#spotOf(commit)),
      go: (commit) => this.#goTo(this.#spotOf(commit)),
    });
    this.#actions = new Actions({
      foresee: (action) => this.#foresee(action),
      onShown: (seen, action) => this.#foreseen(seen, action),
      run: (action) => void this.#act(action),
    });
    this.#reader = new Reader({
      describe: (commit, start, count) => ground.request<Described>("describe", { commit, start, count }),
      onText: (commit, text) => this.#drafts(commit, text),
      apply: (commit, text) => this.#apply(commit, text),
      onClose: () => this.#closed(),
    });
    ground.root.append(this.#header, this.#body);
    ground.onState(() => this.#renew());
    ground.onValue<string[]>("selected", () => this.#selects());
    ground.onEscape(() => this.#escape());
    ground.keys(this.#keys());
    this.#renew(true);
  }

  // -- the state ------------------------------------------------------------------------------------

  get #state(): ContextState {
    return this.#layout.state;
  }

  #renew(first = false): void {
    const before = this.#commitOf(this.#cursor);
    const place = this.#cursor?.kind === "unit" ? this.#cursor.place : null;
    this.#layout = new Layout(this.#ground.state());
    this.#known.clear();
    this.#settle(this.#state.commits);
    this.#header.replaceChildren(
      ...header(this.#state, () => this.#ground.help()).filter((part) => part !== null),
    );
    this.#ground.footer.replaceChildren(...footer(this.#layout));
    this.#legend.replaceChildren(...legend(this.#layout, this.#only, (role) => this.#alone(role)));
    if (this.#state.head === null) {
      this.#body.replaceChildren(empty());
      return;
    }
    if (!this.#strip.element.isConnected) {
      this.#body.replaceChildren(
        this.#legend,
        this.#strip.element,
        this.#card.element,
        this.#tables.element,
        this.#reader.element,
        this.#actions.element,
      );
    }
    this.#cursor = (before && this.#spotOf(before)) || this.#near(place);
    this.#hover = null;
    this.#strip.renew(this.#layout);
    if (this.#cursor) this.#strip.reveal(this.#cursor);
    this.#show();
    if (this.#commits === null) void this.#learn();
    setTimeout(() => void this.#weigh(), first ? 0 : LATER);
  }

  /** Know the units by their commits, and the other way round. */
  #settle(commits: string[] | null): void {
    this.#commits = commits;
    this.#places = new Map(commits?.map((commit, place) => [commit, place]));
  }

  /** Ask for the commits of a long strip. */
  async #learn(): Promise<void> {
    const of = this.#state.head;
    const { head, commits } = await this.#ground.request<{ head: string; commits: string[] }>("commits");
    if (head !== of || of !== this.#state.head) return;
    this.#settle(commits);
    this.#show();
  }

  /** Ask what takes the room, once for a state. */
  async #weigh(): Promise<void> {
    const of = this.#state.head ?? "";
    if (of === this.#takersOf || of === "") return;
    this.#takersOf = of;
    const takers = await this.#ground.request<Takers>("takers");
    this.#tables.renew(takers);
    if (this.#cursor === null || (this.#cursor.kind === "unit" && !this.#touched)) {
      const largest = takers.units[0];
      if (largest) this.#goTo(this.#spotOf(largest.commit), false);
    }
    this.#show();
  }

  #touched = false;

  /** Where the cursor stands when its unit is gone: the unit that came in its place, else the largest. */
  #near(place: number | null): Spot | null {
    const { count } = this.#layout;
    if (count === 0) return this.#layout.spots[0] ?? null;
    if (place !== null) return { kind: "unit", place: Math.min(place, count - 1) };
    let largest = 0;
    for (let at = 1; at < count; at += 1)
      if (this.#layout.size(at) > this.#layout.size(largest)) largest = at;
    return { kind: "unit", place: largest };
  }

  #commitOf(spot: Spot | null): string | null {
    if (spot?.kind === "unit") return this.#commits?.[spot.place] ?? null;
    return spot?.kind === "ghost" ? (this.#layout.ghost(spot.place)?.[4] ?? null) : null;
  }

  #spotOf(commit: string): Spot | null {
    const place = this.#places.get(commit);
    if (place !== undefined) return { kind: "unit", place };
    const ghost = this.#state.ghosts.findIndex((one) => one[4] === commit);
    return ghost < 0 ? null : { kind: "ghost", place: ghost };
  }

  // -- the top --------------------------------------------------------------------------------------

  // -- cursor and selection -------------------------------------------------------------------------

  get #selected(): string[] {
    return this.#ground.value<string[]>("selected") ?? [];
  }

  #hovers(spot: Spot | null): void {
    this.#hover = spot;
    this.#readOut();
  }

  #picks(spot: Spot, more: boolean): void {
    this.#goTo(spot);
    if (more) this.#toggle();
  }

  #goTo(spot: Spot | null, byHand = true): void {
    if (!spot) return;
    if (byHand) this.#touched = true;
    this.#cursor = spot;
    this.#strip.reveal(spot);
    this.#show();
  }

  #toggle(): void {
    const commit = this.#commitOf(this.#cursor);
    if (commit && this.#cursor?.kind !== "unrecorded")
      this.#choose([commit], !this.#selected.includes(commit));
  }

  #choose(commits: readonly string[], on: boolean): void {
    const kept = this.#selected.filter((commit) => !commits.includes(commit));
    this.#ground.put("selected", on ? [...kept, ...commits] : kept);
    this.#selects();
  }

  #selects(): void {
    const { length } = this.#selected;
    if (length) this.#ground.say(`${length} selected`);
    this.#show();
  }

  /** Show where the cursor stands, what is selected, and what can be done. */
  #show(): void {
    if (this.#state.head === null) return;
    const chosen = new Set(this.#selected);
    const places = this.#selected.flatMap((commit) => this.#places.get(commit) ?? []);
    this.#strip.mark(this.#cursor, places, this.#after);
    this.#tables.mark(chosen, this.#commitOf(this.#cursor) ?? "");
    this.#readOut();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#offer(), SOON);
  }

  #readOut(): void {
    const spot = this.#hover ?? this.#cursor;
    const commit = this.#commitOf(spot);
    const known = commit === null ? undefined : this.#known.get(commit);
    const hints: [string, string][] = [
      ["Space", "select"],
      ["↵", "read"],
    ];
    this.#card.show(this.#layout, spot, known, spot ? this.#strip.middle(spot) : 0, hints);
    const { element } = this.#strip;
    if (!this.#hover) {
      const at = this.#layout.spots.findIndex((one) => same(one, this.#cursor));
      element.setAttribute("aria-valuemin", "1");
      element.setAttribute("aria-valuemax", String(Math.max(1, this.#layout.spots.length)));
      element.setAttribute("aria-valuenow", String(at + 1));
      element.setAttribute("aria-valuetext", spoken(this.#layout, this.#cursor, known));
    }
    clearTimeout(this.#describing);
    if (commit !== null && !known) this.#describing = setTimeout(() => void this.#describe(commit), SOON);
  }

  async #describe(commit: string): Promise<void> {
    const of = this.#state.head;
    const known = await this.#ground.request<Described>("describe", { commit });
    if (of !== this.#state.head) return;
    this.#known.set(commit, known);
    if (this.#commitOf(this.#hover ?? this.#cursor) === commit) this.#readOut();
  }

  // -- what can be done -----------------------------------------------------------------------------

  /** What an action would be done to: what is selected, else where the cursor stands. */
  #targets(action?: Action): string[] {
    const chosen = this.#selected.filter((commit) => this.#spotOf(commit) !== null);
    if (chosen.length)
      return action === "restore" ? chosen.filter((commit) => this.#isSummary(commit)) : chosen;
    const commit = this.#commitOf(this.#cursor);
    return commit === null ? [] : [commit];
  }

  #isSummary(commit: string): boolean {
    const spot = this.#spotOf(commit);
    if (spot?.kind === "unit") return this.#layout.role(spot.place) === "x";
    return spot?.kind === "ghost" && this.#layout.ghost(spot.place)?.[1] === "covered";
  }

  /** The spots that an action would be about. */
  #meant(): Spot[] {
    if (this.#selected.length) return this.#targets().flatMap((commit) => this.#spotOf(commit) ?? []);
    return this.#cursor ? [this.#cursor] : [];
  }

  #offer(): void {
    if (this.#reader.isEditing) return;
    const spots = this.#meant();
    const title = this.#selected.length ? `${spots.length} selected` : titled(this.#layout, this.#cursor);
    const none =
      this.#cursor?.kind === "unrecorded"
        ? "Nothing of it is recorded, so nothing can be done with it here."
        : "Nothing is selected.";
    this.#actions.renew({ title, actions: offered(this.#layout, spots), none });
  }

  async #foresee(action: Action): Promise<Foresight | null> {
    const commits = this.#targets(action);
    if (!commits.length) return null;
    return this.#ground.request<Foresight>("foresee", { action, commits });
  }

  #foreseen(seen: Foresight | null, action: Action | null): void {
    const by = seen === null ? 0 : seen.after.tokens - seen.before.tokens;
    const says = seen && action ? `${short(seen.after.tokens)} ${ACTIONS[action].after}` : "";
    this.#after = by ? [by, says] : null;
    const places = this.#selected.flatMap((commit) => this.#places.get(commit) ?? []);
    this.#strip.mark(this.#cursor, places, this.#after);
  }

  async #act(action: Action): Promise<void> {
    const commits = this.#targets(action);
    const means = offered(this.#layout, this.#meant()).includes(action);
    if (!this.#ground.alive || !commits.length || !means) return;
    if (!(await this.#ground.act("act", () => ({ head: this.#state.head, action, commits })))) return;
    this.#ground.clearFaults();
    if (this.#selected.length) {
      this.#ground.put("selected", []);
      this.#show();
    }
    // the button that was pressed may be gone
    if (!this.#ground.focused()) this.#strip.element.focus({ preventScroll: true });
  }

  async #back(method: "undo" | "redo"): Promise<void> {
    if (this.#ground.alive) await this.#ground.act(method, () => ({ head: this.#state.head }));
  }

  // -- reading and editing --------------------------------------------------------------------------

  #read(): void {
    const commit = this.#commitOf(this.#cursor);
    if (commit === null) return;
    if (this.#reader.commit === commit && !this.#reader.isEditing) {
      this.#reader.close();
      return;
    }
    this.#tables.element.hidden = true;
    void this.#reader.read(commit);
  }

  #edit(): void {
    const commit = this.#commitOf(this.#cursor);
    const isGroup =
      this.#cursor?.kind === "ghost" && this.#layout.ghost(this.#cursor.place)?.[1] === "covered";
    if (commit === null || isGroup || !this.#ground.alive) return;
    this.#tables.element.hidden = true;
    this.#actions.rest(true);
    void this.#reader.edit(commit);
  }

  #drafts(commit: string, text: string): void {
    this.#draft = { commit, text };
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#foreseeEdit(), 4 * SOON);
  }

  async #foreseeEdit(): Promise<void> {
    const draft = this.#draft;
    if (!draft) return;
    const { commit, text } = draft;
    const seen = await this.#ground.request<Foresight>("foresee", {
      action: "edit",
      commits: [commit],
      text,
    });
    if (draft === this.#draft) this.#actions.tell(seen);
  }

  async #apply(commit: string, text: string): Promise<boolean> {
    return this.#ground.act("act", () => ({
      head: this.#state.head,
      action: "edit",
      commits: [commit],
      text,
    }));
  }

  #closed(): void {
    this.#draft = null;
    this.#tables.element.hidden = false;
    this.#actions.rest(false);
    this.#strip.element.focus({ preventScroll: true });
    this.#show();
  }

  #escape(): boolean {
    if (this.#reader.close()) return true;
    if (this.#only !== null) {
      this.#alone(null);
      return true;
    }
    if (this.#selected.length) {
      this.#ground.put("selected", []);
      this.#selects();
      this.#ground.say("nothing is selected");
      return true;
    }
    return false;
  }

  // -- keys -----------------------------------------------------------------------------------------

  #alone(role: string | null): void {
    this.#only = role;
    this.#legend.replaceChildren(...legend(this.#layout, this.#only, (role) => this.#alone(role)));
    this.#strip.only(role);
    if (role !== null && this.#cursor?.kind === "unit" && this.#layout.role(this.#cursor.place) !== role) {
      this.#move(1);
    }
  }

  #nextRole(): void {
    const order = Object.keys(this.#layout.totals);
    const at = this.#only === null ? -1 : order.indexOf(this.#only);
    this.#alone(order[at + 1] ?? null);
  }

  #move(by: 1 | -1): void {
    const only = this.#only;
    const fits = (spot: Spot) =>
      only === null || (spot.kind === "unit" && this.#layout.role(spot.place) === only);
    this.#goTo(this.#layout.step(this.#cursor, by, fits));
  }

  #turn(by: 1 | -1): void {
    this.#goTo(
      this.#layout.step(
        this.#cursor,
        by,
        (spot) => spot.kind === "unit" && this.#layout.role(spot.place) === "u",
      ),
    );
  }

  /** From the largest units to the next smaller one, and back. */
  #rank(by: 1 | -1): void {
    const { units } = this.#tables;
    const at = units.findIndex((unit) => unit.commit === this.#commitOf(this.#cursor));
    const next = units[at < 0 ? 0 : at + by];
    if (next) this.#goTo(this.#spotOf(next.commit));
  }

  #keys(): Key[] {
    const done = (Object.keys(ACTIONS) as Action[]).map((action) => ({
      key: ACTIONS[action].key,
      label: ACTIONS[action].label.toLowerCase(),
      once: true as const,
      run: () => void this.#act(action),
    }));
    const { spots } = this.#layout;
    return [
      { key: "ArrowLeft", label: "unit before", run: () => this.#move(-1) },
      { key: "ArrowRight", label: "unit after", run: () => this.#move(1) },
      {
        key: ["shift+ArrowLeft", "shift+ArrowRight"],
        label: "user turn before, after",
        run: (event) => this.#turn(event.key === "ArrowLeft" ? -1 : 1),
      },
      {
        key: ["ArrowUp", "ArrowDown"],
        label: "among the largest",
        run: (event) => this.#rank(event.key === "ArrowUp" ? -1 : 1),
      },
      { key: ["Home"], run: () => this.#goTo(this.#layout.spots[0] ?? spots[0] ?? null) },
      {
        key: ["End", "g"],
        label: "to the end (HEAD)",
        run: () => this.#goTo(this.#layout.spots.at(-1) ?? null),
      },
      { key: "+", label: "nearer", run: () => this.#strip.zoom(1.6) },
      { key: "=", run: () => this.#strip.zoom(1.6) },
      { key: "-", label: "further away", run: () => this.#strip.zoom(1 / 1.6) },
      { key: "0", label: "all of it", run: () => this.#strip.whole() },
      { key: "r", label: "one role alone, the next", run: () => this.#nextRole() },
      { key: " ", label: "select", run: () => this.#toggle() },
      { key: "Enter", label: "read", run: () => this.#read() },
      ...done,
      { key: "e", label: "edit", run: () => this.#edit() },
      { key: "y", label: "copy the hash", run: () => void this.#copy() },
      { key: "z", label: "undo", once: true, run: () => void this.#back("undo") },
      { key: "shift+z", label: "redo", once: true, run: () => void this.#back("redo") },
    ];
  }

  async #copy(): Promise<void> {
    const commit = this.#commitOf(this.#cursor);
    if (commit === null) return;
    await copyText(commit, this.#strip.element);
    this.#ground.say(`Copied ${commit}.`);
  }
}
