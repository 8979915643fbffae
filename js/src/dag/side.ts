// The pane beside the rows: the unit that is selected, what can be done, and what that would change.
import { type Draft, drawDraft, unitsOf } from "../base/draft";
import { counted, exact } from "../base/format";
import { code, copyText, type Ground } from "../base/ground";
import { h, put, span } from "../base/h";
import { icon } from "../base/icons_history";
import { button, editor, kbd } from "../base/parts";
import { ACTIONS, type Action, ASKS_FIRST, offered, refusal, wordOf } from "./actions";
import { sentence } from "./foresight";
import type { Change, DagState, Detail, Foresight } from "./model";
import { drawChanges, drawSeveral, drawUnit } from "./unit";

const SETTLED = 90; // milliseconds that a selection stands before it is read
const THOUGHT = 140; // and before what an action would change is asked for

/** What is typed before an action is done. */
export interface Given {
  text?: string;
  name?: string;
  /** Of an edit: the commit whose text was taken into the editor. */
  was?: string;
  /** The tip that what is done was shown for, where it must still be that. */
  head?: string;
}

export interface Does {
  /** Do an action; tells whether it was done. */
  act(action: string, given: Given): Promise<boolean>;
  /** Go to a commit. */
  go(commit: string): void;
}

export class Side {
  readonly element: HTMLElement;
  readonly #ground: Ground<DagState>;
  readonly #does: Does;
  readonly #top = h("div", "top column");
  readonly #acts = h("div", { class: "acts needs-kernel", role: "toolbar", "aria-label": "Actions" });
  readonly #foresight = h("div", "foresight needs-kernel");
  #commits: readonly string[] = [];
  #tokens = 0;
  #isMasked = false;
  #detail: Detail | null = null;
  #hot = "skip";
  #form: HTMLElement | null = null;
  #given: Given = {};
  #settling: ReturnType<typeof setTimeout> | undefined;
  #thinking: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(ground: Ground<DagState>, does: Does) {
    this.#ground = ground;
    this.#does = does;
    this.element = h(
      "aside",
      { class: "side column", "aria-label": "Selected commit" },
      this.#top,
      this.#acts,
      this.#foresight,
    );
    // what is read here scrolls by its own keys
    this.#top.addEventListener("keydown", (event) => {
      if (/^(Arrow|Page|Home|End)/.test(event.key)) event.stopPropagation();
    });
    ground.onEscape(() => this.leave());
  }

  /** Show commits; `tokens` is what they have together. */
  show(commits: readonly string[], tokens: number, isMasked: boolean, anew: boolean): void {
    const same = commits.join() === this.#commits.join();
    this.#commits = commits;
    this.#tokens = tokens;
    this.#isMasked = isMasked;
    if (same && !anew) return;
    if (!same) {
      this.leave();
      put(this.#foresight); // it was about another commit
    }
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#read(), this.#detail ? SETTLED : 0);
  }

  /** Do an action on what is shown, or open what it asks for. */
  async run(name: string): Promise<void> {
    const action = ACTIONS.find((one) => one.name === name);
    if (!action || this.#refused(action)) return;
    this.#heat(name);
    if (action.asks === "draft") return this.#compress(action);
    if (action.asks) return this.#ask(action);
    if (name === "diff") return this.#compare(action);
    if (ASKS_FIRST.test(name) && !(await this.#sure(name))) return;
    await this.#does.act(name, {});
  }

  /** Close what is asked for; tells whether anything was. */
  leave(): boolean {
    const form = this.#form;
    this.#form = null;
    this.#given = {};
    if (!form) return false;
    form.remove();
    this.element.classList.remove("is-asking");
    this.#foresee(this.#hot);
    return true;
  }

  /** Put the hash, or the hashes, on the clipboard. */
  copy(): void {
    const hashes = this.#detail ? [this.#detail.hash] : this.#commits;
    if (!hashes.length) return;
    void copyText(hashes.join("\n"), this.element);
    const said = hashes.length === 1 ? `hash ${hashes[0]?.slice(0, 8)}` : `${exact(hashes.length)} hashes`;
    this.#ground.say(`Copied ${said}.`);
  }

  // -- reading ------------------------------------------------------------------------------------

  async #read(): Promise<void> {
    const asked = ++this.#asked;
    const commits = this.#commits;
    const [commit] = commits;
    const go = this.#does.go;
    if (commits.length === 1) {
      const detail = await this.#ground.maybe<Detail>("detail", { commit });
      if (!detail || asked !== this.#asked) return;
      this.#detail = detail;
      put(
        this.#top,
        drawUnit(
          detail,
          go,
          () => this.copy(),
          (start) => this.#text(detail.commit, start),
        ),
      );
    } else {
      this.#detail = null;
      put(
        this.#top,
        commit ? drawSeveral(commits, this.#tokens, go) : h("p", "empty dim", "Nothing is selected."),
      );
    }
    this.#offer();
  }

  /** The next part of a unit's text. */
  #text(commit: string, start: number): Promise<string | undefined> {
    return this.#ground.maybe<string>("text", { commit, start });
  }

  // -- actions ------------------------------------------------------------------------------------

  /** Why an action cannot be done to what is shown; empty where it can. */
  #refused(action: Action): string {
    return refusal(action, this.#commits.length, this.#detail, this.#isMasked, this.#ground.alive);
  }

  #offer(): void {
    put(
      this.#acts,
      offered(this.#detail, this.#isMasked).map((action) => {
        const { name, key, label } = action;
        const refused = this.#refused(action);
        const heat = () => this.#heat(name);
        return h(
          "button",
          {
            class: name === this.#hot ? "is-hot" : "",
            "data-action": name,
            "aria-keyshortcuts": key,
            "aria-disabled": refused ? "true" : null,
            title: refused || null,
            onclick: () => this.run(name),
            onmouseenter: heat,
            onfocus: heat,
          },
          icon(action.icon),
          span("", label),
          kbd(key),
        );
      }),
    );
    this.#foresee(this.#hot);
  }

  /** Point at an action: what it would change is shown. */
  #heat(name: string): void {
    if (this.#hot === name) return;
    this.#hot = name;
    for (const element of this.#acts.children) {
      element.classList.toggle("is-hot", (element as HTMLElement).dataset.action === name);
    }
    this.#foresee(name);
  }

  #foresee(name: string): void {
    clearTimeout(this.#thinking);
    const action = ACTIONS.find((one) => one.name === name);
    const refused = action && this.#refused(action);
    if (!action || !this.#ground.alive) put(this.#foresight);
    else if (refused) this.#says({ refused: `${wordOf(action)}: ${refused}.` });
    else if (name === "edit" && this.#given.text === undefined)
      this.#says({ says: "Writes an EDIT; what came after it stays where it is." });
    else this.#think(name);
  }

  /** Ask what an action would change, once it has been pointed at for a moment. */
  #think(name: string): void {
    const asked = this.#asked;
    this.#thinking = setTimeout(async () => {
      const found = await this.#seen(name);
      if (found && asked === this.#asked && name === this.#hot) this.#says(found);
    }, THOUGHT);
  }

  #seen(action: string): Promise<Foresight | undefined> {
    return this.#ground.maybe<Foresight>("foresee", { action, commits: this.#commits, ...this.#given });
  }

  #says(found: Foresight): void {
    put(
      this.#foresight,
      found.code && code(found.code),
      h("p", null, sentence(found, this.#ground.state().most)),
    );
  }

  async #sure(action: string): Promise<boolean> {
    const found = await this.#seen(action);
    if (!found) return false;
    const { refused, hint = "", asks = "", says = "", code = "" } = found;
    if (refused) {
      this.#ground.showFault({ message: refused, hint });
      return false;
    }
    const [verb = ""] = asks.split(/ to | into | onto |\?/);
    return this.#ground.ask({ title: asks, body: says, code, action: verb });
  }

  async #compare(action: Action): Promise<void> {
    const commits = this.#commits;
    const found = await this.#ground.maybe<{ title: string; changes: Change[] }>("diff", { commits });
    if (found) this.#open(action, drawChanges(found.title, found.changes, this.#does.go), []);
  }

  // -- what is asked for --------------------------------------------------------------------------

  /** Ask for a name or a text in the pane itself; Esc leaves it. */
  async #ask(action: Action): Promise<void> {
    const isText = action.asks === "text";
    const label = `${isText ? "Text" : "Name"} of the ${isText ? "unit" : action.name}`;
    const given = (): Given => (isText ? { text: field.value } : { name: field.value.trim() });
    const go = async () => {
      const all = isText ? { ...given(), was } : given();
      if ((isText || all.name) && (await this.#does.act(action.name, all))) this.#back();
    };
    const unit = isText ? await this.#whole() : undefined;
    if (isText && !unit) return;
    const was = unit?.wording ?? "";
    const field = unit ? editor(label, unit.text, go, "field mono") : nameField(label, go);
    field.addEventListener("input", () => this.#takes(action, given()));
    const does = isText ? "Save the edit" : `Make the ${wordOf(action).toLowerCase()}`;
    this.#open(action, field, [
      isText ? span("dim", kbd("shift+Enter"), " saves") : null,
      span("space"),
      button("", () => this.#back(), "Leave it"),
      button("primary", go, does),
    ]);
    this.#takes(action, given());
  }

  /**
   * Show what would stand for the units, and ask. One that needs no model; where a review that a person and a
   * model write together can be begun, it is another button here.
   */
  async #compress(action: Action): Promise<void> {
    const commits = this.#commits;
    const { head } = this.#ground.state(); // what is shown holds for this one alone
    const draft = await this.#ground.maybe<Draft>("drafted", { commits });
    if (!draft || commits !== this.#commits) return;
    const units = unitsOf(draft);
    const go = async () => {
      if (await this.#does.act(action.name, { head })) this.#back();
    };
    this.#open(action, drawDraft(draft), [
      span("space"),
      button("", () => this.#back(), "Leave it"),
      units > 0 && button("primary", go, `Compress ${counted(units, "unit")} `, kbd("shift+Enter")),
    ]);
    this.#form?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey && units) void go();
    });
  }

  #takes(action: Action, given: Given): void {
    this.#given = given;
    this.#foresee(action.name);
  }

  /** Open a form, or a result, between the unit and the actions. */
  #open(action: Action, shown: HTMLElement, choices: (HTMLElement | null | false)[]): void {
    this.leave();
    const close = choices.length ? choices : [span("space"), button("", () => this.#back(), "Close")];
    this.#form = h(
      "div",
      {
        class: `form column ${/text|name/.exec(action.asks ?? "") ?? "result"}`,
        role: "group",
        "aria-label": wordOf(action),
      },
      shown,
      h("div", "choices", close),
    );
    this.element.classList.add("is-asking");
    this.#acts.before(this.#form);
    shown.focus();
  }

  #back(): void {
    this.leave();
    this.#does.go("");
  }

  /** What is selected with its whole text: what is read beside the rows may be of the row before still. */
  async #whole(): Promise<Detail | undefined> {
    const [commit] = this.#commits;
    const isRead = this.#detail?.commit === commit;
    const detail = isRead ? this.#detail : await this.#ground.maybe<Detail>("detail", { commit });
    if (!detail) return undefined;
    let { text } = detail;
    while (text.length < detail.characters) {
      const part = await this.#text(detail.commit, text.length);
      if (!part) break;
      text += part;
    }
    return { ...detail, text };
  }
}

function nameField(label: string, done: () => unknown): HTMLInputElement {
  return h("input", {
    type: "text",
    class: "field",
    "aria-label": label,
    placeholder: label.replace("N", "n"),
    spellcheck: "false",
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      done();
    },
  });
}
