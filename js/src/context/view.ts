// The parts together: one cursor, one selection, one offer.

import type { Draft } from "../base/draft";
import { short } from "../base/format";
import { copyText, type Ground } from "../base/ground";
import { h, put } from "../base/h";
import type { Key } from "../base/keys";
import { ACTIONS, type Action, Actions, type Foresight, offered } from "./actions";
import type { Advice } from "./advice";
import { Card, type Described, spoken, titled } from "./card";
import { empty, footer, header, legend } from "./head";
import { type ContextState, type Layout, type Spot, same } from "./model";
import { Reader } from "./reader";
import { Strip } from "./strip";
import { Tables } from "./tables";
import type { Takers } from "./takers";
import { Units } from "./units";

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
  #units: Units;
  #cursor: Spot | null = null;
  #hover: Spot | null = null;
  #touched = false; // whether somebody moved the cursor
  #only: string | null = null;
  #after: [number, string] | null = null;
  #takersOf = "";
  #describing = 0;
  #settling = 0;
  #pointed: [Action, readonly string[]] | null = null; // what is pointed at in the advice
  #draft: { commit: string; text: string } | null = null;

  constructor(ground: Ground<ContextState>) {
    this.#ground = ground;
    this.#units = new Units(ground.state());
    this.#strip = new Strip(
      this.#layout,
      { onHover: (spot) => this.#hovers(spot), onPick: (spot, more) => this.#picks(spot, more) },
      ground.signal,
    );
    this.#tables = new Tables({
      choose: (commits, on) => this.#choose(commits, on),
      hover: (commit) => this.#hovers(commit === null ? null : this.#units.spotOf(commit)),
      go: (commit) => this.#goTo(this.#units.spotOf(commit)),
      advise: () => this.#advise(),
      point: (action, commits = []) => {
        this.#pointed = action && [action, commits];
        this.#offer();
      },
      run: (action, commits, head) => this.#run(action, commits, { head }),
    });
    this.#actions = new Actions({
      foresee: (action, commits) => this.#foresee(action, commits),
      onShown: (seen, action) => this.#foreseen(seen, action),
      run: (action) => this.#act(action),
    });
    this.#reader = new Reader({
      describe: (commit, start, count) => ground.request<Described>("describe", { commit, start, count }),
      onText: (commit, text) => this.#drafts(commit, text),
      apply: (commit, text, was) => this.#do("edit", [commit], { text, was }),
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

  get #layout(): Layout {
    return this.#units.layout;
  }

  get #state(): ContextState {
    return this.#layout.state;
  }

  #renew(first = false): void {
    const before = this.#units.commitOf(this.#cursor);
    const place = this.#cursor?.kind === "unit" ? this.#cursor.place : null;
    this.#units = new Units(this.#ground.state());
    put(this.#header, ...header(this.#ground));
    put(this.#ground.footer, footer(this.#layout));
    this.#drawLegend();
    if (this.#state.head === null) {
      put(this.#body, empty());
      return;
    }
    if (!this.#strip.element.isConnected) {
      put(
        this.#body,
        this.#legend,
        this.#strip.element,
        this.#card.element,
        this.#tables.element,
        this.#reader.element,
        this.#actions.element,
      );
    }
    this.#cursor = (before && this.#units.spotOf(before)) || this.#units.near(place);
    this.#hover = null;
    this.#strip.renew(this.#layout);
    if (this.#cursor) this.#strip.reveal(this.#cursor);
    this.#show();
    if (!this.#units.areNamed) void this.#learn();
    setTimeout(() => this.#weigh(), first ? 0 : LATER);
  }

  /** Ask for the commits of a long strip. */
  async #learn(): Promise<void> {
    const of = this.#state.head;
    const { head, commits } = await this.#ground.request<{ head: string; commits: string[] }>("commits");
    if (head !== of || of !== this.#state.head) return;
    this.#units.name(commits);
    this.#show();
  }

  /** Ask what takes the room, once for a state. */
  async #weigh(): Promise<void> {
    const { head, tokens, cached, next } = this.#state;
    const of = [head, tokens, cached, next].join(); // usage that is recorded changes prices at the same head
    if (of === this.#takersOf || head === null) return;
    this.#takersOf = of;
    const takers = await this.#ground.request<Takers>("takers");
    this.#tables.renew(takers);
    if (this.#tables.advises) void this.#advise();
    if (this.#cursor === null || (this.#cursor.kind === "unit" && !this.#touched)) {
      const [largest] = takers.units;
      if (largest) this.#goTo(this.#units.spotOf(largest.commit), false);
    }
    this.#show();
  }

  /** Ask what compressing would save: only when it is looked at, since it reads every text. */
  async #advise(): Promise<void> {
    const of = this.#takersOf;
    const advice = await this.#ground.maybe<Advice>("advice");
    if (advice && of === this.#takersOf) this.#tables.advise(advice);
    this.#show();
  }

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
    const commit = this.#units.commitOf(this.#cursor);
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
    const places = this.#units.placesOf(this.#selected);
    this.#strip.mark(this.#cursor, places, this.#after);
    this.#tables.mark(chosen, this.#units.commitOf(this.#cursor) ?? "");
    this.#readOut();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#offer(), SOON);
  }

  #readOut(): void {
    const spot = this.#hover ?? this.#cursor;
    const commit = this.#units.commitOf(spot);
    const known = commit === null ? undefined : this.#units.known.get(commit);
    this.#card.show(this.#layout, spot, known, spot ? this.#strip.middle(spot) : 0);
    const { element } = this.#strip;
    if (!this.#hover) {
      const at = this.#layout.spots.findIndex((one) => same(one, this.#cursor));
      element.ariaValueMin = "1";
      element.ariaValueMax = String(Math.max(1, this.#layout.spots.length));
      element.ariaValueNow = String(at + 1);
      element.ariaValueText = spoken(this.#layout, this.#cursor, known);
    }
    clearTimeout(this.#describing);
    if (commit !== null && !known) this.#describing = setTimeout(() => this.#describe(commit), SOON);
  }

  async #describe(commit: string): Promise<void> {
    const of = this.#state.head;
    const known = await this.#ground.request<Described>("describe", { commit });
    if (of !== this.#state.head) return;
    this.#units.known.set(commit, known);
    if (this.#units.commitOf(this.#hover ?? this.#cursor) === commit) this.#readOut();
  }

  // -- what can be done -----------------------------------------------------------------------------

  /** What an action would be done to: what is selected, else where the cursor stands. */
  #targets(action?: Action): string[] {
    const chosen = this.#selected.filter((commit) => this.#units.spotOf(commit) !== null);
    if (chosen.length)
      return action === "restore" ? chosen.filter((commit) => this.#units.isRestorable(commit)) : chosen;
    const commit = this.#units.commitOf(this.#cursor);
    return commit === null ? [] : [commit];
  }

  /** The spots that an action would be about. */
  #meant(): Spot[] {
    if (this.#selected.length) return this.#targets().flatMap((commit) => this.#units.spotOf(commit) ?? []);
    return this.#cursor ? [this.#cursor] : [];
  }

  #offer(): void {
    if (this.#reader.isAsking) return;
    if (this.#pointed) return void this.#actions.show(...this.#pointed);
    const spots = this.#meant();
    const title = this.#selected.length ? `${spots.length} selected` : titled(this.#layout, this.#cursor);
    const none =
      this.#cursor?.kind === "unrecorded"
        ? "Nothing of it is recorded, so nothing can be done with it here."
        : "Nothing is selected.";
    const masks = spots.length > 0 && spots.every((spot) => this.#units.isMasked(spot));
    this.#actions.renew({ title, actions: this.#offered(spots), none, masks });
  }

  async #foresee(action: Action, given?: readonly string[]): Promise<Foresight | null> {
    const isAll = action === "mask-old";
    const commits = given ?? (isAll ? [] : this.#targets(action));
    if (!commits.length && !isAll && !given) return null;
    return this.#ground.request<Foresight>("foresee", { action: isAll ? "mask" : action, commits });
  }

  #foreseen(found: Foresight | null, action: Action | null): void {
    const seen = found?.impossible ? null : found;
    const by = seen === null ? 0 : seen.after.tokens - seen.before.tokens;
    const says = seen && action ? `${short(seen.after.tokens)} after ${ACTIONS[action].after}` : "";
    this.#after = by ? [by, says] : null;
    const places = this.#units.placesOf(this.#selected);
    this.#strip.mark(this.#cursor, places, this.#after);
  }

  async #act(action: Action): Promise<void> {
    const isAll = action === "mask-old";
    const commits = isAll ? [] : this.#targets(action);
    const means = this.#offered(this.#meant()).includes(action);
    if (!this.#ground.alive || !means || !(commits.length || isAll)) return;
    return this.#run(isAll ? "mask" : action, commits);
  }

  /** Do an action, where a head is named to what stood there; a compression is read first. */
  async #run(action: Action, commits: readonly string[], given: { head?: string } = {}): Promise<void> {
    this.#pointed = null;
    if (action === "structural") return this.#compress(commits, { head: this.#state.head, ...given });
    if (this.#ground.alive && (await this.#do(action, commits, given))) this.#done();
  }

  /** The actions that mean something for some spots; with none selected, what masks all that is old. */
  #offered(spots: readonly Spot[]): Action[] {
    const found = offered(this.#layout, spots);
    return this.#selected.length || !this.#tables.canMask ? found : [...found, "mask-old"];
  }

  /** Ask whether a draft shall stand for some units. */
  async #compress(commits: readonly string[], shown: object): Promise<void> {
    if (!this.#ground.alive) return;
    const draft = await this.#ground.maybe<Draft>("drafted", { commits });
    if (!draft) return;
    this.#tables.element.hidden = true;
    this.#actions.rest(true);
    this.#reader.draft(draft, async () => {
      const done = await this.#do("structural", commits, shown); // it holds for this head alone
      if (done) this.#done();
      return done;
    });
    const seen = await this.#foresee("structural", commits);
    if (seen) this.#actions.tell(seen);
  }

  /** After something was done, nothing is selected any more. */
  #done(): void {
    this.#ground.clearFaults();
    if (this.#selected.length) {
      this.#ground.put("selected", []);
      this.#show();
    }
    // the button that was pressed may be gone
    if (!this.#ground.focused()) this.#strip.element.focus({ preventScroll: true });
  }

  /** Do an action on what the page shows by then, or on what it showed where `given` names that head. */
  #do(action: string, commits: readonly string[], given: object = {}): Promise<boolean> {
    return this.#ground.act("act", () => ({ head: this.#state.head, action, commits, ...given }));
  }

  async #back(method: "undo" | "redo"): Promise<void> {
    if (this.#ground.alive) await this.#ground.act(method, () => ({ head: this.#state.head }));
  }

  // -- reading and editing --------------------------------------------------------------------------

  #read(): void {
    const commit = this.#units.commitOf(this.#cursor);
    if (commit === null) return;
    if (this.#reader.commit === commit && !this.#reader.isAsking) {
      this.#reader.close();
      return;
    }
    this.#tables.element.hidden = true;
    void this.#reader.read(commit);
  }

  #edit(): void {
    const commit = this.#units.commitOf(this.#cursor);
    if (commit === null || this.#units.isGroup(this.#cursor) || !this.#ground.alive) return;
    this.#tables.element.hidden = true;
    this.#actions.rest(true);
    void this.#reader.edit(commit);
  }

  #drafts(commit: string, text: string): void {
    this.#draft = { commit, text };
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#foreseeEdit(), 4 * SOON);
  }

  async #foreseeEdit(): Promise<void> {
    const draft = this.#draft;
    if (!draft) return;
    const { commit, text } = draft;
    const about = { action: "edit", commits: [commit], text };
    const seen = await this.#ground.request<Foresight>("foresee", about);
    if (draft === this.#draft) this.#actions.tell(seen);
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
    this.#drawLegend();
    this.#strip.only(role);
    if (role !== null && this.#cursor?.kind === "unit" && this.#layout.role(this.#cursor.place) !== role) {
      this.#move(1);
    }
  }

  #drawLegend(): void {
    put(this.#legend, ...legend(this.#layout, this.#only, (role) => this.#alone(role)));
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
    const isTurn = (spot: Spot) => spot.kind === "unit" && this.#layout.role(spot.place) === "u";
    this.#goTo(this.#layout.step(this.#cursor, by, isTurn));
  }

  /** From the largest units to the next smaller one, and back. */
  #rank(by: 1 | -1): void {
    const { listed } = this.#tables;
    const at = listed.findIndex(({ commit }) => commit === this.#units.commitOf(this.#cursor));
    const next = listed[at < 0 ? 0 : at + by];
    if (next) this.#goTo(this.#units.spotOf(next.commit));
  }

  #keys(): Key[] {
    const end = () => this.#goTo(this.#layout.spots.at(-1) ?? null);
    const key = (key: Key["key"], label: string, run: Key["run"]): Key => ({ key, label, run });
    const once = (key: string, label: string, run: Key["run"]): Key => ({ key, label, run, once: true });
    return [
      key("ArrowLeft", "unit before", () => this.#move(-1)),
      key("ArrowRight", "unit after", () => this.#move(1)),
      key(["shift+ArrowLeft", "shift+ArrowRight"], "user turn before, after", (event) =>
        this.#turn(event.key === "ArrowLeft" ? -1 : 1),
      ),
      key(["ArrowUp", "ArrowDown"], "among those listed", (event) =>
        this.#rank(event.key === "ArrowUp" ? -1 : 1),
      ),
      key("Home", "", () => this.#goTo(this.#layout.spots[0] ?? null)),
      key(["End", "g"], "to the end (HEAD)", end),
      key("+", "nearer", () => this.#strip.zoom(1.6)),
      key("=", "", () => this.#strip.zoom(1.6)),
      key("-", "further away", () => this.#strip.zoom(1 / 1.6)),
      key("0", "all of it", () => this.#strip.whole()),
      key("r", "one role alone, the next", () => this.#nextRole()),
      key("a", "advice, the largest", () => this.#tables.turn()),
      key(" ", "select", () => this.#toggle()),
      key("Enter", "read", () => this.#read()),
      ...(Object.keys(ACTIONS) as Action[]).map((action) =>
        once(ACTIONS[action].key, ACTIONS[action].label.toLowerCase(), () => this.#act(action)),
      ),
      key("e", "edit", () => this.#edit()),
      key("y", "copy the hash", () => this.#copy()),
      once("z", "undo", () => this.#back("undo")),
      once("shift+z", "redo", () => this.#back("redo")),
    ];
  }

  async #copy(): Promise<void> {
    const commit = this.#units.commitOf(this.#cursor);
    if (commit === null) return;
    await copyText(commit, this.#strip.element);
    this.#ground.say(`Copied ${commit}.`);
  }
}
