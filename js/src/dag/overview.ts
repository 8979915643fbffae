// The size of the context over the whole history, and the window of rows in view, which can be dragged.
import { round, short } from "../base/format";
import { h, put, span, svg } from "../base/h";
import { paint } from "./lanes";
import type { Curve, DagState } from "./model";
import { hour } from "./row";

const HEIGHT = 42;
const EDGE = 8;
const LABEL = 206; // pixels of the words at a fall, with their edge
const NARROWEST = 6; // pixels of the window

/** The place of a row among all commits: between two anchors it follows from the row. */
export function placeOf(anchors: Curve["anchors"], row: number): number {
  const [from, at, to, then] = around(anchors, ([one]) => one <= row);
  return to === from ? at : at + ((then - at) * Math.min(row - from, to - from)) / (to - from);
}

/** The row whose commit stands at a place, or next to it. */
export function rowOf(anchors: Curve["anchors"], place: number): number {
  // rows count from the newest, places from the oldest: the one falls where the other rises
  const [from, at, to, then] = around(anchors, ([, one]) => one >= place);
  return then === at ? from : Math.round(from + ((to - from) * Math.max(0, at - place)) / (at - then));
}

/** The last anchor that fits, and the one after it. */
function around(
  anchors: Curve["anchors"],
  fits: (anchor: Curve["anchors"][number]) => boolean,
): [number, number, number, number] {
  const place = Math.max(0, anchors.findLastIndex(fits));
  const [from, at] = anchors[place] ?? [0, 0];
  const [to, then] = anchors[place + 1] ?? [from, at];
  return [from, at, to, then];
}

export class Overview {
  readonly element: HTMLElement;
  readonly #picture = svg("svg", { role: "img", preserveAspectRatio: "none" });
  readonly #labels = h("div", { class: "labels", "aria-hidden": "true" });
  readonly #window = h("div", "window");
  #state: DagState | null = null;
  #width = 0;
  #view: readonly [number, number] = [0, 0];

  constructor(onMove: (row: number) => void, signal: AbortSignal) {
    const own = {
      class: "overview",
      onpointerdown: (event: PointerEvent) => {
        this.element.setPointerCapture(event.pointerId);
        move(event);
      },
      onpointermove: (event: PointerEvent) => {
        if (this.element.hasPointerCapture(event.pointerId)) move(event);
      },
    };
    this.element = h("div", own, this.#picture, this.#labels, this.#window);
    const sized = new ResizeObserver(() => this.#draw());
    sized.observe(this.element);
    signal.addEventListener("abort", () => sized.disconnect());
    const move = (event: PointerEvent) => {
      const curve = this.#state?.curve;
      if (!curve || !this.#width) return;
      const x = event.clientX - this.element.getBoundingClientRect().left;
      onMove(rowOf(curve.anchors, ((x - EDGE) * (curve.places - 1)) / (this.#width - 2 * EDGE)));
    };
  }

  renew(state: DagState): void {
    this.#state = state;
    this.#draw();
  }

  /** Show which rows are in view. */
  look(first: number, last: number): void {
    this.#view = [first, last];
    const curve = this.#state?.curve;
    this.#window.hidden = !curve?.anchors.length;
    if (!curve || !this.#width) return;
    const right = this.#x(placeOf(curve.anchors, first));
    const left = this.#x(placeOf(curve.anchors, Math.max(first, last - 1)));
    const width = Math.max(NARROWEST, right - left + 2);
    this.#window.style.left = `${Math.min(left - 1, this.#width - width)}px`;
    this.#window.style.width = `${width}px`;
  }

  #x(place: number): number {
    const places = this.#state?.curve.places ?? 1;
    return EDGE + ((this.#width - 2 * EDGE) * place) / Math.max(1, places - 1);
  }

  #draw(): void {
    const state = this.#state;
    this.#width = this.element.clientWidth;
    if (!state || !this.#width) return;
    const { curve, most } = state;
    put(this.#picture);
    put(this.#labels);
    this.#window.hidden = true;
    if (!curve.points.length) return;
    const ceiling = 1.08 * Math.max(curve.most, most ?? 0, 1);
    const y = (tokens: number) => HEIGHT - 1 - ((HEIGHT - 5) * tokens) / ceiling;
    const line = curve.points
      .map(([place, tokens], at) => {
        const [x, height] = [this.#x(place).toFixed(1), y(tokens).toFixed(1)];
        return at ? `H${x}V${height}` : `M${x} ${height}`;
      })
      .join("");
    const [start, end] = [this.#x(curve.points[0]?.[0] ?? 0), this.#x(curve.points.at(-1)?.[0] ?? 0)];
    this.#picture.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    this.#picture.setAttribute("aria-label", this.#spoken(state));
    put(
      this.#picture,
      svg("path", { d: `${line}H${end + 2}V${HEIGHT}H${start}Z`, class: "area" }),
      svg("path", { d: `${line}H${end + 2}`, class: "curve" }),
      curve.spikes.map(([place, tokens, role]) => {
        const top = y(curve.points.findLast(([at]) => at <= place)?.[1] ?? 0);
        const height = Math.max(3, (14 * tokens) / Math.max(1, state.largest));
        const x = this.#x(place);
        return svg("path", {
          d: `M${x} ${top}V${Math.max(2, top - height)}`,
          class: "spike",
          style: paint(role),
        });
      }),
      most && svg("path", { d: `M${EDGE} ${y(most)}H${this.#width - EDGE}`, class: "budget" }),
    );
    put(
      this.#labels,
      h(
        "span",
        { style: `left:10px;top:${most ? Math.min(28, Math.max(2, y(most) + 2)) : 2}px` },
        "tokens in context",
        most && span("budget", `, budget ${round(most)}`),
      ),
      this.#fallLabel(curve),
    );
    this.look(...this.#view);
  }

  #fallLabel(curve: Curve): HTMLElement | null {
    const fall = curve.falls[0];
    if (!fall) return null;
    const [place, time, before, after] = fall;
    const x = this.#x(place);
    const text = `${hour(time)} compaction, ${short(before)} → ${short(after)}`;
    // to the left of the fall, under the curve; where there is no room, to the right of it
    const isLeft = x > Math.min(230, this.#width / 2);
    const where = isLeft
      ? `right:${Math.min(this.#width - x + 6, this.#width - LABEL)}px`
      : `left:${x + 6}px`;
    return h("span", { class: "fall", style: where }, text);
  }

  #spoken({ curve, most, tokens }: DagState): string {
    const falls = curve.falls.map(
      ([, time, before, after]) => `compaction at ${hour(time)} from ${short(before)} to ${short(after)}`,
    );
    const now = `now ${short(tokens)} tokens${most ? ` of ${round(most)}` : ""}`;
    return ["Size of the context along the history", ...falls, now].join(", ");
  }
}
