// Light or dark: told by the colour the host paints, whatever it calls its themes.

/** Mark the frame with the theme it stands in, and keep the mark right. */
export function followTheme(frame: HTMLElement, signal: AbortSignal): void {
  const mark = () => {
    frame.dataset.theme = isDark(getComputedStyle(frame).backgroundColor) ? "dark" : "light";
    // JupyterLab's text is black or white; that of others is grey already, and takes less dimming
    const lab = getComputedStyle(document.documentElement).getPropertyValue("--jp-ui-font-color0");
    frame.classList.toggle("is-grey", lab === "");
  };
  // JupyterLab, VS Code and Colab each change an attribute of html or body; styles may load after it
  const seen = new MutationObserver(() => {
    mark();
    setTimeout(mark, 100);
  });
  for (const element of [document.documentElement, document.body]) {
    seen.observe(element, { attributes: true });
  }
  const preference = matchMedia("(prefers-color-scheme: dark)");
  preference.addEventListener("change", mark, { signal });
  signal.addEventListener("abort", () => seen.disconnect());
  mark();
  requestAnimationFrame(mark); // only now is it in the page
}

/** Tell whether a colour, as a browser computes it, is a dark ground. */
export function isDark(colour: string): boolean {
  const parts = colour.match(/[\d.]+/g)?.map(Number) ?? [];
  const unit = colour.startsWith("color(") ? 1 : 255; // color(srgb 0.1 0.1 0.1) counts to 1
  const [red = unit, green = unit, blue = unit, alpha = 1] = parts;
  return alpha > 0 && (0.2126 * red + 0.7152 * green + 0.0722 * blue) / unit < 0.45;
}
