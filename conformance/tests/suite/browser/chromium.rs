//! Owns a headless Chromium and one page in it, spoken to over the pipes of the `DevTools` protocol: no port, no further
//! crate, no other program.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// How long an answer may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with one page.
pub(super) struct Chromium {
    process: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    sent: u64,
    session: Option<String>,
    /// What happened and was not asked for.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Starts a browser that is `dark` or light, with an empty page.
    pub(super) fn start(dark: bool) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // The browser reads requests from descriptor 3 and writes to 4.
        let mut process = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "chromium"])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--remote-debugging-pipe",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--window-size=1280,1000", &format!("--user-data-dir={}", profile.path().display())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (requests, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (heard, messages) = channel();
        thread::spawn(move || {
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                if heard.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let (session, events) = (None, Vec::new());
        let mut browser = Self { process, requests, messages, sent: 0, session, events, _profile: profile };
        let clipboard = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        browser.ask("Browser.grantPermissions", &clipboard);
        let target = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", &attach);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        browser.ask("Emulation.setEmulatedMedia", &json!({ "features": [scheme] }));
        browser
    }

    /// Opens a file and waits until it has loaded.
    pub(super) fn open(&mut self, file: &Path) {
        self.events.clear();
        self.ask("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.receive();
        }
        // What a script does at the end of loading is over when the next task runs.
        self.run("new Promise((done) => setTimeout(done, 50))");
    }

    /// The value of an expression in the page; a promise is waited for.
    pub(super) fn run(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", &asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Clicks with the mouse into the middle of an element, as a person would: what lies over it gets the click.
    pub(super) fn click(&mut self, selector: &str) {
        let place = self.run(&format!(
            "(() => {{ const element = document.querySelector({selector:?}); \
             element.scrollIntoView({{ block: 'center' }}); const box = element.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", &event);
        }
    }

    /// Presses a key; `text` is what it types.
    pub(super) fn press(&mut self, key: &str, text: Option<&str>) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            _ => 0,
        };
        let down = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        for kind in [down, "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind != "keyUp" {
                event["text"] = json!(text.unwrap_or_default());
            }
            self.ask("Input.dispatchKeyEvent", &event);
        }
    }

    /// Types a text into what has the focus.
    pub(super) fn write(&mut self, text: &str) {
        self.ask("Input.insertText", &json!({ "text": text }));
    }

    /// Everything that the page complained of or asked the network for since it was opened.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        self.run("0");
        self.events.iter().filter_map(complaint).collect()
    }

    /// Role, name and description of everything that assistive programs are told of.
    pub(super) fn accessible(&mut self) -> Vec<(String, String, String)> {
        let tree = self.ask("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false);
        let text = |node: &Value, field: &str| node[field]["value"].as_str().unwrap_or_default().to_owned();
        nodes.map(|node| (text(node, "role"), text(node, "name"), text(node, "description"))).collect()
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut request = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(request.to_string().as_bytes()).unwrap();
        self.requests.write_all(&[0]).unwrap();
        self.requests.flush().unwrap();
        loop {
            if let Some(answer) = self.receive() {
                assert_eq!(answer["id"], self.sent);
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The next message: an answer, or an event that is kept.
    fn receive(&mut self) -> Option<Value> {
        let message = self.messages.recv_timeout(PATIENCE);
        let message = message.expect("Chromium answers (is it installed? .ci/browser sees to it)");
        if message.get("id").is_some() {
            return Some(message);
        }
        self.events.push(message);
        None
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have gone already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn complaint(event: &Value) -> Option<String> {
    let (method, told) = (event["method"].as_str()?, &event["params"]);
    match method {
        "Runtime.exceptionThrown" => Some(format!("exception: {}", told["exceptionDetails"])),
        "Runtime.consoleAPICalled" => Some(format!("console: {}", told["args"])),
        "Log.entryAdded" => Some(format!("log: {}", told["entry"]["text"])),
        "Network.requestWillBeSent" => {
            let url = told["request"]["url"].as_str()?;
            (!url.starts_with("file:") && !url.starts_with("data:")).then(|| format!("network: {url}"))
        }
        _ => None,
    }
}
