// The strip itself: drawn once for a state, a width and a zoom; the cursor moves over it.
import { counted, round, short } from "../base/format";
import { h, svg } from "../base/h";
import { type Ghost, type Hanging, hang, type Layout, ROLES, type Spot, same } from "./model";

const EDGE = 12; // pixels left and right
const TOP = 22;
const HIGH = 50;
const FOOT = TOP + HIGH;
const HANG = FOOT + 10;
const ALONE = 3.5; // pixels from which a unit stands alone
const RUN = 9; // pixels of a block of smaller ones
const FONT = "10.5px ";

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
  readonly #ruler = document.createElement("canvas").getContext("2d");
  #layout: Layout;
  #hangings: Hanging[] = [];
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
    this.#svg = svg("svg", { class: "strip-svg", "aria-hidden": "true" }, patterns(), this.#base, this.#over);
    this.element = h(
      "div",
      { class: "strip", tabindex: 0, role: "slider", "aria-label": "Units sent" },
      this.#svg,
    );
    const sized = new ResizeObserver(() => this.#resize());
    sized.observe(this.element);
    signal.addEventListener("abort", () => sized.disconnect());
    this.element.addEventListener("pointermove", (event) => this.#moved(event), { signal });
    this.element.addEventListener("pointerleave", () => this.#hovers(null), { signal });
    this.element.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.element.addEventListener("wheel", (event) => this.#wheeled(event), { signal, passive: false });
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
    const hanging = this.#hangingOf(spot);
    if (hanging) return hanging.left + hanging.width / 2;
    const [at, size] = this.#layout.span(spot);
    const left = Math.max(EDGE, this.#x(at));
    return Math.min(this.#width - EDGE, (left + Math.min(this.#width - EDGE, this.#x(at + size))) / 2);
  }

  #look(from: number, to: number): void {
    const size = Math.min(this.#layout.end, to - from);
    this.#from = Math.max(0, Math.min(from, this.#layout.end - size));
    this.#to = this.#from + size;
  }

  // -- drawing --------------------------------------------------------------------------------------

  #x(tokens: number): number {
    return EDGE + ((this.#width - 2 * EDGE) * (tokens - this.#from)) / (this.#to - this.#from);
  }

  get #scale(): number {
    return (this.#width - 2 * EDGE) / (this.#to - this.#from);
  }

  #resize(): void {
    const width = this.element.clientWidth;
    if (width && width !== this.#width) {
      this.#width = width;
      this.redraw();
    }
  }

  redraw(): void {
    const { state } = this.#layout;
    const width = this.#width;
    this.#svg.setAttribute("viewBox", `0 0 ${width} 104`);
    this.#hangings = hang(
      this.#layout,
      (tokens) => this.#x(tokens),
      this.#scale,
      [EDGE, width - EDGE],
      (ghosts) => this.#labelOf(ghosts),
    );
    const used = this.#x(this.#layout.used);
    const room = state.max_tokens && state.max_tokens > this.#layout.used ? this.#x(state.max_tokens) : null;
    this.#base.replaceChildren(
      svg(
        "svg",
        { x: EDGE, y: 0, width: width - 2 * EDGE, height: 104, viewBox: `${EDGE} 0 ${width - 2 * EDGE} 104` },
        room !== null && room > used + 1
          ? svg("rect", { class: "free", x: used, y: TOP, width: room - used, height: HIGH })
          : null,
        ...this.#unrecorded(),
        ...this.#blocks(),
        state.cached > 0 ? this.#hatch(0, state.cached) : null,
        ...this.#turns(),
      ),
      ...this.#labels(),
      ...this.#brackets(),
      ...this.#hangings.map((hanging) => this.#hung(hanging)),
      ...this.#budget(),
      ...this.#overview(),
    );
    this.#drawOver();
  }

  #bar(from: number, to: number, y: number, height: number, fill: string, gap: number): SVGRectElement {
    const x = this.#x(from);
    const width = Math.max(0.6, this.#x(to) - x - gap);
    return svg("rect", { class: fill, x, y, width, height });
  }

  #unrecorded(): SVGElement[] {
    const { unrecorded } = this.#layout.state;
    return unrecorded > 0 ? [this.#bar(0, unrecorded, TOP, HIGH, "unrecorded", 1)] : [];
  }

  #blocks(): SVGElement[] {
    const wide = ALONE / this.#scale;
    const drawn: SVGElement[] = [];
    for (const block of this.#layout.blocks(this.#from, this.#to, wide, RUN / this.#scale)) {
      const size = block.to - block.from;
      const gap = size * this.#scale > 4 ? 1 : 0.4;
      let foot: number = FOOT;
      for (const [role, tokens] of block.parts) {
        const height = (HIGH * tokens) / size;
        foot -= height;
        const fill = this.#only !== null && this.#only !== role ? "fill faint" : "fill";
        const seam = block.parts.length > 1 && foot > TOP + 0.5 ? 0.6 : 0;
        const bar = this.#bar(block.from, block.to, foot + seam, Math.max(0.3, height - seam), fill, gap);
        bar.dataset.role = ROLES[role];
        drawn.push(bar);
      }
    }
    return drawn;
  }

  #hatch(from: number, to: number): SVGElement {
    const drawn = this.#bar(from, Math.min(to, this.#layout.used), TOP, HIGH, "hatch", 1);
    drawn.setAttribute("fill", "url(#hatched)");
    return drawn;
  }

  /** Who and how much, in what is wide enough; at its left edge, or at that of the view. */
  #labels(): SVGElement[] {
    const drawn: SVGElement[] = [];
    const say = (from: number, to: number, first: string, second: string, name: string) => {
      const left = Math.max(this.#x(from), EDGE);
      const room = Math.min(this.#x(to), this.#width - EDGE) - left - 9;
      if (room < 34) return;
      const cut = (text: string, weight: string) => {
        let shown = text;
        while (shown.length > 1 && this.#wide(shown, weight) > room) shown = `${shown.slice(0, -2)}…`;
        return shown;
      };
      drawn.push(
        svg(
          "text",
          { class: "in strong", "data-role": name || null, x: left + 6, y: TOP + 22 },
          cut(first, "600 "),
        ),
        svg("text", { class: "in", "data-role": name || null, x: left + 6, y: TOP + 36 }, cut(second, "")),
      );
    };
    const { unrecorded } = this.#layout.state;
    if (unrecorded > 0) {
      say(0, unrecorded, "system prompt and tools", `${short(unrecorded)}, known from usage only`, "");
    }
    const wide = 43 / this.#scale;
    for (const block of this.#layout.blocks(this.#from, this.#to, wide, RUN / this.#scale)) {
      if (block.first !== block.last || block.to - block.from < wide) continue;
      const faint = this.#only !== null && this.#only !== this.#layout.role(block.first);
      const name = faint ? "" : (ROLES[this.#layout.role(block.first)] ?? "");
      say(block.from, block.to, this.#layout.who(block.first), short(block.to - block.from), name);
    }
    return drawn;
  }

  #brackets(): SVGElement[] {
    const { state, used } = this.#layout;
    if (!state.called || used <= 0) return [];
    const cached = Math.min(state.cached, used);
    if (!cached) return this.#bracket(0, used, `nothing is cached, ${short(state.tokens)} are sent`);
    const rest = used - cached;
    const first =
      rest < used * 0.002
        ? `cached at the last call, all ${short(cached)}`
        : `cached at the last call, ${short(cached)}`;
    return [
      ...this.#bracket(0, cached, first),
      ...(rest < used * 0.002
        ? []
        : this.#bracket(
            cached,
            used,
            `written to the cache by the next call, ${short(state.tokens - cached)}`,
          )),
    ];
  }

  #bracket(from: number, to: number, text: string): SVGElement[] {
    const left = Math.max(this.#x(from), EDGE);
    const right = Math.min(this.#x(to), this.#width - EDGE) - 1;
    if (right - left < 2) return [];
    const y = TOP - 7;
    const ends = `${this.#x(from) >= EDGE ? `M${left + 0.5} ${y + 4}V${y}` : `M${left} ${y}`}H${right}`;
    const path = `${ends}${this.#x(to) <= this.#width - EDGE ? `V${y + 4}` : ""}`;
    const middle = (left + right) / 2;
    const isWide = right - left > this.#wide(text);
    return [
      svg("path", { class: "bracket", d: path }),
      ...(isWide ? [svg("text", { x: middle, y: y - 5, "text-anchor": "middle" }, text)] : []),
    ];
  }

  /** A triangle under each turn of the user. */
  #turns(): SVGElement[] {
    const { roles } = this.#layout.state;
    const drawn: SVGElement[] = [];
    let last = Number.NEGATIVE_INFINITY;
    for (let place = roles.indexOf("u"); place >= 0; place = roles.indexOf("u", place + 1)) {
      const x = this.#x(this.#layout.at(place));
      if (x < EDGE - 1 || x > this.#width - EDGE || x - last < 4) continue;
      last = x;
      drawn.push(svg("path", { class: "fill", "data-role": "user", d: `M${x} ${FOOT + 1}l3.4 5.5h-6.8z` }));
    }
    return drawn;
  }

  #hung({ at, left, width, torn, label, first }: Hanging): SVGElement {
    const ghost = this.#layout.ghost(first);
    const y = HANG;
    const right = left + width;
    const tear = "l3 3.2l-6 3.3l6 3.3l-3 3.2";
    const path =
      torn === "left"
        ? `M${right} ${y}H${left + 3}${tear}H${right}z`
        : torn === "right"
          ? `M${left} ${y}H${right - 3}l-3 3.2l6 3.3l-6 3.3l3 3.2H${left}z`
          : `M${left} ${y}H${right}v13H${left}z`;
    const anchor = torn === "left" ? ["end", right - 6] : ["start", left + 4];
    return svg(
      "g",
      { class: "ghost" },
      svg("path", { class: "stem", d: `M${at} ${ghost?.[1] === "skipped" ? TOP - 2 : FOOT}V${y + 13}` }),
      svg("path", { class: "box", d: path }),
      label ? svg("text", { x: anchor[1], y: y + 10, "text-anchor": anchor[0] }, label) : null,
    );
  }

  #budget(): SVGElement[] {
    const most = this.#layout.state.max_tokens;
    if (!most || most < this.#from || most > this.#to) return [];
    const x = this.#x(most);
    const left = x + 52 > this.#width;
    const words = { x: left ? x - 5 : x + 5, "text-anchor": left ? "end" : "start" };
    return [
      svg("path", { class: "budget", d: `M${x} ${TOP - 9}V${HANG + 13}` }),
      svg("text", { ...words, class: "over strong", y: TOP + 4 }, "budget"),
      svg("text", { ...words, class: "over", y: TOP + 16 }, round(most)),
    ];
  }

  /** Where a nearer view is of the whole. */
  #overview(): SVGElement[] {
    if (this.zoomed <= 1.001) return [];
    const whole = this.#width - 2 * EDGE;
    const x = EDGE + (whole * this.#from) / this.#layout.end;
    const width = Math.max(8, (whole * (this.#to - this.#from)) / this.#layout.end);
    return [
      svg("rect", { class: "rail", x: EDGE, y: 100, width: whole, height: 3, rx: 1.5 }),
      svg("rect", { class: "thumb", x, y: 100, width, height: 3, rx: 1.5 }),
    ];
  }

  #drawOver(): void {
    const marks: (SVGElement | null)[] = [];
    for (const place of this.#chosen) {
      const x = this.#x(this.#layout.at(place));
      const width = Math.max(2, this.#layout.size(place) * this.#scale - 1);
      if (x + width >= EDGE && x <= this.#width - EDGE) {
        marks.push(svg("rect", { class: "chosen", x, y: TOP - 4, width, height: 3 }));
      }
    }
    if (this.#hover && !same(this.#hover, this.#cursor)) marks.push(this.#frame(this.#hover, "hovered"));
    if (this.#cursor) marks.push(this.#frame(this.#cursor, "halo"), this.#frame(this.#cursor, "current"));
    this.#over.replaceChildren(...marks.filter((mark) => mark !== null), ...this.#goal());
  }

  #frame(spot: Spot, name: string): SVGElement | null {
    const hanging = this.#hangingOf(spot);
    if (hanging) {
      const { left, width } = hanging;
      return svg("rect", { class: name, x: left - 1.5, y: HANG - 1.5, width: width + 3, height: 16, rx: 1 });
    }
    if (spot.kind === "ghost") return null;
    const [at, size] = this.#layout.span(spot);
    const left = Math.max(this.#x(at), EDGE - 4);
    const right = Math.min(this.#x(at + size), this.#width - EDGE + 4);
    if (right < EDGE || left > this.#width - EDGE) return null;
    const width = Math.max(2, right - left) + 2.5;
    return svg("rect", { class: name, x: left - 1.5, y: TOP - 2, width, height: HIGH + 4, rx: 1 });
  }

  /** How long the strip would be after the action that is offered. */
  #goal(): SVGElement[] {
    if (!this.#after) return [];
    const [by, text] = this.#after;
    const x = this.#x(this.#layout.used + by);
    if (x < EDGE - 1 || x > this.#width - EDGE + 1) return [];
    const wide = this.#wide(text, "600 ") + 8;
    const budget = this.#x(this.#layout.state.max_tokens ?? -1);
    const free = (from: number, to: number) =>
      (budget < from || budget > to) &&
      from > EDGE &&
      to < this.#width - EDGE &&
      this.#hangings.every((box) => box.left > to || box.left + box.width < from);
    const right = free(x + 4, x + wide);
    const left = !right && free(x - wide, x - 4);
    return [
      svg("path", { class: "goal-line", d: `M${x} ${FOOT + 6}V${HANG + 13}` }),
      svg("path", { class: "goal", d: `M${x} ${FOOT + 1}l4 6h-8z` }),
      ...(right || left
        ? [
            svg(
              "text",
              {
                class: "goal strong",
                x: right ? x + 6 : x - 6,
                y: HANG + 10,
                "text-anchor": right ? "start" : "end",
              },
              text,
            ),
          ]
        : []),
    ];
  }

  /** What stands in a box of what left, and how wide that is. */
  #labelOf(ghosts: Ghost[]): [string, number] {
    const tokens = short(ghosts.reduce((sum, ghost) => sum + ghost[3], 0));
    const units = ghosts.reduce((sum, ghost) => sum + ghost[2], 0);
    const text = ghosts[0]?.[1] === "covered" ? `${counted(units, "unit")}, ${tokens}` : `skip ${tokens}`;
    return [text, this.#wide(text) + 10];
  }

  /** How many pixels a text of the strip is wide. */
  #wide(text: string, weight = ""): number {
    if (!this.#ruler) return text.length * 6;
    this.#ruler.font = `${weight}${FONT}${getComputedStyle(this.element).fontFamily}`;
    return this.#ruler.measureText(text).width;
  }

  #hangingOf(spot: Spot): Hanging | undefined {
    if (spot.kind !== "ghost") return undefined;
    return this.#hangings.find(({ first, last }) => first <= spot.place && spot.place <= last);
  }

  // -- the pointer ----------------------------------------------------------------------------------

  #spotAt(event: MouseEvent): Spot | null {
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    if (y >= HANG - 3) {
      const hanging = this.#hangings.find(({ left, width }) => x >= left - 2 && x <= left + width + 2);
      return hanging ? { kind: "ghost", place: hanging.first } : null;
    }
    if (y < TOP - 10 || x < EDGE || x > this.#width - EDGE) return null;
    const tokens = this.#from + (x - EDGE) / this.#scale;
    if (tokens < this.#layout.state.unrecorded) return { kind: "unrecorded" };
    const place = this.#layout.unitAt(tokens);
    return place === null ? null : { kind: "unit", place };
  }

  #moved(event: PointerEvent): void {
    this.#hovers(this.#spotAt(event));
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
      const around = this.#from + (event.clientX - box.left - EDGE) / this.#scale;
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, around);
      return;
    }
    const by = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (!by || this.zoomed <= 1.001) return;
    event.preventDefault();
    this.#look(this.#from + by / this.#scale, this.#to + by / this.#scale);
    this.redraw();
  }
}

function patterns(): SVGElement {
  const stripes = (id: string, width: number, name: string) =>
    svg(
      "pattern",
      { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("rect", { width, height: 5, class: name }),
    );
  return svg("defs", null, stripes("hatched", 1.7, "hatch-line"));
}
