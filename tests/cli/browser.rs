//! The status page in a browser: its numbers change when something is written, without being asked for again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::common::{LONG, Place};
use crate::serving::{Serving, put_model};

/// A browser without a window that does what it is told over a websocket of its own. Killed with the test.
struct Browser {
    child: Child,
    socket: WebSocketStream<TcpStream>,
    session: Value,
    last: u64,
}

impl Browser {
    async fn open(program: &Path, profile: &Path, url: &str) -> Self {
        let mut child = Command::new(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--remote-debugging-port=0", "--window-size=390,800"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (sender, said) = std::sync::mpsc::channel();
        // All of it is read, or the browser would wait at some time.
        std::thread::spawn(move || lines.for_each(|line| _ = sender.send(line)));
        let control = loop {
            let line = said.recv_timeout(LONG).expect("the browser says where it is told what to do");
            if let Some(control) = line.strip_prefix("DevTools listening on ") {
                break control.to_owned();
            }
        };
        let place = control.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(place).await.unwrap();
        let request = control.as_str().into_client_request().unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut browser = Self { child, socket, session: Value::Null, last: 0 };
        let target = browser.call("Target.createTarget", json!({ "url": url })).await;
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session = browser.call("Target.attachToTarget", attached).await["sessionId"].clone();
        browser
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut call = json!({ "id": self.last, "method": method, "params": params });
        if !self.session.is_null() {
            call["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(call.to_string())).await.unwrap();
        loop {
            let message = timeout(LONG, self.socket.next()).await.expect("the browser answers").unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{answer}");
                return answer["result"].take();
            }
        }
    }

    /// What an expression comes to in the page.
    async fn value(&mut self, expression: &str) -> Value {
        let mut answer = self.call("Runtime.evaluate", json!({ "expression": expression })).await;
        answer["result"]["value"].take()
    }

    /// The number beside a name in the table, as soon as it is this one.
    async fn until_number(&mut self, name: &str, expected: &str) {
        let expression = format!(
            "[...document.querySelectorAll('#numbers tr')].find((row) => row.cells[0].textContent === '{name}')?.cells[1].textContent"
        );
        let start = Instant::now();
        loop {
            let number = self.value(&expression).await;
            if number == expected {
                return;
            }
            assert!(start.elapsed() < LONG, "{name}: expected {expected}, the page says {number}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The browser, if there is one. If not, that is said loudly: a check that did not run is no check.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file());
    if found.is_none() {
        // Past the capture of the test harness.
        let said = "SKIPPED: none of chromium, chromium-browser and google-chrome is installed, so nobody looked at the status page";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("\n{said}\n").as_bytes());
    }
    found
}

#[tokio::test]
async fn the_numbers_of_the_page_change_while_it_is_looked_at() {
    let Some(program) = program() else { return };
    let place = Place::new();
    put_model(&place);
    let serving = Serving::start(&place, ["--admin", "127.0.0.1:0"]);
    let mut page = Browser::open(&program, &place.file("profile"), serving.fact("page")).await;
    page.until_number("entities", "1").await;
    page.until_number("restarts", "0").await;
    assert_eq!(page.value("document.getElementById('state').textContent").await, "following");
    page.value("document.marked = true").await;

    place.put("redis/0", "{}");
    page.until_number("entities", "2").await;
    let newest = "document.querySelector('#deltas li').textContent";
    let told = page.value(newest).await;
    assert!(told.as_str().unwrap().contains("change unit redis/0"), "{told}");
    place.rm("redis/0");
    page.until_number("entities", "1").await;
    assert_eq!(page.value("document.querySelector('#deltas li').className").await, "remove");
    assert_eq!(page.value("document.marked").await, true, "it was not loaded again");
    // Nothing stands beside the screen of a phone.
    assert_eq!(page.value("document.documentElement.scrollWidth <= window.innerWidth").await, true);

    serving.stop();
    let start = Instant::now();
    while page.value("document.getElementById('state').className").await != "bad" {
        assert!(start.elapsed() < LONG, "the page does not say that the service is gone");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
