// Small parts that stand in every widget: caps of keys, buttons, a field to write a text in.
import { type Attributes, bold, type Children, h } from "./h";
import { cap } from "./keys";

/** The cap of a key beside a word that says what it does. */
export function kbd(key: string): HTMLElement {
  return h("kbd", { "aria-hidden": "true" }, cap(key));
}

/** A button with words; a text for its attributes is a class beside its own. */
export function button(
  attributes: Attributes | string,
  run: (() => unknown) | null,
  ...children: Children[]
): HTMLButtonElement {
  const given = typeof attributes === "string" ? { class: attributes } : attributes;
  return h("button", { ...given, class: `button ${given.class ?? ""}`.trim(), onclick: run }, ...children);
}

/** A button with an icon alone; its label is what it does. */
export function iconButton(
  drawn: SVGSVGElement,
  label: string,
  run: () => unknown,
  more: Attributes = {},
): HTMLButtonElement {
  const given = { title: label, ...more, class: `icon-button ${more.class ?? ""}`.trim() };
  return h("button", { "aria-label": label, onclick: run, ...given }, drawn);
}

/** A field with a text to edit; Enter with Shift, Ctrl or Command saves it. */
export function editor(label: string, text: string, save: () => unknown, name = ""): HTMLTextAreaElement {
  const field = h("textarea", { class: name, "aria-label": label, spellcheck: "false" });
  field.value = text;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    }
  });
  return field;
}

/** What stands there before anything is committed. */
export function nothingYet(): HTMLElement[] {
  const way = ["Add a message with ", h("code", null, 't.user("…")'), " or load a session with "];
  return [
    bold("Nothing is committed yet."),
    h("p", null, ...way, h("code", null, "%tract import --last"), "."),
  ];
}
