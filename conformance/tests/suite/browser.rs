//! Claims about the page in a real browser: it loads without a complaint, its filters work with mouse and keyboard, and
//! everybody can read it. They need Chromium, so `cargo test` names them as ignored and `.ci/browser` runs them.

mod chromium;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use serde_json::Value;

use crate::command_line::generalprobe;
use chromium::Chromium;

/// The page of a gate run in which some requirements hold, some are violated, and most were not run.
static GATE: LazyLock<(tempfile::TempDir, Value)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().display().to_string();
    let filter = "{presenter-mode-*,late-joiners-*,bad-links-*}";
    generalprobe(&["gate", "--filter", filter, "--sabotage", "audience-speaks", "--out", &out]);
    let report = fs::read(dir.path().join("report.json")).unwrap();
    (dir, serde_json::from_slice(&report).unwrap())
});

fn page() -> PathBuf {
    GATE.0.path().join("report.html")
}

/// The page with a change, in a place of its own; without the policy that would stop a changed script.
fn broken(dir: &Path, from: &str, to: &str) -> PathBuf {
    let text = fs::read_to_string(page()).unwrap();
    let policy = text.find("<meta http-equiv").unwrap();
    let end = policy + text[policy..].find('>').unwrap() + 1;
    let text = [&text[..policy], &text[end..]].concat();
    assert!(text.contains(from), "the page has no {from}");
    let path = dir.join("broken.html");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path
}

/// Ids of the requirements for which `holds`.
fn expected(holds: impl Fn(&Value) -> bool) -> Vec<String> {
    let rows = GATE.1["requirements"].as_array().unwrap();
    rows.iter().filter(|row| holds(row)).map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Ids of the requirements that one can see.
fn shown(browser: &mut Chromium) -> Vec<String> {
    let rows = browser.run("[...document.querySelectorAll('[data-row]')].filter((row) => row.checkVisibility()).map((row) => row.dataset.row)");
    serde_json::from_value(rows).unwrap()
}

/// Whether searching and filtering show what they should.
fn filters_work(browser: &mut Chromium) -> bool {
    let all = expected(|_| true);
    let failed = expected(|row| row["status"] == "fail");
    assert!(!failed.is_empty() && failed.len() < all.len());
    let mut right = shown(browser) == all;
    browser.click("[data-status=fail]");
    right &= shown(browser) == failed;
    browser.click("[data-status=fail]");
    browser.click("[data-level=SHOULD]");
    right &= shown(browser) == expected(|row| row["level"] == "SHOULD");
    browser.click("[data-level=SHOULD]");
    browser.press("/", Some("/"));
    browser.write("pres-00");
    right & (shown(browser) == expected(|row| row["id"].as_str().unwrap().starts_with("PRES-00")))
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn the_page_loads_without_a_complaint_and_asks_the_network_for_nothing() {
    for dark in [false, true] {
        let mut browser = Chromium::start(dark);
        browser.open(&page());
        assert_eq!(browser.complaints(), Vec::<String>::new());
        assert_eq!(browser.run("document.querySelector('h1').textContent"), "Fail");
        assert_eq!(browser.run("document.documentElement.className"), "js", "the page's script ran");
    }
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn filters_show_what_they_say_and_can_be_taken_back() {
    let mut browser = Chromium::start(false);
    browser.open(&page());
    assert!(filters_work(&mut browser));
    browser.write(" no such words");
    assert_eq!(shown(&mut browser), Vec::<String>::new());
    assert_eq!(browser.run("document.getElementById('nothing-shown').checkVisibility()"), true);
    browser.press("Escape", None);
    assert_eq!(shown(&mut browser), expected(|_| true));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn a_page_with_a_mistake_is_told_from_a_sound_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut browser = Chromium::start(false);
    for (from, to) in [
        ("\"use strict\";", "undefined.mistake;"),
        ("<body>", "<body><img src=\"http://localhost:9/pixel\" alt=\"\">"),
    ] {
        browser.open(&broken(dir.path(), from, to));
        assert_ne!(browser.complaints(), Vec::<String>::new(), "{to}");
    }
    for (from, to) in [
        ("search.addEventListener(\"input\", filter);", ""),
        ("row.hidden = !fits;", ""),
        ("status.includes(row.dataset.is)", "true"),
        ("search.focus();\n        search.select();", ""),
    ] {
        browser.open(&broken(dir.path(), from, to));
        assert!(!filters_work(&mut browser), "nobody notices that `{from}` is missing");
    }
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn a_foreign_script_in_the_page_does_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("injected.html");
    let text = fs::read_to_string(page()).unwrap();
    fs::write(&path, text.replacen("<main", "<script>document.title = 'taken over'</script><main", 1))
        .unwrap();
    let mut browser = Chromium::start(false);
    browser.open(&path);
    assert_ne!(browser.run("document.title"), "taken over");
    assert!(browser.complaints().iter().any(|told| told.contains("Content Security Policy")));
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn a_link_opens_what_it_points_to_and_a_command_can_be_copied() {
    let mut browser = Chromium::start(false);
    browser.open(&page());
    let check = "[...document.querySelectorAll('details.check')].find((check) => !check.open).id";
    let check = browser.run(check).as_str().unwrap().to_owned();
    browser.run(&format!("location.hash = {check:?}"));
    browser.run("new Promise((done) => setTimeout(done, 50))");
    assert_eq!(browser.run(&format!("document.getElementById({check:?}).open")), true);
    browser.click(".failure [data-copy]");
    let copied = browser.run("navigator.clipboard.readText()");
    assert_eq!(copied, "generalprobe replay presenter@1+audience-speaks");
    assert_eq!(browser.run("document.querySelector('.failure [data-copy]').textContent"), "Copied");
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn the_keyboard_reaches_everything_and_shows_where_it_is() {
    let mut browser = Chromium::start(false);
    browser.open(&page());
    browser.press("Tab", None);
    assert_eq!(browser.run("document.activeElement.className"), "skip");
    // In 60 steps: the navigation, the failures with their commands, the tiles.
    for step in 0..60 {
        browser.press("Tab", None);
        let seen = browser.run(
            "(() => { const at = document.activeElement; const style = getComputedStyle(at); const box = at.getBoundingClientRect(); \
             return at !== document.body && style.outlineStyle !== 'none' && box.width > 0 && box.bottom > 0 && box.top < innerHeight; })()",
        );
        assert_eq!(
            seen,
            true,
            "step {step}: {}",
            browser.run("document.activeElement.outerHTML.slice(0, 200)")
        );
    }
    browser.run("document.querySelector('[data-status=fail]').focus()");
    browser.press("Enter", Some("\r"));
    assert_eq!(shown(&mut browser), expected(|row| row["status"] == "fail"));
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn everything_has_a_name_and_every_chart_its_words() {
    let mut browser = Chromium::start(false);
    browser.open(&page());
    browser.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })");
    let nodes = browser.accessible();
    for role in ["button", "link", "searchbox", "image"] {
        let of_role: Vec<_> = nodes.iter().filter(|(of, ..)| of == role).collect();
        assert!(!of_role.is_empty(), "no {role} on the page");
        assert!(of_role.iter().all(|(_, name, _)| !name.is_empty()), "a {role} without a name");
    }
    let is_chart = |name: &str| name.starts_with("What ") || name.starts_with("Queues ");
    let charts: Vec<_> = nodes.iter().filter(|(role, name, _)| role == "image" && is_chart(name)).collect();
    assert!(charts.len() > 20);
    let wordless: Vec<_> = charts.iter().filter(|(.., words)| !words.ends_with('.')).collect();
    assert!(wordless.is_empty(), "{wordless:?}");
}

/// Least contrast of a text to its ground, over all texts of the page.
const CONTRAST: &str = r"
(() => {
  document.querySelectorAll('details').forEach((part) => { part.open = true; });
  const part = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (at) => {
    for (; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  let least = [99, ''];
  for (const at of document.querySelectorAll('body *')) {
    const own = [...at.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || at.closest('svg, script, style') || !at.checkVisibility()) continue;
    const [a, b] = [light(colour(getComputedStyle(at).color)), light(ground(at))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, at.outerHTML.slice(0, 120)];
  }
  return least;
})()";

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn every_text_stands_out_from_its_ground_in_light_and_in_dark() {
    let mut grounds = Vec::new();
    for dark in [false, true] {
        let mut browser = Chromium::start(dark);
        browser.open(&page());
        let least = browser.run(CONTRAST);
        // WCAG 2.2, 1.4.3 (AA).
        assert!((4.5..21.0).contains(&least[0].as_f64().unwrap()), "dark {dark}: {least}");
        grounds.push(browser.run("getComputedStyle(document.body).backgroundColor"));
        browser.run("document.body.style.setProperty('--soft', '#888')");
        assert!(browser.run(CONTRAST)[0].as_f64().unwrap() < 4.5 || dark, "grey on white goes unnoticed");
    }
    assert_ne!(grounds[0], grounds[1], "dark is dark");
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs it"]
fn without_its_script_the_page_hides_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut browser = Chromium::start(false);
    browser.open(&broken(dir.path(), "(() => {\n  \"use strict\";", "return;"));
    assert_eq!(shown(&mut browser), expected(|_| true));
    let useless = "[...document.querySelectorAll('[data-copy], .filters')].filter((part) => part.checkVisibility()).length";
    assert_eq!(browser.run(useless), 0, "no button that does nothing");
}
