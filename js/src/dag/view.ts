// The widget: the rows, what is selected of them, and the keys.
import { exact, money, round, short } from "../base/format";
import type { Ground } from "../base/ground";
import { bold, h, put, span } from "../base/h";
import { icon } from "../base/icons_history";
import type { Key } from "../base/keys";
import { List } from "../base/list";
import { button, kbd, nothingYet } from "../base/parts";
import { ACTIONS, wordOf } from "./actions";
import { Header } from "./header";
import { ROW } from "./lanes";
import type { DagState, Row } from "./model";
import { Overview } from "./overview";
import { drawRow } from "./row";
import { type Given, Side } from "./side";

interface Found {
  place: number;
  commit: string;
}

export class View {
  readonly #ground: Ground<DagState>;
  readonly #list: List<Row>;
  readonly #header: Header;
  readonly #overview: Overview;
  readonly #side: Side;
  readonly #empty = h("div", { class: "nothing", tabindex: -1, hidden: true });
  readonly #chosen = new Set<string>();
  #fresh = new Set<string>(); // what was committed a moment ago
  #anchor = 0;
  #wanted: number | null = null; // a row that is to be selected when it is there
  #lastFilter = "";
  #state: DagState;

  constructor(ground: Ground<DagState>) {
    this.#ground = ground;
    this.#state = ground.state();
    this.#list = new List<Row>(
      "Commits, newest first",
      ROW,
      {
        fetch: (start, count) => this.#fetch(start, count),
        draw: (row) => {
          const drawn = drawRow(row, this.#state.largest, this.#chosen.has(row.commit));
          drawn.classList.toggle("is-new", this.#fresh.has(row.commit));
          return drawn;
        },
        onFocus: (at, event) => this.#clicked(at, event as MouseEvent),
        onView: (first, last) => this.#overview?.look(first, last),
      },
      ground.signal,
    );
    this.#list.element.setAttribute("aria-multiselectable", "true");
    this.#header = new Header(ground, {
      filter: (text) => this.#filter(text),
      next: (back) => this.#next(back),
      leave: () => this.#list.moveTo(this.#list.focus),
      act: (action) => this.#act(action, {}, []),
    });
    this.#overview = new Overview((row) => this.#centre(row), ground.signal);
    this.#side = new Side(ground, {
      act: (action, given) => this.#act(action, given, this.#current()),
      go: (commit) => this.#go("commit", commit),
    });
    ground.root.append(
      this.#header.element,
      this.#overview.element,
      h("div", "body", h("div", "rows-side column", this.#list.element, this.#empty), this.#side.element),
    );
    this.#keys();
    for (const commit of ground.value<string[]>("selected")) this.#chosen.add(commit);
    this.#lastFilter = ground.value<string>("filter");
    this.#header.set(this.#lastFilter);
    ground.onState(() => this.#renew());
    ground.onValue<string[]>("selected", (commits) => this.#selectedElsewhere(commits));
    ground.onValue<string>("filter", (text) => this.#header.set(text));
    this.#renew();
  }

  // -- the state ----------------------------------------------------------------------------------

  #renew(): void {
    const before = this.#state;
    const state = this.#ground.state();
    this.#state = state;
    const focused = this.#list.at(this.#list.focus)?.commit;
    const filter = this.#ground.value<string>("filter");
    const scroll = this.#list.element.scrollTop;
    const hadFocus = this.#hasFocus();
    const known = new Set(before.first.map((row) => row.commit));
    const isNew = before.head !== state.head && before.rows > 0 && !filter;
    this.#fresh = new Set(isNew ? state.first.map((row) => row.commit).filter((one) => !known.has(one)) : []);
    const added = before.rows && scroll > ROW ? state.rows - before.rows : 0;
    this.#list.renew(state.rows, state.first);
    // what stands in view stays there when commits come above it
    if (added > 0 && before.head !== state.head && !filter)
      this.#list.element.scrollTop = scroll + added * ROW;
    const place = focused ? state.first.findIndex((row) => row.commit === focused) : -1;
    // who has chosen nothing follows HEAD
    const follows = !this.#chosen.size && !hadFocus;
    if (place >= 0 && place !== this.#list.focus && !follows) void this.#list.moveTo(place, hadFocus);
    this.#header.renew(state, filter);
    this.#overview.renew(state);
    this.#footer(state);
    this.#nothing(state, filter);
    // the keys stay here when the last row goes, and when the first comes
    if (hadFocus && !state.rows) this.#empty.focus();
    else if (hadFocus && !this.#hasFocus()) void this.#list.moveTo(this.#list.focus);
    // of a tract that was closed nothing is asked any more
    this.#shown(before === state || before.drawing !== state.drawing);
  }

  #footer(state: DagState): void {
    const share = state.most ? Math.min(1, state.tokens / (1.25 * state.most)) : 0;
    const { branch, most, tokens, price } = state;
    put(
      this.#ground.footer,
      span("", icon(branch ? "branch" : "checkout"), " ", bold(branch ?? "detached")),
      span("", "HEAD ", span("mono", state.head.slice(0, 8) || "none")),
      span(
        "room",
        most &&
          h(
            "span",
            { class: "meter", "aria-hidden": "true" },
            h("i", { style: `width:${100 * share}%`, class: tokens > most ? "is-over" : "" }),
            h("u"),
          ),
        span("", bold(short(tokens)), most ? ` of ${round(most)} tokens` : " tokens"),
      ),
      price !== null && span("price", "next call ", bold(money(price))),
    );
  }

  #nothing(state: DagState, filter: string, others = ""): void {
    const isEmpty = state.rows === 0;
    this.#empty.hidden = !isEmpty;
    this.#list.element.hidden = isEmpty;
    put(
      this.#empty,
      filter
        ? [
            icon("search"),
            h("div", null, bold(`No commit matches “${filter}”.`), h("p", null, others)),
            button("", () => this.#clear(), "Clear ", kbd("Escape")),
          ]
        : nothingYet(),
    );
  }

  async #fetch(start: number, count: number): Promise<Row[]> {
    const rows = await this.#ground.request<Row[]>("rows", { start, count });
    const wanted = this.#wanted;
    if (wanted !== null && wanted >= start && wanted < start + rows.length) {
      setTimeout(() => this.#select(wanted)); // once the list has them
    }
    return rows;
  }

  // -- selecting ----------------------------------------------------------------------------------

  /** What actions are about: the selection, else the row in focus. */
  #current(): string[] {
    if (this.#chosen.size) return [...this.#chosen];
    const focused = this.#list.at(this.#list.focus)?.commit;
    return focused ? [focused] : [];
  }

  #clicked(at: number, event: MouseEvent): void {
    const path = event.composedPath();
    const caret = path.find((one) => one instanceof HTMLElement && one.dataset.fold !== undefined);
    const row = this.#list.at(at);
    if (caret || row?.kind === "more") {
      event.preventDefault();
      return void this.#fold(at, !row?.fold?.is_open);
    }
    if (event.shiftKey) {
      event.preventDefault(); // no text is marked
      void this.#range(at);
    } else if (event.ctrlKey || event.metaKey) this.#toggle(at);
    else this.#select(at);
  }

  #select(at: number): void {
    const row = this.#list.at(at);
    this.#wanted = row ? null : at;
    this.#anchor = at;
    if (!row) return;
    this.#choose(row.commit ? [row.commit] : []);
  }

  #toggle(at: number): void {
    const commit = this.#list.at(at)?.commit;
    if (!commit) return;
    this.#anchor = at;
    const chosen = [...this.#chosen];
    this.#choose(this.#chosen.has(commit) ? chosen.filter((one) => one !== commit) : [...chosen, commit]);
  }

  async #range(at: number): Promise<void> {
    const [start, end] = [Math.min(this.#anchor, at), Math.max(this.#anchor, at)];
    const commits: string[] = [];
    let isWhole = true;
    for (let place = start; place <= end && isWhole; place += 1) {
      const row = this.#list.at(place);
      if (row === undefined) isWhole = false;
      else if (row.commit) commits.push(row.commit);
    }
    this.#choose(
      isWhole ? commits : ((await this.#ground.maybe<string[]>("commits", { start, end })) ?? commits),
    );
  }

  #isChosen(commits: readonly string[]): boolean {
    return commits.length === this.#chosen.size && commits.every((commit) => this.#chosen.has(commit));
  }

  #choose(commits: readonly string[], tell = true): void {
    const same = this.#isChosen(commits);
    this.#chosen.clear();
    for (const commit of commits) this.#chosen.add(commit);
    for (const element of this.#list.element.querySelectorAll<HTMLElement>("[data-commit]")) {
      element.setAttribute("aria-selected", String(this.#chosen.has(element.dataset.commit ?? "")));
    }
    if (!same && tell) this.#ground.put("selected", [...this.#chosen]);
    this.#shown(false);
  }

  #selectedElsewhere(commits: readonly string[]): void {
    if (this.#isChosen(commits)) return;
    this.#choose(commits, false);
    const [first] = commits;
    if (first) void this.#go("commit", first, false);
  }

  #shown(anew: boolean): void {
    const commits = this.#current();
    const chosen = new Set(commits);
    let tokens = 0;
    let isMasked = commits.length > 0;
    for (const [, row] of this.#list.loaded()) {
      if (!chosen.delete(row.commit)) continue;
      tokens += row.tokens;
      isMasked &&= row.marks?.includes("masked") ?? false;
    }
    // where some of them are not loaded, the sum is not known
    this.#side.show(commits, chosen.size ? 0 : tokens, isMasked && !chosen.size, anew);
  }

  // -- moving -------------------------------------------------------------------------------------

  #hasFocus(): boolean {
    return this.#list.element.parentElement?.contains(this.#ground.focused()) ?? false;
  }

  #step(by: number, extend: boolean): void {
    const to = Math.max(0, Math.min(this.#list.focus + by, this.#list.count - 1));
    void this.#list.moveTo(to);
    if (extend) void this.#range(to);
    else this.#select(to);
  }

  #centre(row: number): void {
    const { clientHeight } = this.#list.element;
    this.#list.element.scrollTop = row * ROW - clientHeight / 2;
  }

  /** Go to HEAD, a parent, a branch's tip, or a commit; with none named the focus goes back to the rows. */
  async #go(
    to: string,
    commit = this.#list.at(this.#list.focus)?.commit ?? "",
    select = true,
  ): Promise<void> {
    if (to === "commit" && !commit) return void this.#list.moveTo(this.#list.focus);
    const found = await this.#ground.maybe<Found | null>("jump", { to, commit });
    if (found === undefined) return;
    if (!found) return this.#ground.say(to === "parent" ? "It has no parent." : "It is not drawn here.");
    this.#list.reveal(found.place);
    await this.#list.moveTo(found.place, select);
    if (select) this.#select(found.place);
  }

  async #fold(at: number, isOpen: boolean): Promise<void> {
    const row = this.#list.at(at);
    if (!row?.fold || row.fold.is_open === isOpen) return;
    const top = at * ROW - this.#list.element.scrollTop;
    const asked = { fold: row.fold.name, is_open: isOpen, commit: row.commit };
    const place = (await this.#ground.maybe<number | null>("open_fold", asked)) ?? at;
    this.#list.element.scrollTop = place * ROW - top; // the row stays where it was pressed
    await this.#list.moveTo(place);
  }

  /** Open what the row stands for; close it, or the row that it was opened from. */
  #sideways(open: boolean): void {
    const at = this.#list.focus;
    const row = this.#list.at(at);
    if (row?.fold && row.fold.is_open !== open) return void this.#fold(at, open);
    if (open || !row?.level) return;
    for (let place = at; place >= 0 && place < this.#list.count; place += row.inset ? -1 : 1) {
      const outer = this.#list.at(place);
      if (!outer || (outer.level ?? 1) >= row.level) continue;
      void this.#list.moveTo(place);
      this.#select(place);
      return;
    }
  }

  // -- filtering ----------------------------------------------------------------------------------

  async #filter(text: string): Promise<void> {
    if (text) this.#lastFilter = text;
    const found = await this.#ground.maybe<{ count: number; parts: [string, number][] }>("show_only", {
      text,
    });
    if (!found) return;
    this.#ground.clearFaults();
    this.#list.element.scrollTop = 0;
    if (found.count || !text) return;
    const others = found.parts.map(([part, count]) => `${exact(count)} match “${part}”`).join(", ");
    this.#nothing(this.#state, text, others && `${others}.`);
  }

  #clear(): boolean {
    if (!this.#ground.value<string>("filter")) return false;
    this.#header.set("");
    void this.#filter("").then(() => this.#list.moveTo(this.#list.focus));
    return true;
  }

  async #next(back: boolean): Promise<void> {
    const text = this.#lastFilter;
    if (!text) return this.#header.focus();
    const start = this.#list.focus;
    const place = await this.#ground.maybe<number | null>("next_match", { text, start, back });
    if (place === undefined) return;
    if (place === null) return this.#ground.say(`No commit matches “${text}”.`);
    this.#list.reveal(place);
    await this.#list.moveTo(place);
    this.#select(place);
  }

  // -- acting -------------------------------------------------------------------------------------

  async #act(action: string, given: Given, commits: string[]): Promise<boolean> {
    if (!this.#ground.alive) return false;
    this.#ground.clearFaults();
    return this.#ground.act("act", () => ({ head: this.#state.head, action, commits, ...given }));
  }

  #keys(): void {
    const move = ({ key, shiftKey }: KeyboardEvent) => {
      const by = key.startsWith("Arrow")
        ? 1
        : key.startsWith("Page")
          ? this.#list.fits - 1
          : this.#list.count;
      this.#step(/Up|Home/.test(key) ? -by : by, shiftKey);
    };
    const table: Key[] = [
      { key: ["ArrowUp", "ArrowDown"], label: "move", run: move },
      { key: ["shift+ArrowUp", "shift+ArrowDown"], label: "select more", run: move },
      { key: ["PageUp", "PageDown", "shift+PageUp", "shift+PageDown", "Home", "End"], run: move },
      { key: [" "], label: "select, or not", run: () => this.#toggle(this.#list.focus) },
      {
        key: ["ArrowRight", "ArrowLeft"],
        label: "open, close a fold",
        run: (event) => this.#sideways(event.key === "ArrowRight"),
      },
      { key: "Enter", run: () => this.#enter() },
      { key: "h", label: "parent", run: () => this.#go("parent") },
      { key: "g", label: "HEAD", run: () => this.#go("head") },
      { key: "shift+g", label: "branch tip", run: () => this.#go("tip") },
      { key: "/", label: "filter", run: () => this.#header.focus() },
      { key: "n", label: "next match", run: () => this.#next(false) },
      { key: "shift+n", label: "previous match", run: () => this.#next(true) },
      ...ACTIONS.map((action) => ({
        key: action.key,
        label: wordOf(action).toLowerCase(),
        once: true as const,
        run: () => this.#side.run(action.name),
      })),
      { key: "y", label: "copy hash", run: () => this.#side.copy() },
      { key: "z", label: "undo", once: true, run: () => this.#act("undo", {}, []) },
      { key: "shift+z", label: "redo", once: true, run: () => this.#act("redo", {}, []) },
    ];
    this.#ground.keys(table);
    this.#ground.onEscape(() => this.#clear());
  }

  #enter(): void {
    const fold = this.#list.at(this.#list.focus)?.fold;
    if (fold) void this.#fold(this.#list.focus, !fold.is_open);
    else this.#side.element.querySelector<HTMLElement>(".content-box")?.focus();
  }
}
