// The originals of a group: thousands of them too, page by page as they come into view.
import { exact, short } from "../base/format";
import { bold, type Children, h, put, span } from "../base/h";
import { icon } from "../base/icons_review";
import { button, kbd } from "../base/parts";
import type { Original, Said } from "./state";

const PAGE = 100; // units of one request
const ROW = 30; // pixels of a unit, as long as nobody knows
const MORE = 8_000; // characters of a text that come at once

export interface Sources {
  rows(start: number): Promise<readonly Original[]>;
  text(place: number, start: number): Promise<readonly string[]>;
  /** Whether a unit can be pinned now. */
  canPin(): boolean;
  pin(commit: string): void;
}

export class Originals {
  readonly element: HTMLElement;
  readonly #sources: Sources;
  readonly #pages: HTMLElement[] = [];
  readonly #loaded = new Map<number, Promise<void>>();
  readonly #seen: IntersectionObserver;
  #rows = new Map<number, Original>();
  #open = new Set<number>();
  #count = 0;
  #at = 0;
  #name = "";
  #quotes = new Map<number, string>(); // how the units say that name, by their places
  #generation = 0;

  constructor(sources: Sources, signal: AbortSignal) {
    this.#sources = sources;
    this.element = h("div", { class: "originals", role: "list", "aria-label": "Originals", tabindex: -1 });
    this.#seen = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (isIntersecting) void this.#load(this.#pages.indexOf(target as HTMLElement));
        }
      },
      { root: this.element, rootMargin: "300px" },
    );
    signal.addEventListener("abort", () => this.#seen.disconnect());
  }

  /** The unit that keys are about. */
  get commit(): string | undefined {
    return this.#rows.get(this.#at)?.commit;
  }

  /** Show another group, or the same anew, where it was scrolled to. */
  async show(count: number, stays: boolean): Promise<void> {
    const top = stays ? this.element.scrollTop : 0;
    const before = stays ? this.#pages.map((page) => page.offsetHeight) : [];
    this.#generation += 1;
    this.#seen.disconnect();
    this.#pages.length = 0;
    this.#loaded.clear();
    this.#rows = new Map();
    if (!stays) this.#open.clear();
    this.#count = count;
    this.#at = stays ? Math.min(this.#at, Math.max(0, count - 1)) : 0;
    for (let start = 0; start < count; start += PAGE) {
      const size = Math.min(PAGE, count - start);
      const height = before[start / PAGE] || size * ROW;
      this.#pages.push(h("div", { class: "page", style: `min-height:${height}px` }));
    }
    put(this.element, this.#pages);
    this.element.scrollTop = top;
    for (const page of this.#pages) this.#seen.observe(page);
    if (this.#pages.length) await this.#load(Math.floor(this.#at / PAGE));
  }

  /** Step through the units. */
  async step(by: number): Promise<void> {
    await this.reveal(this.#at + by);
    this.#row(this.#at)?.focus({ preventScroll: true });
  }

  /** Bring a unit into view. */
  async reveal(place: number): Promise<void> {
    this.#at = Math.max(0, Math.min(place, this.#count - 1));
    await this.#load(Math.floor(this.#at / PAGE));
    this.#rove();
    this.#row(this.#at)?.scrollIntoView({ block: "nearest" });
  }

  /** Mark one name more than the others, and show where the originals say it. */
  mark(name: string, said: Said | null): void {
    const before = [...this.#quotes.keys()];
    this.#name = name;
    this.#quotes = new Map((said?.quotes ?? []).map((quote, at) => [said?.places[at] ?? -1, quote]));
    for (const place of new Set([...before, ...this.#quotes.keys()])) this.#redrawRow(place);
  }

  /** Show all of a unit, or its line again. */
  toggle(place = this.#at): void {
    if (!this.#open.delete(place)) this.#open.add(place);
    this.#redrawRow(place);
  }

  #redrawRow(place: number): void {
    const row = this.#rows.get(place);
    const drawn = this.#row(place);
    if (!row || !drawn) return;
    const hadFocus = drawn.contains((this.element.getRootNode() as ShadowRoot).activeElement);
    const anew = this.#draw(row, place);
    drawn.replaceWith(anew);
    if (hadFocus) anew.focus({ preventScroll: true });
  }

  /** Pins come and go with what can be done. */
  redraw(): void {
    this.element.classList.toggle("can-pin", this.#sources.canPin());
  }

  #row(place: number): HTMLElement | null {
    return this.element.querySelector(`[data-place="${place}"]`);
  }

  #rove(): void {
    for (const row of this.element.querySelectorAll<HTMLElement>("[data-place]")) {
      row.tabIndex = Number(row.dataset.place) === this.#at ? 0 : -1;
    }
  }

  #load(page: number): Promise<void> {
    const known = this.#loaded.get(page);
    if (known || page < 0) return known ?? Promise.resolve();
    const generation = this.#generation;
    const start = page * PAGE;
    const coming = this.#sources.rows(start).then(
      (rows) => {
        const drawn = this.#pages[page];
        if (generation !== this.#generation || !drawn) return;
        for (const [offset, row] of rows.entries()) this.#rows.set(start + offset, row);
        put(
          drawn,
          rows.map((row, offset) => this.#draw(row, start + offset)),
        );
        drawn.style.minHeight = "";
        this.#rove();
      },
      () => {
        this.#loaded.delete(page); // the fault is shown already; scrolling asks again
      },
    );
    this.#loaded.set(page, coming);
    return coming;
  }

  #draw(row: Original, place: number): HTMLElement {
    const isOpen = this.#open.has(place);
    const said = h("div", "said-text", isOpen ? "" : this.#line(row, place));
    if (isOpen) void this.#read(said, row, place, 0);
    const drawn = h(
      "div",
      {
        class: ["original", row.is_code ? "is-code" : "", isOpen ? "is-open" : ""].filter(Boolean).join(" "),
        role: "listitem",
        tabindex: place === this.#at ? 0 : -1,
        "data-place": place,
        "data-role": row.role,
        title: isOpen ? null : "Click to read all of it",
        onclick: () => this.#clicked(place),
        onfocus: () => {
          this.#at = place;
          this.#rove();
        },
      },
      span("who", row.who),
      h("div", "content-box", row.failed && span("bad", "✕ failed "), said),
      span("number", row.tokens ? short(row.tokens) : ""),
      button(
        { class: "pin-this", tabindex: -1, onclick: null, "aria-label": `Pin ${row.who}, ${row.commit}` },
        null,
        icon("pin"),
        "Pin this",
        kbd("p"),
      ),
    );
    drawn.querySelector("button")?.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#sources.pin(row.commit);
    });
    return drawn;
  }

  #clicked(place: number): void {
    this.#at = place;
    if (!getSelection()?.toString()) this.toggle(place);
  }

  async #read(into: HTMLElement, row: Original, place: number, start: number): Promise<void> {
    const parts = await this.#sources.text(place, start).catch(() => null);
    if (!parts) return;
    into.append(...this.#parts(parts));
    const rest = row.length - start - MORE;
    if (rest <= 0) return;
    const more = button("more", null, `${exact(rest)} characters more`);
    more.addEventListener("click", (event) => {
      event.stopPropagation();
      more.remove();
      void this.#read(into, row, place, start + MORE);
    });
    into.append(more);
  }

  /** A unit in a line; of one that says the chosen name, where it does. */
  #line(row: Original, place: number): (Node | string)[] {
    const quote = this.#quotes.get(place);
    if (quote === undefined || (!row.is_code && row.parts.includes(this.#name)))
      return this.#parts(row.parts);
    return this.#parts(quote.split(this.#name).flatMap((part, at) => (at ? [this.#name, part] : [part])));
  }

  #parts(parts: readonly string[]): (Node | string)[] {
    return parts.map((part, at) =>
      at % 2 ? h("mark", part === this.#name ? "lost is-current" : "lost", part) : part,
    );
  }
}

/** What the originals are, over them. */
export function drawOriginalsHead(units: number, tokens: number): Children[] {
  return [
    bold("Originals"),
    span("dim", `${exact(units)} ${units === 1 ? "unit" : "units"}, ${exact(tokens)} tokens`),
  ];
}
