// The parts together: one cursor, one selection, one offer.
import { counted, exact, moment, money, short } from "../base/format";
import { copyText, type Ground } from "../base/ground";
import { h, span } from "../base/h";
import { icon } from "../base/icons";
import type { Key } from "../base/keys";
import { ACTIONS, type Action, Actions, type Foresight } from "./actions";
import { Card, type Described, spoken, titled } from "./card";
import { type ContextState, Layout, PLURALS, ROLES, type Spot, same } from "./model";
import { Reader } from "./reader";
import { Strip } from "./strip";
import { Tables, type Takers } from "./tables";

const SOON = 60; // milliseconds that a cursor rests before Python is asked
const [NORMAL, IMPORTANT, PINNED] = [1, 2, 3];
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
    this.#drawHeader();
    this.#drawLegend();
    if (this.#state.head === null) {
      this.#empty();
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
    this.#footer();
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

  #drawHeader(): void {
    const { branch, tokens, max_tokens: most, source, next, later, called, model } = this.#state;
    const left = most === null ? null : most - tokens;
    const kept =
      called === null
        ? ""
        : `, if the provider still keeps what was cached ${moment(called * 1000).slice(0, 16)}`;
    const help = h(
      "button",
      { class: "icon-button", "aria-label": "List the keys", title: "Keys (?)" },
      icon("help"),
    );
    help.addEventListener("click", () => this.#ground.help());
    const figure = (text: string) => h("b", null, text);
    fill(
      this.#header,
      h("h2", null, "What the model sees"),
      branch === null
        ? span("chip", "detached")
        : h("span", { class: "chip branch", title: branch }, icon("branch"), branch),
      h("span", "space"),
      span(
        "sum dim",
        figure(exact(tokens)),
        most === null ? " tokens" : ` of ${exact(most)} tokens, `,
        left === null
          ? null
          : left >= 0
            ? [figure(short(left)), " left"]
            : span("bad", `${short(-left)} over the budget`),
        " ",
        h("span", { class: "source dim", title: sourceOf(source) }, source),
      ),
      next === null
        ? null
        : h(
            "span",
            { class: "costs dim", title: `${model ?? ""}${kept}` },
            "next call ",
            figure(money(next)),
            later === null ? null : [", then ", figure(money(later))],
          ),
      help,
    );
  }

  #drawLegend(): void {
    const { totals, state } = this.#layout;
    const gone = (why: string) => {
      const ghosts = state.ghosts.filter((ghost) => ghost[1] === why);
      return ghosts.reduce((sum, ghost) => sum + ghost[3], 0);
    };
    const order = Object.keys(totals).sort((a, b) => (totals[b]?.[1] ?? 0) - (totals[a]?.[1] ?? 0));
    const roles = order.map((role) => {
      const [units, tokens] = totals[role] ?? [0, 0];
      const name = role === "u" ? counted(units, "user turn") : (PLURALS[role] ?? role);
      const button = h(
        "button",
        {
          type: "button",
          "aria-pressed": this.#only === role,
          title: `${counted(units, "unit")}: show these alone (r)`,
        },
        h("i", { class: role === "u" ? "turn" : "fill", "data-role": ROLES[role] }),
        `${name} `,
        figureOf(tokens),
      );
      button.addEventListener("click", () => this.#alone(this.#only === role ? null : role));
      return button;
    });
    const left: [string, number][] = [
      ["skipped", gone("skipped")],
      ["covered", gone("covered")],
      ["reasoning", state.thoughts[1]],
    ];
    const parts = left.filter(([, tokens]) => tokens > 0);
    this.#legend.replaceChildren(
      ...roles,
      parts.length
        ? span(
            "",
            h("i", "gone"),
            span(
              "",
              "left out ",
              ...parts.flatMap(([why, tokens], at) => [at ? ", " : "", figureOf(tokens), ` ${why}`]),
            ),
          )
        : "",
      state.cached > 0 ? span("", h("i", "hatched"), "cached") : "",
    );
  }

  #footer(): void {
    const { count } = this.#layout;
    const { head, database } = this.#state;
    this.#ground.footer.replaceChildren(
      span("", database),
      span("mono", (head ?? "").slice(0, 8)),
      span("", counted(count, "unit")),
    );
  }

  #empty(): void {
    this.#body.replaceChildren(
      h(
        "div",
        "empty",
        h("b", null, "Nothing is committed yet."),
        h(
          "p",
          "dim",
          "Add a message with ",
          h("code", null, 't.user("…")'),
          " or load a session with ",
          h("code", null, "%tract import --last"),
          ".",
        ),
      ),
    );
    this.#ground.footer.replaceChildren(span("", this.#state.database));
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
    const { head } = this.#state;
    if (!(await this.#ground.act("act", { head, action, commits }))) return;
    this.#ground.clearFaults();
    if (this.#selected.length) {
      this.#ground.put("selected", []);
      this.#show();
    }
    // the button that was pressed may be gone
    if (!this.#ground.focused()) this.#strip.element.focus({ preventScroll: true });
  }

  async #back(method: "undo" | "redo"): Promise<void> {
    if (this.#ground.alive) await this.#ground.act(method, { head: this.#state.head });
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
    const { head } = this.#state;
    return this.#ground.act("act", { head, action: "edit", commits: [commit], text });
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
      { key: "z", label: "undo", run: () => void this.#back("undo") },
      { key: "shift+z", label: "redo", run: () => void this.#back("redo") },
    ];
  }

  async #copy(): Promise<void> {
    const commit = this.#commitOf(this.#cursor);
    if (commit === null) return;
    await copyText(commit, this.#strip.element);
    this.#ground.say(`Copied ${commit}.`);
  }
}

/** The actions that mean something for some spots; the first is the one that is offered. */
export function offered(layout: Layout, spots: readonly Spot[]): Action[] {
  const units = spots.flatMap((spot) => (spot.kind === "unit" ? [spot.place] : []));
  const left = spots.flatMap((spot) => (spot.kind === "ghost" ? [layout.ghost(spot.place)?.[1]] : []));
  const skipped = left.includes("skipped");
  const marked = (mark: number) => units.some((place) => layout.mark(place) !== mark);
  const meant: [Action, boolean][] = [
    ["skip", units.length > 0],
    ["restore", left.includes("covered") || units.some((place) => layout.role(place) === "x")],
    ["unmark", skipped],
    ["pin", skipped || marked(PINNED)],
    ["important", skipped || marked(IMPORTANT)],
    ["unmark", !skipped && marked(NORMAL)],
  ];
  return meant.filter(([, means]) => means).map(([action]) => action);
}

/** Put children in an element, none for null. */
function fill(element: HTMLElement, ...children: (Node | null)[]): void {
  element.replaceChildren(...children.filter((child) => child !== null));
}

function figureOf(tokens: number): HTMLElement {
  return h("b", null, short(tokens));
}

function sourceOf(source: string): string {
  return (
    {
      api: "as the provider reported it for the last reply",
      "api+estimate": "the newest reported usage, plus what was counted since",
      tiktoken: "counted with tiktoken: no usage is recorded",
      estimate: "estimated by characters: no encoding could be loaded",
    }[source] ?? ""
  );
}
