// Opens reports in a real browser, narrow and wide, light and dark, without a network, and fails where one of them asks for
// something, says an error, scrolls sideways, does not sort, or breaks a rule of WCAG. Takes a picture of each.
//
//     node look.mjs CHROMIUM PICTURES PAGE...
//
// Of a page whose name begins with `hostile`, every text tries to run a script.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, pictures, ...pages] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const widths = [360, 1280];
const schemes = ["light", "dark"];

// Opens a page and remembers what it asks for and complains of.
const open = async (browser, file, width, scheme) => {
  const page = await browser.newPage();
  const heard = { asked: [], errors: [] };
  page.on("request", (request) => heard.asked.push(request.url()));
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && heard.errors.push(message.text()));
  page.on("pageerror", (error) => heard.errors.push(String(error)));
  page.on("dialog", (dialog) => heard.errors.push(`a dialog: ${dialog.message()}`) && dialog.dismiss());
  await page.setViewport({ width, height: 800, deviceScaleFactor: 1, isMobile: width < 600, hasTouch: width < 600 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setOfflineMode(true);
  await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
  return { page, heard };
};

// How far a page scrolls sideways, and what reaches out of it. What scrolls in a box of its own does not.
const sideways = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")]
      .filter((each) => !each.closest(".scroll, .hidden, .skip"))
      .filter((each) => each.getBoundingClientRect().right > width + 1)
      .map((each) => `${each.tagName}.${each.getAttribute("class")} ${each.textContent.slice(0, 30)}`);
    return { by: document.documentElement.scrollWidth - width, out: out.slice(0, 5) };
  });

// The keys of a column of the first table with that heading, from top to bottom, as numbers where they are.
const column = (page, table, place) =>
  page.evaluate(
    (table, place) =>
      [...document.querySelectorAll("table.sorts")[table].tBodies[0].rows]
        .map((row) => row.cells[place])
        .filter((cell) => !cell.querySelector(".none"))
        .map((cell) => cell.dataset.key ?? cell.textContent.trim()),
    table,
    place,
  );

const ordered = (keys, isDescending) => {
  const letters = new Intl.Collator("en", { numeric: true });
  const numbers = keys.every((key) => key !== "" && !Number.isNaN(Number(key)));
  const sorted = [...keys].sort((one, two) => (numbers ? Number(one) - Number(two) : letters.compare(one, two)));
  return isDescending ? sorted.reverse() : sorted;
};

// Sorts every column of every table: the first by the keyboard, the rest by the mouse.
const sorts = async (page) => {
  const tables = await page.$$("table.sorts");
  let columns = 0;
  for (const [number, table] of tables.entries()) {
    await page.evaluate((table) => table.closest("details")?.setAttribute("open", ""), table);
    const headers = await table.$$("thead th");
    // Every column of the first tables, and two of the others.
    for (const [place, header] of headers.slice(0, number < 2 ? 9 : 2).entries()) {
      const button = await header.$("button");
      for (const turn of [0, 1]) {
        const before = (await column(page, number, place)).toSorted();
        if (columns % 2 === 0) {
          await button.focus();
          await page.keyboard.press("Enter");
        } else {
          await button.evaluate((each) => each.click());
        }
        const state = await header.evaluate((each) => each.getAttribute("aria-sort"));
        const isNumber = await header.evaluate((each) => each.classList.contains("number"));
        const expected = (turn === 0) === isNumber ? "descending" : "ascending";
        assert.equal(state, expected, `table ${number}, column ${place}, turn ${turn}`);
        const keys = await column(page, number, place);
        assert.deepEqual(keys, ordered(keys, state === "descending"), `table ${number}, column ${place} is sorted`);
        assert.deepEqual(keys.toSorted(), before, "no row is lost");
        assert.equal(await table.$$eval("[aria-sort]", (all) => all.length), 1);
        assert.match(await page.$eval("#told", (told) => told.textContent), /^sorted by .+, (as|des)cending$/);
      }
      columns += 1;
    }
  }
  return columns;
};

const wcag = async (page) => {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), rules);
  const told = violations.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
  assert.deepEqual(told, [], "rules of WCAG");
  assert.ok(passes.some((each) => each.id === "color-contrast"), "contrast is judged");
};

const look = async (browser, file) => {
  const name = path.basename(file, ".html");
  let columns = 0;
  for (const width of widths) {
    for (const scheme of schemes) {
      const { page, heard } = await open(browser, file, width, scheme);
      const picture = path.join(pictures, `${name}-${width}-${scheme}.png`);
      await page.screenshot({ path: picture, fullPage: true });
      assert.deepEqual(await sideways(page), { by: 0, out: [] }, `${name} at ${width}: sideways`);
      await wcag(page);
      columns += await sorts(page);
      assert.deepEqual(await sideways(page), { by: 0, out: [] }, `${name} at ${width}, unfolded: sideways`);
      assert.deepEqual(heard.errors, [], `${name}: errors`);
      assert.deepEqual(heard.asked, [pathToFileURL(file).href], `${name} asks for nothing else`);
      assert.equal(await page.evaluate(() => window.ran), undefined, "no text runs");
      assert.equal(await page.$$eval("script", (all) => all.length), 1);
      // A judge that sees nothing is no judge: what a text would have to do is refused, and heard.
      await page.evaluate(() => {
        document.body.insertAdjacentHTML("beforeend", "<img src='https://example.com/x.png' onerror='window.ran = 1'>");
        const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.body.append(script);
      });
      await page.waitForFunction(() => document.images[0].complete);
      assert.equal(await page.evaluate(() => window.ran), undefined, "the policy holds");
      assert.ok(heard.errors.filter((error) => error.includes("Content Security Policy")).length >= 2, "and is heard");
      await page.close();
    }
  }
  assert.ok(columns > 0, "there are tables to sort");
  const { page } = await open(browser, file, 1280, "dark");
  await page.pdf({ path: path.join(pictures, `${name}.pdf`), format: "A4" });
  await page.close();
  console.log(`${name}: ${widths.join(" and ")} px, ${schemes.join(" and ")}, ${columns} columns sorted both ways`);
};

const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb", "--hide-scrollbars"],
});
try {
  for (const file of pages) {
    await look(browser, path.resolve(file));
  }
} finally {
  await browser.close();
}
