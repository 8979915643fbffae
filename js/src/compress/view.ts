// Originals beside drafts, what gets lost, and approving group by group.
import { counted } from "../base/format";
import type { Ground } from "../base/ground";
import { h, put, span } from "../base/h";
import { Draft } from "./draft";
import { drawCode, drawDecisions, drawFigures, nothing, settledWords } from "./end";
import { LostNames } from "./lost";
import { drawOriginalsHead, Originals } from "./originals";
import { drawHead, drawNotes, drawRail } from "./rail";
import {
  type CompressState,
  type Detail,
  type Item,
  isOpen,
  type Lost,
  type Original,
  type Said,
  STRATEGIES,
  type Strategy,
} from "./state";

export class CompressView {
  readonly #ground: Ground<CompressState>;
  readonly #head = h("header", "header");
  readonly #list = h("div", { class: "groups", role: "listbox", "aria-label": "Groups" });
  readonly #notes = h("div", "notes");
  readonly #originalsHead = h("div", "pane-head");
  readonly #originals: Originals;
  readonly #draft: Draft;
  readonly #lost: LostNames;
  readonly #work: HTMLElement;
  readonly #body: HTMLElement;
  readonly #figures = h("div", "figures");
  readonly #code = h("div", "code-box");
  readonly #go = h("div", { class: "go", role: "group", "aria-label": "Decide" });
  #texts: Readonly<Record<string, string>> = {};
  #textsOf = "";
  #at = 0;
  #key: string | undefined; // the group that is looked at
  #detail: Detail | null = null;
  #fetched: Promise<void> = Promise.resolve();
  #shownOf = ""; // which originals are shown, with which marks
  #edited: { key: string; draft: string } | null = null; // whose text is written, and over which draft
  #writing = new Set<string>(); // groups that a model writes
  #pointed = "approve";

  constructor(ground: Ground<CompressState>) {
    this.#ground = ground;
    const can = () => this.#canChange;
    this.#originals = new Originals(
      {
        rows: (start) => ground.request<Original[]>("originals", { key: this.#key, start }),
        text: (place, start) => ground.request<string[]>("original", { key: this.#key, place, start }),
        canPin: can,
        pin: (commit) => void this.#pin([commit]),
      },
      ground.signal,
    );
    this.#draft = new Draft({
      canChange: () => this.#pending && ground.alive,
      model: () => this.#state.model,
      edit: () => void this.#edit(),
      write: (text) => void this.#keep(text),
      ask: (instructions) => void this.#use("summarize", instructions),
      use: (strategy) => void this.#use(strategy),
      stop: () => void this.#act("stop_writing"),
      forget: () => void this.#act("forget_failure"),
    });
    this.#lost = new LostNames({
      more: (start, count) => ground.request<Lost[]>("lost_names", { key: this.#key, start, count }),
      where: (name) => ground.request<Said>("said_where", { key: this.#key, name }),
      chosen: (name, said) => {
        this.#originals.mark(name, said);
        const [first] = said?.places ?? [];
        if (first !== undefined) void this.#originals.reveal(first);
      },
      reveal: (place) => void this.#originals.reveal(place),
      put: (name) => void this.#putName(name),
      pin: (commits) => void this.#pin(commits),
      can: () => ({ change: can(), names: this.#item?.strategy !== "mask" }),
    });
    this.#work = h(
      "div",
      "work",
      this.#originalsHead,
      this.#draft.head,
      this.#originals.element,
      this.#draft.element,
      this.#lost.element,
    );
    this.#body = h("div", "body", h("div", "rail column", this.#list, this.#notes), this.#work);
    ground.root.append(this.#head, this.#body, h("div", "end", this.#figures, this.#go));
    ground.footer.append(this.#code);
    const first = this.#items.findIndex(isOpen);
    this.#at = Math.max(0, first);
    ground.onState(() => this.#renew());
    this.#obey();
    this.#draw();
  }

  #obey(): void {
    const inOriginals = () => this.#originals.element.contains(this.#ground.focused());
    const step = (by: number) =>
      inOriginals()
        ? void this.#originals.step(by)
        : this.#lost.has(this.#ground.focused()) || this.#to(this.#at + by);
    this.#ground.keys([
      { key: ["ArrowDown"], label: "next group, or original", run: () => step(1) },
      { key: ["ArrowUp"], label: "previous one", run: () => step(-1) },
      { key: "n", label: "next open one", run: () => this.#next(1) },
      { key: "shift+n", label: "open one before", run: () => this.#next(-1) },
      ...STRATEGIES.map((name, at) => ({
        key: String(at + 1),
        label: name,
        once: true as const,
        run: () => void this.#use(name),
      })),
      { key: "e", label: "edit the draft", run: () => void this.#edit() },
      { key: "r", label: "have it written again", run: () => this.#draft.focusAsk() },
      {
        key: "p",
        label: "pin the original",
        once: true,
        run: () => {
          const { commit } = this.#originals;
          if (commit) void this.#pin([commit]);
        },
      },
      { key: "z", label: "undo the pin", once: true, run: () => void this.#ground.act("undo_pin") },
      {
        key: "Enter",
        label: "put the name into the draft",
        once: true,
        run: () => {
          if (inOriginals()) this.#originals.toggle();
          else if (this.#lost.has(this.#ground.focused()) && this.#lost.name)
            void this.#putName(this.#lost.name);
        },
      },
      { key: "u", label: "open it again", once: true, run: () => this.#reopen() },
      { key: "shift+Enter", label: "approve the group", once: true, run: () => this.#approve() },
    ]);
    this.#ground.onEscape(() => this.#leaveEditor());
    const point = (event: Event) => {
      const at = (event.target as HTMLElement).closest<HTMLElement>("[data-code]");
      if (!at || at.dataset.code === this.#pointed) return;
      this.#pointed = at.dataset.code ?? "";
      this.#drawCode();
    };
    this.#ground.frame.addEventListener("pointerover", point, { signal: this.#ground.signal });
    this.#ground.frame.addEventListener("focusin", point, { signal: this.#ground.signal });
  }

  get #state(): CompressState {
    return this.#ground.state();
  }

  get #items(): readonly Item[] {
    return this.#state.items;
  }

  get #item(): Item | undefined {
    return this.#items[this.#at];
  }

  get #pending(): boolean {
    return this.#state.state === "pending";
  }

  /** Whether the group that is looked at can be changed now. */
  get #canChange(): boolean {
    const item = this.#item;
    return Boolean(item && isOpen(item) && item.writing === null && this.#pending && this.#ground.alive);
  }

  /** Take another state: what is looked at stays it, wherever it stands now. */
  #renew(): void {
    const at = this.#items.findIndex((item) => item.key === this.#key);
    if (at < 0 && this.#edited?.key === this.#key && this.#draft.typed !== undefined)
      this.#ground.say("The group is gone; your text is still here. Copy it before you leave it.");
    this.#at = Math.max(0, at >= 0 ? at : Math.min(this.#at, this.#items.length - 1));
    this.#tellWritten();
    this.#draw();
  }

  /** Say which drafts a model has come to an end with. */
  #tellWritten(): void {
    const written = [...this.#items.entries()].filter(
      ([, { key, writing }]) => writing === null && this.#writing.has(key),
    );
    for (const [at, { failed }] of written)
      this.#ground.say(failed ? `Group ${at + 1}: ${failed}` : `Group ${at + 1} is written.`);
    this.#writing = new Set(this.#items.flatMap(({ key, writing }) => (writing === null ? [] : [key])));
  }

  // -- moving ---------------------------------------------------------------------------------------

  #to(to: number, focus = true): void {
    if (!this.#items.length || this.#isTyping()) return;
    this.#at = Math.max(0, Math.min(to, this.#items.length - 1));
    this.#detail = null;
    this.#pointed = "approve";
    this.#draw();
    if (focus) this.#list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  }

  #next(by: number): void {
    const count = this.#items.length;
    for (let away = 1; away <= count; away += 1) {
      const at = (this.#at + by * away + count * away) % count;
      const item = this.#items[at];
      if (!item || !isOpen(item)) continue;
      this.#to(at);
      return;
    }
    this.#ground.say("Nothing is open: all is decided.");
  }

  /** Whether somebody is writing a text that is not kept yet: nothing else may take it away. */
  #isTyping(): boolean {
    const { typed } = this.#draft;
    if (typed !== undefined && typed !== this.#detail?.text) {
      this.#ground.say("Keep your text first, or leave it with Esc.");
      return true;
    }
    this.#leaveEditor();
    return false;
  }

  // -- deciding -------------------------------------------------------------------------------------

  async #act(method: string, params: () => object = () => ({})): Promise<boolean> {
    const item = this.#item;
    if (!item || !this.#pending) return false;
    return this.#ground.act(method, () => ({ key: item.key, ...params() }));
  }

  /** The draft that the page shows of a group: what is done is done to that one. */
  #draftOf(key: string | undefined): { draft: string } {
    return { draft: this.#items.find((item) => item.key === key)?.draft ?? "" };
  }

  async #approve(): Promise<void> {
    const item = this.#item;
    if (!item || !isOpen(item) || this.#isTyping()) return;
    if (item.problem) return this.#ground.say(`Group ${this.#at + 1} cannot be approved: ${item.problem}.`);
    if (!(await this.#act("approve_group", () => this.#draftOf(item.key)))) return;
    if (this.#pending) this.#next(1);
  }

  #approveAll(): void {
    if (this.#isTyping()) return;
    void this.#ground.act("approve_all", () => ({
      drafts: Object.fromEntries(
        this.#items.filter((item) => item.state !== "rejected").map((item) => [item.key, item.draft]),
      ),
    }));
  }

  async #reject(): Promise<void> {
    if (this.#isTyping() || !(await this.#act("reject_group"))) return;
    if (this.#pending) this.#next(1);
  }

  #reopen(): void {
    const item = this.#item;
    if (item && !isOpen(item)) void this.#act("open_again");
  }

  async #rejectAll(): Promise<void> {
    const { branch, items } = this.#state;
    const yes = await this.#ground.ask({
      title: "Reject the compression?",
      body: `Nothing is compressed on ${branch}; the drafts of ${counted(items.length, "group")} and what was decided are forgotten.`,
      code: "review.reject()",
      action: "Reject it",
    });
    if (yes) await this.#ground.act("reject_all");
  }

  async #use(strategy: Strategy, instructions = ""): Promise<void> {
    if (!this.#canChange || this.#isTyping()) return;
    if (strategy === "summarize" && !this.#state.model)
      return this.#ground.say("No model is set that could write it.");
    if (strategy === this.#item?.strategy && strategy !== "summarize") return;
    await this.#act("write_with", () => ({ strategy, instructions }));
  }

  async #pin(commits: readonly string[]): Promise<void> {
    if (!this.#canChange) return;
    await this.#act("pin_units", () => ({ commits }));
  }

  async #putName(name: string): Promise<void> {
    if (!this.#canChange || this.#draft.insert(name)) return;
    if (this.#item?.strategy === "mask")
      return this.#ground.say("Masks are no text that a name could stand in: pin the originals instead.");
    const key = this.#item?.key;
    await this.#act("name_into_draft", () => ({ name, ...this.#draftOf(key) }));
  }

  async #edit(): Promise<void> {
    if (this.#detail?.draft !== this.#item?.draft) await this.#fetched; // a key that came before the text did
    const item = this.#item;
    if (!item || !this.#canChange || this.#detail?.draft !== item.draft) return;
    this.#edited = { key: item.key, draft: this.#detail.draft };
    this.#pointed = "edit";
    this.#drawCode();
    this.#draft.edit();
  }

  async #keep(text: string): Promise<void> {
    const edited = this.#edited;
    if (!edited) return;
    // what was typed stays until it is taken
    if (!this.#pending) return this.#ground.say(`The compression is ${this.#state.state} by now.`);
    const done = await this.#act("write", () => ({ text, ...edited }));
    if (done) {
      this.#leaveEditor();
      this.#draw();
      return;
    }
    // refused since the draft is another by now: who keeps it again has been told, and means it
    const now = this.#items.find((item) => item.key === edited.key);
    if (now && this.#edited) this.#edited = { key: edited.key, draft: now.draft };
  }

  #leaveEditor(): boolean {
    if (!this.#draft.leave()) return false;
    this.#edited = null;
    this.#list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
    return true;
  }

  // -- drawing --------------------------------------------------------------------------------------

  #draw(): void {
    this.#key = this.#edited?.key ?? this.#item?.key;
    put(this.#head, ...drawHead(this.#state), this.#ground.helpButton());
    this.#drawList();
    put(this.#notes, ...drawNotes(this.#state));
    this.#drawEnd();
    this.#body.classList.toggle("is-settled", !this.#pending);
    void this.#fetchTexts();
    this.#fetched = this.#fetch();
  }

  #drawList(): void {
    const had = this.#list.contains(this.#ground.focused());
    put(this.#list, ...drawRail(this.#state, this.#at, this.#texts, (at) => this.#to(at)));
    const chosen = this.#list.querySelector<HTMLElement>("[aria-selected=true]");
    chosen?.scrollIntoView({ block: "nearest" });
    if (had) chosen?.focus({ preventScroll: true });
  }

  #drawEnd(): void {
    const state = this.#state;
    put(this.#figures, ...drawFigures(state));
    this.#drawCode();
    put(
      this.#go,
      ...(this.#pending
        ? drawDecisions(state, this.#item, this.#at, {
            approve: () => void this.#approve(),
            approveAll: () => this.#approveAll(),
            reject: () => void this.#reject(),
            rejectAll: () => void this.#rejectAll(),
            reopen: () => this.#reopen(),
          })
        : [span("dim settled-words", settledWords(state))]),
    );
  }

  #drawCode(): void {
    put(this.#code, drawCode(this.#line(this.#pointed)));
  }

  /** The line of Python that does what is pointed at. */
  #line(name: string): string {
    if (!this.#pending) return this.#state.state === "applied" ? "t.undo()" : "t.compress()";
    const at = this.#at;
    const instructions = this.#draft.instructions;
    const { commit } = this.#originals;
    const decided = this.#item && !isOpen(this.#item);
    switch (name) {
      case "approve-all":
        return "review.approve()";
      case "reject-all":
        return "review.reject()";
      case "reject":
        return `review.reject(${at})`;
      case "edit":
        return `review.edit(${at}, "…")`;
      case "ask":
        return instructions ? `review.ask(${at}, ${JSON.stringify(instructions)})` : `review.ask(${at})`;
      case "pin":
        return `review.pin(${commit ? JSON.stringify(commit) : "…"})`;
      default:
        if (name.startsWith("use-")) return `review.ask(${at}, strategy="${name.slice(4)}")`;
        if (!this.#item) return "review.reject()";
        return decided || name === "reopen" ? `review.reopen(${at})` : `review.approve(${at})`;
    }
  }

  /** What the pinned units between the groups say; no part of the state, so that no notebook keeps it. */
  async #fetchTexts(): Promise<void> {
    const of = this.#state.between
      .flat()
      .map(({ commit }) => commit)
      .join();
    if (of === this.#textsOf) return;
    this.#textsOf = of;
    this.#texts = (await this.#ground.maybe<Record<string, string>>("stays")) ?? {};
    this.#drawList();
  }

  async #fetch(): Promise<void> {
    const item = this.#items.find(({ key }) => key === this.#key);
    if (!item) {
      if (this.#draft.typed !== undefined) return;
      put(this.#work, nothing(this.#state));
      this.#work.classList.add("is-empty");
      return;
    }
    this.#draft.show(item, this.#detail);
    this.#originals.redraw();
    put(this.#originalsHead, ...drawOriginalsHead(item.units, item.before));
    const shown = [item.key, item.units, item.taken, item.changed, item.draft].join();
    if (shown === this.#shownOf && this.#detail) return this.#lost.draw();
    const isOther = !this.#shownOf.startsWith(`${item.key},`);
    const detail = await this.#ground.request<Detail>("group", { key: item.key }).catch(() => null);
    if (!detail || item.key !== this.#key) return;
    this.#shownOf = shown;
    this.#detail = detail;
    if (this.#edited && this.#edited.draft !== detail.draft && this.#draft.typed !== undefined)
      this.#ground.say("The draft changed while you wrote yours; your text is still here.");
    this.#draft.show(item, detail);
    await this.#originals.show(item.units, !isOther);
    this.#lost.show(item, detail.names, isOther);
  }
}
