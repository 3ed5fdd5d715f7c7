// Bundles the page and its worker into `dist/`, which stands in the repository: whoever only builds the Rust workspace has no npm.
// With `--check` it fails when what stands there is something else.

import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";

import { EXTERNAL } from "./bundle.js";

const here = new URL(".", import.meta.url).pathname;
const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: ["src/page.js", "src/worker.js"],
    outdir: "dist",
    bundle: true,
    format: "esm",
    target: "es2023",
    minify: true,
    legalComments: "none",
    banner: { js: "// Built by media-node/page/build.js; licences of what is bundled stand in licences.txt." },
    external: EXTERNAL,
    write: false,
    logLevel: "warning",
});
const bundled = ["ts-mls", "@hpke/core", "@hpke/common"];
const licences = await Promise.all(
    bundled.map(async (name) => `${name}\n\n${await readFile(`${here}node_modules/${name}/LICENSE`, "utf8")}`),
);
outputFiles.push({ path: `${here}dist/licences.txt`, contents: Buffer.from(licences.join("\n\n")) });
let differs = false;
await mkdir(`${here}dist`, { recursive: true });
for (const { path, contents } of outputFiles) {
    if (process.argv.includes("--check")) {
        const there = await readFile(path).catch(() => Buffer.alloc(0));
        if (Buffer.compare(there, contents) !== 0) {
            console.error(`${path.slice(here.length)} is not what the sources give: run \`npm run build\``);
            differs = true;
        }
    } else {
        await writeFile(path, contents);
    }
}
process.exitCode = differs ? 1 : 0;
