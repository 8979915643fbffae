// The parts of a review of any kind: how far it is, what its items' states look like, what is said of it.
import { type Children, h, span, svg } from "./h";
import { icon } from "./icons_review";
import styles from "./review.css";
import { sheets } from "./sheets";

sheets.push(styles);

export type Status = "open" | "proposed" | "settled" | "rejected";

/** How far it is, in words, and a dot for each item. */
export function progress(text: string, isDone: boolean, dots: readonly Status[]): HTMLElement {
  return h(
    "span",
    { class: `pill ${isDone ? "done" : "todo"}`, role: "status", "aria-live": "polite" },
    text,
    dots.length <= 12 &&
      h(
        "span",
        { class: "dots", "aria-hidden": true },
        dots.map((status) => h("i", status)),
      ),
  );
}

/** Open ○, proposed ◐, settled ✓, rejected ✕. */
export function stateIcon(status: Status): SVGSVGElement {
  if (status === "settled") return icon("check", "settled");
  if (status === "rejected") return icon("x", "rejected");
  const half = status === "proposed" ? svg("path", { d: "M8 3a5 5 0 0 0 0 10z", class: "filled" }) : null;
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", role: "img", "aria-label": status },
    svg("circle", { cx: 8, cy: 8, r: 5 }),
    half,
  );
}

/** Something worth a look, in one line or a few. */
export function note(name: "check" | "warn" | "x", ...said: Children[]): HTMLElement {
  return h("p", `note is-${name}`, icon(name), span("", ...said));
}

/** A branch: the one that HEAD is on, or another. */
export function branchChip(name: string, side: "ours" | "base" | "theirs"): HTMLElement {
  return h("span", { class: `chip branch-${side}`, title: name }, icon("branch"), name);
}

/** Let Enter in a field send its form, also where the host takes that from the browser, as JupyterLab does. */
export function sendOnEnter(field: HTMLInputElement, form: HTMLFormElement): void {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}
