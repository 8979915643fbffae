// What every widget stands on: its frame, its wire to Python, its keys, what it says and asks.
import base from "./base.css";
import { counted } from "./format";
import { bold, h, put, span } from "./h";
import { icon } from "./icons";
import { caps, type Key, obey } from "./keys";
import { button, iconButton, kbd } from "./parts";
import { sheets } from "./sheets";
import { followTheme } from "./theme";
import { Fault, type Model, Wire } from "./wire";

/** What the state of every widget says; each adds its own. */
export interface State {
  /** Goes up with every change of what is shown. */
  version: number;
  /** Why it cannot be worked with, in words: read-only, closed. */
  still?: string | null;
}

export interface Question {
  title: string;
  body: string;
  /** The Python line that does the same. */
  code?: string;
  /** What the button says: a verb and its object. */
  action: string;
}

interface Given {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

const POLL = 1500; // milliseconds between two looks for what another process did
const BUSY = 400; // from when a request that waits is shown as waiting

export class Ground<S extends State> {
  /** What the widget draws into, above the status line. */
  readonly root: HTMLElement = h("div", "content column");
  /** The left part of the status line. */
  readonly footer: HTMLElement = h("div", "where");
  /** Everything inside the border. */
  readonly frame: HTMLElement;
  readonly signal: AbortSignal;
  readonly #model: Model;
  readonly #wire: Wire;
  readonly #said = h("div", { class: "said", role: "status", "aria-live": "polite" });
  readonly #live = h("div", "live");
  readonly #faults = h("div", "faults");
  readonly #helped = h("div", {
    class: "help",
    role: "dialog",
    "aria-label": "Keys",
    tabindex: -1,
    hidden: true,
  });
  #before: HTMLElement | null = null; // what had the focus when the list of keys was opened
  #visible = false;
  #stale = false;
  #gone = "";
  #asking: ((yes: boolean) => void) | null = null;
  #acting: Promise<unknown> = Promise.resolve();
  #onEscape: (() => boolean)[] = [];

  constructor(model: Model, host: HTMLElement, label: string, styles: string, signal: AbortSignal) {
    this.#model = model;
    this.signal = signal;
    this.#wire = new Wire(model, signal);
    this.frame = h(
      "section",
      { class: "frame", "aria-label": label },
      this.root,
      h("footer", "status", this.footer, this.#said, this.#live),
      this.#helped,
    );
    const shadow = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    shadow.replaceChildren(h("style", null, base, ...sheets, styles), this.frame, this.#faults);
    host.dataset.lmSuppressShortcuts = "true"; // JupyterLab would insert a cell for an "a"
    followTheme(this.frame, signal);
    requestAnimationFrame(() => hideStatic(host));
    this.#follow(host);
    this.frame.addEventListener("keydown", (event) => this.#escape(event, host), { signal });
    this.#showLive();
    this.onState(() => this.#showLive());
    const beat = setInterval(() => this.#beat(), POLL);
    signal.addEventListener("abort", () => clearInterval(beat));
  }

  // -- the state ----------------------------------------------------------------------------------

  state(): S {
    return this.#model.get("state") as S;
  }

  onState(callback: (state: S) => void): void {
    this.onValue("state", () => callback(this.state()));
  }

  value<T>(name: string): T {
    return this.#model.get(name) as T;
  }

  put(name: string, value: unknown): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  onValue<T>(name: string, callback: (value: T) => void): void {
    this.#hear(`change:${name}`, () => callback(this.value<T>(name)));
  }

  /** Hear of an event of the model for as long as the view stands. */
  #hear(event: string, callback: (...given: never[]) => void): void {
    this.#model.on(event, callback);
    this.signal.addEventListener("abort", () => this.#model.off(event, callback));
  }

  // -- asking Python ------------------------------------------------------------------------------

  /** Call a method of the Python widget. What it refuses is shown below, and rejects. */
  async request<T>(method: string, params: object = {}): Promise<T> {
    const slow = setTimeout(() => this.#showLive(), BUSY);
    try {
      return await this.#wire.request<T>(method, params);
    } catch (fault) {
      this.#refused(fault);
      throw fault;
    } finally {
      clearTimeout(slow);
      this.#showLive();
    }
  }

  /** Call a method; where Python refuses, which is shown below, there is no answer. */
  async maybe<T>(method: string, params: object = {}): Promise<T | undefined> {
    try {
      return await this.request<T>(method, params);
    } catch (fault) {
      if (fault instanceof Fault) return undefined;
      throw fault;
    }
  }

  /**
   * Call a method for what it does: says what it said; what it refuses is shown and ends there. One after
   * the other: what is pressed meanwhile acts on what this one leaves, so `params` are asked for late.
   */
  act(method: string, params: () => object = () => ({})): Promise<boolean> {
    const done = this.#acting.then(async () => {
      const result = await this.maybe<{ said?: string; undo?: boolean } | null>(method, params());
      if (result?.said) this.say(result.said, result.undo ?? false);
      return result !== undefined;
    });
    this.#acting = done.catch(() => {}).then(() => new Promise((resolve) => setTimeout(resolve)));
    return done;
  }

  // -- saying -------------------------------------------------------------------------------------

  /** Say what was done, in the status line and to a screen reader. */
  say(text: string, canUndo = false): void {
    put(
      this.#said,
      h("span", { class: "words", title: text }, text),
      canUndo && span("undo", "undo ", kbd("z")),
    );
  }

  /** Show an error under the widget; it stays until it is answered. */
  showFault(fault: { message: string; hint?: string }): void {
    const shown = h(
      "div",
      { class: "fault", role: "alert" },
      icon("x"),
      h("div", null, bold(fault.message), fault.hint && h("p", null, fault.hint)),
      button("", () => this.clearFaults(), "Close"),
    );
    put(this.#faults, shown); // the last one: those before it were about a state that is past
  }

  clearFaults(): void {
    put(this.#faults);
  }

  // -- asking a person ----------------------------------------------------------------------------

  /** Ask before something is rewritten: Enter confirms, Esc leaves. */
  ask(question: Question): Promise<boolean> {
    this.#asking?.(false);
    const before = this.focused();
    return new Promise((resolve) => {
      const answer = (yes: boolean) => {
        this.#asking = null;
        dialog.remove();
        before?.focus();
        resolve(yes);
      };
      this.#asking = answer;
      const go = button("primary", () => answer(true), question.action);
      const dialog = h(
        "div",
        { class: "ask", role: "alertdialog", "aria-label": question.title, "aria-describedby": "asked" },
        bold(question.title),
        h("p", { id: "asked" }, question.body),
        h(
          "div",
          "choices",
          question.code ? code(question.code) : span("space"),
          button("", () => answer(false), "Leave it"),
          go,
        ),
      );
      dialog.addEventListener("keydown", (event) => {
        if (event.key === "Tab") this.#keepInside(event, dialog);
        if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation(); // no other key means anything now
      });
      this.frame.append(dialog);
      go.focus();
    });
  }

  /** Obey keys; "?" lists them. */
  keys(table: readonly Key[]): void {
    const all: Key[] = [...table, { key: "?", label: "list the keys", run: () => this.help() }];
    obey(this.frame, all, this.signal);
    const listed = [...all.filter((entry) => entry.label), { key: "Escape", label: "leave" }];
    put(
      this.#helped,
      listed.map((entry) =>
        h(
          "div",
          null,
          span("", entry.label),
          span(
            "caps",
            caps(entry).map((text) => h("kbd", null, text)),
          ),
        ),
      ),
    );
  }

  /** A button that shows the list of keys. */
  helpButton(): HTMLElement {
    return iconButton(icon("help"), "Keys", () => this.help(), { title: "Keys (?)" });
  }

  /** Show or hide the list of keys. */
  help(): void {
    const opens = this.#helped.hidden;
    if (opens) this.#before = this.focused();
    this.#helped.hidden = !opens;
    if (opens) this.#helped.focus();
    else this.#before?.focus({ preventScroll: true });
  }

  /** Something that Escape closes; the last that says it did, wins. */
  onEscape(close: () => boolean): void {
    this.#onEscape.unshift(close);
  }

  /** The element in focus, inside of the shadow root. */
  focused(): HTMLElement | null {
    return (this.frame.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
  }

  /** Whether it can be worked with. */
  get alive(): boolean {
    return !this.#gone && !this.state().still;
  }

  // -- inside -------------------------------------------------------------------------------------

  #escape(event: KeyboardEvent, host: HTMLElement): void {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (this.#asking) this.#asking(false);
    else if (!this.#helped.hidden) this.help();
    else if (!this.#onEscape.some((close) => close())) {
      // nothing is open: the keys go back to the page
      this.focused()?.blur();
      host.closest<HTMLElement>(".jp-Notebook")?.focus({ preventScroll: true });
      return;
    }
    event.preventDefault();
  }

  #keepInside(event: KeyboardEvent, dialog: HTMLElement): void {
    const stops = [...dialog.querySelectorAll<HTMLElement>("button")];
    const at = stops.indexOf(this.focused() as HTMLElement);
    event.preventDefault();
    stops[(at + (event.shiftKey ? stops.length - 1 : 1)) % stops.length]?.focus();
  }

  /** Follow the tract: Python tells of changes in its process, polling finds those of others. */
  #follow(host: HTMLElement): void {
    this.#hear("msg:custom", (message: { changed?: boolean }) => {
      if (message.changed) this.#lookAgain();
    });
    const seen = new IntersectionObserver((entries) => {
      this.#visible = entries.some((entry) => entry.isIntersecting);
      if (this.#visible && this.#stale) this.#lookAgain();
    });
    seen.observe(host);
    const end = () => {
      this.#gone = "Kernel is gone";
      this.#showLive();
    };
    this.#hear("comm_live_update", end);
    this.#hear("destroy", end);
    this.signal.addEventListener("abort", () => seen.disconnect());
  }

  #lookAgain(): void {
    this.#stale = !this.#visible || document.hidden;
    if (!this.#stale) void this.#quietly("look_again");
  }

  #beat(): void {
    this.#showLive();
    if (this.#visible && !document.hidden && !this.#gone && this.#wire.waited() === 0)
      void this.#quietly("poll");
  }

  async #quietly(method: string): Promise<void> {
    try {
      await this.#wire.request(method);
    } catch (fault) {
      this.#refused(fault);
    }
  }

  /** Show what Python refused; that the tract was closed meanwhile stands in the header. */
  #refused(fault: unknown): void {
    if (fault instanceof Fault && fault.type !== "Closed") this.showFault(fault);
  }

  #showLive(): void {
    const still = this.#gone || this.state().still;
    const waited = this.#wire.waited();
    const [name, text] = still
      ? ["still", still === "Kernel is gone" ? `${still}; run the cell again to work with it` : still]
      : waited > BUSY
        ? [
            "waiting",
            waited > 2 * POLL
              ? `waiting for the kernel, ${counted(Math.round(waited / 1000), "second")}`
              : "…",
          ]
        : ["", "live"];
    this.frame.classList.toggle("is-still", Boolean(still));
    if (this.#live.textContent !== text || this.#live.dataset.is !== name) {
      this.#live.dataset.is = name;
      put(this.#live, text);
    }
  }
}

// what one output of a cell is called by JupyterLab, VS Code and Colab, and what holds all of a cell
const OUTPUT = ".jp-OutputArea-child, .output_container, .output";
const OUTPUTS = ".jp-OutputArea, .cell_container, #output-body";

/** Hide what stands above the live view for a page that cannot show it. */
function hideStatic(host: HTMLElement): void {
  const outputs = host.closest(OUTPUTS) ?? host.parentElement;
  const before = [...(outputs?.querySelectorAll<HTMLElement>(".tract-nb-static") ?? [])].filter(
    (found) => found.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  const own = before.at(-1);
  if (own) (own.closest<HTMLElement>(OUTPUT) ?? own).style.display = "none";
}

/** A line of Python, ready to copy. */
export function code(line: string): HTMLElement {
  const run = async () => {
    await copyText(line, copy);
    put(copy, icon("check"));
    setTimeout(() => put(copy, icon("copy")), 1200);
  };
  const copy = iconButton(icon("copy"), "Copy the Python line", run, { title: "Copy" });
  return h("div", "code", h("code", { title: line }, line), copy);
}

/** Put a text on the clipboard, also where the page is not allowed the modern way. */
export async function copyText(text: string, near: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = h("textarea", { style: "position:fixed;opacity:0" });
    field.value = text;
    near.parentElement?.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    near.focus();
  }
}

/** Make a widget of a function that draws it: what a bundle exports by default. */
export function widget<S extends State>(
  label: string,
  styles: string,
  draw: (ground: Ground<S>) => void,
): { render(given: Given): () => void } {
  return {
    render({ model, el, signal }) {
      const own = new AbortController();
      signal?.addEventListener("abort", () => own.abort());
      draw(new Ground<S>(model, el, label, styles, own.signal));
      return () => own.abort();
    },
  };
}
