// Builds each widget's bundle into widgets/static, where it is committed so that installing needs no node.
// `--watch` builds anew at every change; `--out DIR` builds elsewhere, for the test that compares.
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import * as esbuild from "esbuild";

const LIMIT = 60 * 1024; // bytes: a saved notebook may hold one copy a widget
const here = import.meta.dirname;
const asked = process.argv.indexOf("--out");
const out = asked > 0 ? process.argv[asked + 1] : join(here, "..", "widgets", "static");

const read = (kind) =>
  readdirSync(join(here, "src"), { recursive: true })
    .filter((name) => name.endsWith(kind))
    .map((name) => readFileSync(join(here, "src", name), "utf8"))
    .join();
const [scripts, sheets] = [read(".ts"), read(".css")];
// custom properties get short names, but for those that a script names, or makes of a role or a lane
const isNamed = (name) => scripts.includes(name) || name.endsWith("-ink") || sheets.includes(`${name}-ink:`);
const defined = [...new Set(sheets.match(/--[a-z][\w-]*(?=:)/g))].sort().filter((name) => !isNamed(name));
const shorter = new Map(defined.map((name, place) => [name, `--${place.toString(36)}`]));

// a style sheet becomes a string of the bundle, minified like the rest
const styles = {
  name: "styles",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const source = readFileSync(path, "utf8");
      const { code } = await esbuild.transform(source, { loader: "css", minify: true });
      const contents = code
        .replace(/--[\w-]+/g, (name) => shorter.get(name) ?? name)
        // what esbuild leaves of the white space in custom properties
        .replace(/(--[\w-]+): /g, "$1:")
        .replace(/\( | \)/g, (brace) => brace.trim());
      return { contents, loader: "text" };
    });
  },
};

mkdirSync(out, { recursive: true });
// long names of our own that nothing outside of a bundle knows: neither the page, nor Python, nor the host
const OWN =
  /^(showFault|clearFaults|onEscape|onState|onValue|onFocus|onView|moveTo|renew|redraw|reveal|focused|loaded|element|commitOf|spotOf|placesOf|isMasked|isGroup|isRestorable|areNamed|isAsking|hangings|hangingOf|maskable|unitAt|zoomed|spots|layout|listed|advises|canMask|onHover|onPick|onShown|onText|onClose|request|ghost|starts|foresee|advise|choose|alive|middle)$/;
const options = {
  entryPoints: readdirSync(join(here, "src"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => join(here, "src", name)),
  outdir: out,
  bundle: true,
  minify: true,
  mangleProps: OWN,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  plugins: [styles],
};

if (process.argv.includes("--watch")) {
  await (await esbuild.context({ ...options, minify: false, logLevel: "info" })).watch();
} else {
  await esbuild.build(options);
  for (const entry of options.entryPoints) {
    const name = basename(entry).replace(/\.ts$/, ".js");
    const { size } = statSync(join(out, name));
    console.log(`${name} ${size.toLocaleString("en")} bytes`);
    if (size > LIMIT) {
      console.error(
        `${name} is over ${LIMIT.toLocaleString("en")} bytes: a notebook keeps a copy of it a widget.`,
      );
      process.exitCode = 1;
    }
  }
}
