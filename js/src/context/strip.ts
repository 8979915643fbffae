// The strip itself: drawn once for a state, a width and a zoom; the cursor moves over it.
import { h, put, svg } from "../base/h";
import { type Layout, type Spot, same } from "./model";
import { EDGE, HANG, Paper, TOP } from "./paper";

export interface Listener {
  /** The pointer is over something, or over nothing. */
  onHover(spot: Spot | null): void;
  /** Something was clicked; with a modifier it joins what is selected. */
  onPick(spot: Spot, more: boolean): void;
}

export class Strip {
  readonly element: HTMLElement;
  readonly #base = svg("g");
  readonly #over = svg("g");
  readonly #svg: SVGSVGElement;
  readonly #listener: Listener;
  #layout: Layout;
  #paper: Paper;
  #width = 876;
  #from = 0;
  #to = 1;
  #cursor: Spot | null = null;
  #hover: Spot | null = null;
  #chosen: number[] = [];
  #only: string | null = null;
  #after: [number, string] | null = null; // by how much it would be longer, and what says so

  constructor(layout: Layout, listener: Listener, signal: AbortSignal) {
    this.#layout = layout;
    this.#listener = listener;
    this.#to = layout.end;
    this.#paper = new Paper(layout, 0, layout.end, this.#width, null, "");
    this.#svg = svg(
      "svg",
      { class: "strip-svg", "aria-hidden": "true" },
      svg("defs", null, hatching()),
      this.#base,
      this.#over,
    );
    this.element = h(
      "div",
      {
        class: "strip",
        tabindex: 0,
        role: "slider",
        "aria-label": "Units sent",
        onpointermove: (event: PointerEvent) => this.#hovers(this.#spotAt(event)),
        onpointerleave: () => this.#hovers(null),
        onclick: (event: MouseEvent) => this.#clicked(event),
      },
      this.#svg,
    );
    const sized = new ResizeObserver(() => this.#resize());
    sized.observe(this.element);
    signal.addEventListener("abort", () => sized.disconnect());
    this.element.addEventListener("wheel", (event) => this.#wheeled(event), { passive: false });
  }

  // -- what is shown --------------------------------------------------------------------------------

  /** Show another state; the zoom stays where it was. */
  renew(layout: Layout): void {
    const whole = this.zoomed === 1;
    this.#layout = layout;
    if (whole) [this.#from, this.#to] = [0, layout.end];
    else this.#look(this.#from, this.#to);
    this.#hover = null;
    this.redraw();
  }

  mark(cursor: Spot | null, chosen: number[], after: [number, string] | null): void {
    this.#cursor = cursor;
    this.#chosen = chosen;
    this.#after = after;
    this.#drawOver();
  }

  /** Show one role in full colour; all with null. */
  only(role: string | null): void {
    this.#only = role;
    this.redraw();
  }

  get zoomed(): number {
    return this.#layout.end / (this.#to - this.#from);
  }

  /** Come nearer (above 1) or go away, around the cursor or a place. */
  zoom(by: number, around?: number): void {
    const span = this.#cursor ? this.#layout.span(this.#cursor) : [this.#layout.used, 0];
    const at = around ?? (span[0] ?? 0) + (span[1] ?? 0) / 2;
    const size = Math.min(this.#layout.end, Math.max(40, (this.#to - this.#from) / by));
    const share = (at - this.#from) / (this.#to - this.#from);
    const inside = share > 0 && share < 1 ? share : 0.5;
    this.#look(at - inside * size, at - inside * size + size);
    this.redraw();
  }

  whole(): void {
    this.#look(0, this.#layout.end);
    this.redraw();
  }

  /** Bring a spot into view. */
  reveal(spot: Spot): void {
    if (this.zoomed <= 1.001) return;
    const [at, size] = this.#layout.span(spot);
    const shown = spot.kind === "ghost" ? 0 : size;
    const span = this.#to - this.#from;
    if (at >= this.#from && at + Math.min(shown, span) <= this.#to) return;
    const from = at < this.#from ? at - span * 0.1 : at + Math.min(shown, span * 0.8) - span * 0.9;
    this.#look(from, from + span);
    this.redraw();
  }

  /** Where a spot stands, in pixels from the left: its middle. */
  middle(spot: Spot): number {
    const hanging = this.#paper.hangingOf(spot);
    if (hanging) return hanging.left + hanging.width / 2;
    const [at, size] = this.#layout.span(spot);
    const left = Math.max(EDGE, this.#paper.x(at));
    return Math.min(this.#width - EDGE, (left + Math.min(this.#width - EDGE, this.#paper.x(at + size))) / 2);
  }

  #look(from: number, to: number): void {
    const size = Math.min(this.#layout.end, to - from);
    this.#from = Math.max(0, Math.min(from, this.#layout.end - size));
    this.#to = this.#from + size;
  }

  // -- drawing --------------------------------------------------------------------------------------

  #resize(): void {
    const width = this.element.clientWidth;
    if (width && width !== this.#width) {
      this.#width = width;
      this.redraw();
    }
  }

  redraw(): void {
    const { fontFamily } = getComputedStyle(this.element);
    this.#paper = new Paper(this.#layout, this.#from, this.#to, this.#width, this.#only, fontFamily);
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} 104`);
    put(this.#base, this.#paper.base());
    this.#drawOver();
  }

  #drawOver(): void {
    const paper = this.#paper;
    const [hover, cursor] = [this.#hover, this.#cursor];
    put(
      this.#over,
      this.#chosen.map((place) => paper.chosen(place)),
      hover && !same(hover, cursor) && paper.frame(hover, "hovered"),
      cursor && paper.frame(cursor, "halo"),
      cursor && paper.frame(cursor, "current"),
      this.#after && paper.goal(this.#after),
    );
  }

  // -- the pointer ----------------------------------------------------------------------------------

  #spotAt(event: MouseEvent): Spot | null {
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    if (y >= HANG - 3) {
      const hanging = this.#paper.hangings.find(({ left, width }) => x >= left - 2 && x <= left + width + 2);
      return hanging ? { kind: "ghost", place: hanging.first } : null;
    }
    if (y < TOP - 10 || x < EDGE || x > this.#width - EDGE) return null;
    const tokens = this.#from + (x - EDGE) / this.#paper.scale;
    if (tokens < this.#layout.state.unrecorded) return { kind: "unrecorded" };
    const place = this.#layout.unitAt(tokens);
    return place === null ? null : { kind: "unit", place };
  }

  #hovers(spot: Spot | null): void {
    if (same(spot, this.#hover)) return;
    this.#hover = spot;
    this.element.classList.toggle("is-over", spot !== null);
    this.#drawOver();
    this.#listener.onHover(spot);
  }

  #clicked(event: MouseEvent): void {
    const spot = this.#spotAt(event);
    if (spot) this.#listener.onPick(spot, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  #wheeled(event: WheelEvent): void {
    const box = this.element.getBoundingClientRect();
    if (event.ctrlKey) {
      event.preventDefault();
      const around = this.#from + (event.clientX - box.left - EDGE) / this.#paper.scale;
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, around);
      return;
    }
    const by = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (!by || this.zoomed <= 1.001) return;
    event.preventDefault();
    this.#look(this.#from + by / this.#paper.scale, this.#to + by / this.#paper.scale);
    this.redraw();
  }
}

/** The stripes over what was cached. */
function hatching(): SVGElement {
  return svg(
    "pattern",
    { id: "hatched", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("rect", { width: 1.7, height: 5, class: "hatch-line" }),
  );
}
