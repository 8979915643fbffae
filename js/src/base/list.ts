// A long list of rows of one height: only those in view are drawn, pages come by request.
import { h } from "./h";
import styles from "./list.css";
import { sheets } from "./sheets";

sheets.push(styles);

const PAGE = 128; // rows of one request
const SPARE = 12; // rows drawn beyond each edge
const LOADING = 150; // milliseconds before a row that is not there yet shows that it comes

export interface Source<R> {
  /** Rows from `start` on; fewer at the end. */
  fetch(start: number, count: number): Promise<R[]>;
  /** Draw a row; its place, role and size are the list's. */
  draw(row: R, at: number): HTMLElement;
  /** The focus moved to a row: by a key, or a click. */
  onFocus?(at: number, event: Event): void;
  /** What is in view changed. */
  onView?(first: number, last: number): void;
}

export class List<R> {
  readonly element: HTMLElement;
  readonly #inner = h("div", { class: "rows", role: "presentation" });
  readonly #source: Source<R>;
  readonly #height: number;
  #pages = new Map<number, R[]>();
  #asked = new Set<number>();
  #drawn = new Map<number, HTMLElement>();
  #count = 0;
  #generation = 0;
  #focus = 0;
  #frame = 0;

  constructor(label: string, height: number, source: Source<R>, signal: AbortSignal) {
    this.#source = source;
    this.#height = height;
    this.element = h(
      "div",
      { class: "list", role: "treegrid", "aria-label": label, tabindex: -1 },
      this.#inner,
    );
    this.element.addEventListener("scroll", () => this.#soon(), { signal, passive: true });
    const sized = new ResizeObserver(() => this.#soon());
    sized.observe(this.element);
    signal.addEventListener("abort", () => sized.disconnect());
    this.element.addEventListener("focusin", (event) => this.#focused(event), { signal });
    this.element.addEventListener("mousedown", (event) => this.#clicked(event), { signal });
  }

  get count(): number {
    return this.#count;
  }

  get focus(): number {
    return this.#focus;
  }

  /** The row at a place, where it is loaded. */
  at(place: number): R | undefined {
    return this.#pages.get(Math.floor(place / PAGE))?.[place % PAGE];
  }

  /** The rows that are loaded, with their places. */
  *loaded(): Generator<[number, R]> {
    for (const [page, rows] of this.#pages) {
      for (const [offset, row] of rows.entries()) yield [page * PAGE + offset, row];
    }
  }

  /** Take another list of rows; those in view stay until the new ones are there. `first` is its first page. */
  renew(count: number, first: readonly R[] = []): void {
    this.#generation += 1;
    this.#count = count;
    this.#pages = new Map();
    this.#asked = new Set();
    for (let page = 0; page * PAGE < first.length; page += 1) {
      const rows = first.slice(page * PAGE, (page + 1) * PAGE);
      if (rows.length === PAGE || page * PAGE + rows.length === count) this.#pages.set(page, rows);
    }
    this.#focus = Math.max(0, Math.min(this.#focus, count - 1));
    this.element.setAttribute("aria-rowcount", String(count));
    this.#inner.style.height = `${count * this.#height}px`;
    this.redraw();
  }

  /** Draw the rows in view anew, as after another selection. */
  redraw(): void {
    this.#show(true);
  }

  /** Move the focus to a row and into view. */
  async moveTo(place: number, take = true): Promise<void> {
    const to = Math.max(0, Math.min(place, this.#count - 1));
    this.#focus = to;
    const top = to * this.#height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight)
      this.element.scrollTop = top + this.#height - clientHeight;
    this.#show(false);
    this.#rove();
    if (take) this.#drawn.get(to)?.focus({ preventScroll: true });
  }

  /** Bring a row to the middle of the view, where it is out of it. */
  reveal(place: number): void {
    const top = place * this.#height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop || top + this.#height > scrollTop + clientHeight) {
      this.element.scrollTop = top - clientHeight / 2;
    }
    this.#show(false);
  }

  /** The rows that fit into the view. */
  get fits(): number {
    return Math.max(1, Math.floor(this.element.clientHeight / this.#height));
  }

  /** A row was put in focus by other means, as a screen reader does. */
  #focused(event: FocusEvent): void {
    const place = (event.target as HTMLElement).dataset.row;
    if (place === undefined || Number(place) === this.#focus) return;
    this.#focus = Number(place);
    this.#rove();
  }

  #clicked(event: MouseEvent): void {
    for (const target of event.composedPath()) {
      if (target === this.element) return;
      if (!(target instanceof HTMLElement)) continue; // a picture in a row
      const place = target.dataset.row;
      if (place === undefined) continue;
      this.#focus = Number(place);
      this.#rove();
      this.#source.onFocus?.(this.#focus, event);
      return;
    }
  }

  #soon(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show(false);
    });
  }

  #show(anew: boolean): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.#height) - SPARE);
    const last = Math.min(this.#count, Math.ceil((scrollTop + clientHeight) / this.#height) + SPARE);
    const hadFocus = this.element.matches(":focus-within");
    for (const [place, element] of this.#drawn) {
      if (anew || place < first || place >= last) {
        element.remove();
        this.#drawn.delete(place);
      }
    }
    for (let place = first; place < last; place += 1) {
      const before = this.#drawn.get(place);
      const row = this.at(place);
      if (row === undefined) this.#ask(Math.floor(place / PAGE));
      if (before && (row === undefined || before.dataset.loading === undefined)) continue;
      before?.remove();
      const made = row === undefined ? h("div", { "data-loading": "" }) : this.#source.draw(row, place);
      made.dataset.row = String(place);
      made.setAttribute("role", "row");
      made.setAttribute("aria-rowindex", String(place + 1));
      made.tabIndex = place === this.#focus ? 0 : -1;
      made.style.transform = `translateY(${place * this.#height}px)`;
      this.#inner.append(made);
      this.#drawn.set(place, made);
    }
    // where the row went out of view the list keeps the focus for it: keys go on to work
    if (hadFocus && !this.#inner.querySelector(":focus-within"))
      (this.#drawn.get(this.#focus) ?? this.element).focus({ preventScroll: true });
    const top = Math.floor(scrollTop / this.#height);
    this.#source.onView?.(top, Math.min(this.#count, top + this.fits));
  }

  #rove(): void {
    for (const [place, element] of this.#drawn) element.tabIndex = place === this.#focus ? 0 : -1;
  }

  #ask(page: number): void {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    const generation = this.#generation;
    const slow = setTimeout(() => this.element.classList.add("is-loading"), LOADING);
    this.#source
      .fetch(page * PAGE, PAGE)
      .then(
        (rows) => {
          if (generation !== this.#generation) return;
          this.#pages.set(page, rows);
          this.#show(false);
        },
        () => {
          this.#asked.delete(page); // the fault is shown already; scrolling asks again
        },
      )
      .finally(() => {
        clearTimeout(slow);
        this.element.classList.remove("is-loading");
      });
  }
}
