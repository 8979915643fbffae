// A button that opens a short list of choices.
import { h } from "./h";
import { icon } from "./icons";
import styles from "./menu.css";
import { sheets } from "./sheets";

sheets.push(styles);

export interface Choice {
  label: string;
  value: string;
  checked: boolean;
}

/** Make a button with a menu; the choices are asked for each time it opens. */
export function menu(
  label: string,
  choices: () => readonly Choice[],
  choose: (value: string) => void,
  signal: AbortSignal,
): HTMLElement {
  const button = h(
    "button",
    { class: "menu-button", "aria-haspopup": "menu", "aria-expanded": "false" },
    label,
    icon("next"),
  );
  const box = h("div", "menu", button);
  let list: HTMLElement | null = null;
  const close = (back = false) => {
    const open = list;
    list = null; // first: what is taken away loses the focus, which closes it
    open?.remove();
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
  };
  const open = () => {
    const items = choices().map(({ label: text, value, checked }) =>
      h(
        "button",
        {
          role: "menuitemradio",
          "aria-checked": checked,
          tabindex: -1,
          onclick: () => {
            close(true);
            choose(value);
          },
        },
        checked ? icon("check") : h("span", "no-icon"),
        text,
      ),
    );
    list = h("div", { class: "menu-list", role: "menu", "aria-label": label }, items);
    list.addEventListener("keydown", (event) => {
      const at = items.indexOf(event.target as HTMLButtonElement);
      const step = { ArrowDown: 1, ArrowUp: items.length - 1 }[event.key];
      if (step !== undefined) items[(at + step) % items.length]?.focus();
      else if (event.key === "Escape") close(true);
      else if (event.key === "Tab") close();
      else if (event.key !== "Enter" && event.key !== " ") return event.stopPropagation();
      if (event.key !== "Tab" && event.key !== "Enter" && event.key !== " ") event.preventDefault();
      event.stopPropagation();
    });
    box.append(list);
    button.setAttribute("aria-expanded", "true");
    (items.find((item) => item.getAttribute("aria-checked") === "true") ?? items[0])?.focus();
  };
  button.addEventListener("click", () => (list ? close(true) : open()), { signal });
  box.addEventListener(
    "focusout",
    (event) => {
      if (!box.contains(event.relatedTarget as Node | null)) close();
    },
    { signal },
  );
  return box;
}
