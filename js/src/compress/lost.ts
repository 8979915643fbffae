// The names that a draft loses, those that are used later first.
import { counted, exact, moment } from "../base/format";
import { h, put, span } from "../base/h";
import { icon } from "../base/icons_review";
import { button, kbd } from "../base/parts";
import type { Item, Lost, Said } from "./state";

const SHOWN = 14; // names that are shown at first
const PAGE = 200; // names of one request

export interface Deeds {
  more(start: number, count: number): Promise<readonly Lost[]>;
  where(name: string): Promise<Said>;
  /** A name was chosen, or none any more. */
  chosen(name: string, said: Said | null): void;
  reveal(place: number): void;
  put(name: string): void;
  pin(commits: readonly string[]): void;
  /** Whether the draft can be changed now, and whether names can stand in it. */
  can(): { change: boolean; names: boolean };
}

export class LostNames {
  readonly element = h("div", "lost-names");
  readonly #head = h("div", "lost-head");
  readonly #chips = h("div", { class: "names", role: "listbox", "aria-label": "Lost names" });
  readonly #more = button("more", () => void this.#showMore());
  readonly #row = h("div", "chips", this.#chips, this.#more);
  readonly #why = h("div", "why");
  readonly #deeds: Deeds;
  #item: Item | undefined;
  #names: readonly Lost[] = [];
  #all = false;
  #name = "";
  #said: Said | null = null;
  #seen = 0; // which of the originals that say it is in view

  constructor(deeds: Deeds) {
    this.#deeds = deeds;
    this.element.append(this.#head, this.#row, this.#why);
    this.#chips.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const options = [...this.#chips.querySelectorAll<HTMLElement>("[role=option]")];
      const at = options.indexOf(event.target as HTMLElement);
      options[Math.max(0, Math.min(at + step, options.length - 1))]?.click();
    });
  }

  get name(): string {
    return this.#name;
  }

  /** Whether the focus is on a name. */
  has(element: HTMLElement | null): boolean {
    return element !== null && this.#chips.contains(element);
  }

  /** Show the names of a group; the one that was chosen stays, where it is still lost. */
  show(item: Item, names: readonly Lost[], isOther: boolean): void {
    this.#item = item;
    this.#names = names;
    if (isOther) this.#all = false;
    if (isOther || !names.some(({ name }) => name === this.#name)) {
      this.#name = "";
      this.#said = null;
      this.#deeds.chosen("", null);
    }
    this.draw();
  }

  draw(): void {
    const item = this.#item;
    if (!item) return;
    this.element.hidden = !item.lost && !item.added && !(item.after < item.before);
    put(
      this.#head,
      item.lost
        ? h(
            "b",
            item.later ? "is-open" : "",
            `${counted(item.lost, "name")} ${item.lost === 1 ? "is" : "are"} lost`,
          )
        : h(
            "b",
            item.draft && !item.problem ? "is-fine" : "",
            item.after < item.before ? "No name is lost" : "",
          ),
      span(
        "dim",
        item.later
          ? `${item.lost === 1 ? "It is" : `${exact(item.later)} of them ${item.later === 1 ? "is" : "are"}`} used later. Choose one to put it into the draft.`
          : item.lost
            ? `${item.lost === 1 ? "It is not" : "None of them is"} used later.`
            : "",
      ),
      span("space"),
      item.added > 0 &&
        h(
          "b",
          "is-wrong",
          `${counted(item.added, "name")} ${item.added === 1 ? "is" : "are"} in no original`,
        ),
    );
    this.#drawChips(item);
    this.#drawWhy();
  }

  #drawChips(item: Item): void {
    const had = this.has((this.element.getRootNode() as ShadowRoot).activeElement as HTMLElement | null);
    const shown = this.#all ? this.#names : this.#names.slice(0, SHOWN);
    const rest = item.lost - shown.length;
    const first = shown.some(({ name }) => name === this.#name) ? this.#name : shown[0]?.name;
    put(
      this.#chips,
      shown.map(({ name, later }) =>
        h(
          "div",
          {
            class: `name${later ? " is-used" : ""}`,
            role: "option",
            tabindex: name === first ? 0 : -1,
            "aria-selected": name === this.#name,
            title: name,
            onclick: () => void this.#choose(name),
          },
          span("word", name),
          later > 0 && span("later", `${exact(later)}× later`),
        ),
      ),
    );
    put(this.#more, `${exact(rest)} more`);
    this.#more.hidden = rest <= 0;
    this.#row.hidden = !shown.length;
    this.element.classList.toggle("is-all", this.#all);
    if (!this.#all) this.#fit(item.lost);
    if (had) this.#chips.querySelector<HTMLElement>("[tabindex='0']")?.focus({ preventScroll: true });
  }

  /** Leave out the names that do not fit into two lines; how many there are stands behind them. */
  #fit(lost: number): void {
    const names = [...this.#chips.children] as HTMLElement[];
    const isOver = () => this.#row.scrollHeight > this.#row.clientHeight + 4;
    while (names.length > 1 && isOver()) {
      const last = names.pop();
      if (!last || last.getAttribute("aria-selected") === "true") break;
      last.remove();
      put(this.#more, `${exact(lost - names.length)} more`);
      this.#more.hidden = false;
    }
  }

  async #showMore(): Promise<void> {
    const item = this.#item;
    if (!item) return;
    if (this.#all && this.#names.length < item.lost) {
      const more = await this.#deeds.more(this.#names.length, PAGE).catch(() => null);
      if (!more || item.key !== this.#item?.key) return;
      this.#names = [...this.#names, ...more];
    }
    this.#all = true;
    this.draw();
  }

  async #choose(name: string): Promise<void> {
    this.#name = name;
    this.#said = null;
    this.#seen = 0;
    this.draw();
    this.#chips.querySelector<HTMLElement>("[aria-selected=true]")?.focus({ preventScroll: true });
    const said = await this.#deeds.where(name).catch(() => null);
    if (name !== this.#name || !said) return;
    this.#said = said;
    this.#deeds.chosen(name, said);
    this.#drawWhy();
  }

  #drawWhy(): void {
    const said = this.#said;
    const { change, names } = this.#deeds.can();
    this.#why.hidden = !this.#names.length;
    put(this.#why);
    if (!said) return;
    const count = said.places.length;
    const quote = `in ${counted(count, "original")}; ${said.who}, ${moment(said.time_us).slice(11, 16)}: “${said.quotes[this.#seen] ?? said.quotes[0]}”`;
    put(
      this.#why,
      h("b", { class: "mono", title: this.#name }, this.#name),
      h("span", { class: "quote", title: quote }, quote),
      count > 1 && button({ title: "Show the next original that says it" }, () => this.#next(), "Next"),
      change &&
        names &&
        button(
          { class: "needs-kernel", "data-code": "edit" },
          () => this.#deeds.put(this.#name),
          "Put into draft",
          kbd("Enter"),
        ),
      change &&
        count > 0 &&
        button(
          { class: "needs-kernel", "data-code": "pin" },
          () => this.#deeds.pin(said.commits),
          icon("pin"),
          `Pin ${counted(count, "original")}`,
        ),
    );
  }

  #next(): void {
    const places = this.#said?.places ?? [];
    this.#seen = (this.#seen + 1) % Math.max(1, places.length);
    const place = places[this.#seen];
    if (place !== undefined) this.#deeds.reveal(place);
  }
}
