//! Owns Janus as a contender: its plugin `VideoRoom`, asked over its WebSocket transport. One publishes into a room, and
//! everybody else subscribes to that.

use std::{
    fs, io,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use benches::broadcast::{Load, SOURCE};
use media_core::rtp::ext::{AUDIO_LEVEL, TRANSPORT_SEQUENCE};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client, client::IntoClientRequest as _, http::HeaderValue};

use crate::{
    clock::pause,
    process::Process,
    service::{Local, Remote, Service, error},
};

/// Its settings, of which some depend on where it runs.
const SETTINGS: [(&str, &str); 3] = [
    ("janus.jcfg", include_str!("janus/janus.jcfg")),
    ("janus.plugin.videoroom.jcfg", include_str!("janus/janus.plugin.videoroom.jcfg")),
    ("janus.transport.websockets.jcfg", include_str!("janus/janus.transport.websockets.jcfg")),
];
/// For media: two for everybody.
const PORTS: &str = "20000-24999";
const ROOM: u64 = 1_234;
/// "No such feed": the publisher's connection is not there yet.
const NO_SUCH_FEED: u64 = 428;

pub(crate) struct Janus {
    process: Process,
    channel: WebSocket<TcpStream>,
    load: Load,
    session: u64,
    requests: u64,
    feed: u64,
}

impl Janus {
    /// The version that is installed here, if one is.
    pub(crate) fn version() -> Option<String> {
        let told = Command::new("janus").arg("--version").stderr(Stdio::null()).output().ok()?;
        let told = String::from_utf8_lossy(&told.stdout);
        Some(told.lines().next().unwrap_or("of an unknown version").trim().to_owned())
    }

    /// Starts it with a room.
    pub(crate) fn start(scratch: &Path, load: Load) -> io::Result<Self> {
        let folder = scratch.join("janus");
        fs::create_dir_all(&folder)?;
        let port = free_port()?;
        for (name, settings) in SETTINGS {
            let settings = settings
                .replace("@FOLDER@", &folder.to_string_lossy())
                .replace("@PORTS@", PORTS)
                .replace("@PORT@", &port.to_string());
            fs::write(folder.join(name), settings)?;
        }
        let mut command = Command::new("janus");
        command.arg("--configs-folder").arg(&folder).arg("--disable-colors").stdout(Stdio::null());
        let process = Process::start(&mut command)?;
        let mut janus = Self { process, channel: connect(port)?, load, session: 0, requests: 0, feed: 0 };
        janus.session = janus.id(json!({"janus": "create"}))?;
        Ok(janus)
    }

    /// Sends a request and waits for what answers it in the end.
    fn ask(&mut self, mut request: Value, answered_by: &str) -> io::Result<Value> {
        self.requests += 1;
        let transaction = self.requests.to_string();
        request["transaction"] = json!(transaction);
        if self.session != 0 {
            request["session_id"] = json!(self.session);
        }
        self.channel.send(Message::text(request.to_string())).map_err(error)?;
        loop {
            if let Message::Text(text) = self.channel.read().map_err(error)? {
                let answer: Value = serde_json::from_str(&text)?;
                if answer["janus"] == "error" {
                    return Err(unexpected(&answer));
                }
                if answer["transaction"] == transaction.as_str() && answer["janus"] == answered_by {
                    return Ok(answer);
                }
            }
        }
    }

    fn id(&mut self, request: Value) -> io::Result<u64> {
        let answer = self.ask(request, "success")?;
        answer["data"]["id"].as_u64().ok_or_else(|| unexpected(&answer))
    }

    fn attach(&mut self) -> io::Result<u64> {
        self.id(json!({"janus": "attach", "plugin": "janus.plugin.videoroom"}))
    }

    fn tell(
        &mut self,
        handle: u64,
        body: &Value,
        jsep: Option<Value>,
        answered_by: &str,
    ) -> io::Result<Value> {
        let mut request = json!({"janus": "message", "handle_id": handle, "body": body});
        if let Some(jsep) = jsep {
            request["jsep"] = jsep;
        }
        self.ask(request, answered_by)
    }

    fn offer(&self, local: &Local) -> String {
        let (kind, format, name, feedback) = match self.load {
            Load::Audio => (
                "audio",
                111,
                "opus/48000/2",
                "a=extmap:{} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
                    .replace("{}", &AUDIO_LEVEL.to_string()),
            ),
            Load::Video => {
                ("video", 96, "VP8/90000", "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n".to_owned())
            }
        };
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm={kind} 9 UDP/TLS/RTP/SAVPF {format}\r\n\
             c=IN IP4 0.0.0.0\r\n{}a=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:{format} {name}\r\n{feedback}\
             a=rtcp-fb:{format} transport-cc\r\n\
             a=extmap:{TRANSPORT_SEQUENCE} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             a=ssrc:{} cname:load\r\n",
            local.lines(),
            SOURCE.0
        )
    }

    /// The answer of somebody who watches: they take what is offered.
    fn answer(offer: &str, local: &Local) -> io::Result<String> {
        let kept = ["m=", "c=", "a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:"];
        let section = offer.lines().map(str::trim).skip_while(|line| !line.starts_with("m="));
        let section = section.filter(|line| kept.iter().any(|kept| line.starts_with(kept)));
        let section: String = section.flat_map(|line| [line, "\r\n"]).collect();
        let mid = offer.lines().find_map(|line| line.strip_prefix("a=mid:")).map(str::trim);
        let mid = mid.ok_or_else(|| error(format!("a section of Janus has no name:\n{offer}")))?;
        Ok(format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {mid}\r\n{section}{}a=recvonly\r\na=rtcp-mux\r\n",
            local.lines()
        ))
    }
}

impl Service for Janus {
    fn name(&self) -> &'static str {
        "Janus"
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn publish(&mut self, local: &Local) -> io::Result<Remote> {
        let handle = self.attach()?;
        let room = json!({"request": "create", "room": ROOM, "publishers": 1, "bitrate": 0, "audiocodec": "opus", "videocodec": "vp8"});
        self.tell(handle, &room, None, "success")?;
        let join = json!({"request": "join", "ptype": "publisher", "room": ROOM});
        let joined = self.tell(handle, &join, None, "event")?;
        self.feed = joined["plugindata"]["data"]["id"].as_u64().ok_or_else(|| unexpected(&joined))?;
        let jsep = json!({"type": "offer", "sdp": self.offer(local)});
        let answer = self.tell(handle, &json!({"request": "publish"}), Some(jsep), "event")?;
        Remote::read(answer["jsep"]["sdp"].as_str().ok_or_else(|| unexpected(&answer))?)
    }

    fn watch(&mut self, local: &Local) -> io::Result<Remote> {
        let handle = self.attach()?;
        let join =
            json!({"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": self.feed}]});
        let offered = loop {
            let offered = self.tell(handle, &join, None, "event")?;
            if offered["plugindata"]["data"]["error_code"] != NO_SUCH_FEED {
                break offered;
            }
            pause(Duration::from_millis(10));
        };
        let offer = offered["jsep"]["sdp"].as_str().ok_or_else(|| unexpected(&offered))?.to_owned();
        let jsep = json!({"type": "answer", "sdp": Self::answer(&offer, local)?});
        self.tell(handle, &json!({"request": "start", "room": ROOM}), Some(jsep), "event")?;
        Remote::read(&offer)
    }

    fn has_the_doubt(&self) -> bool {
        true
    }

    fn wants_arrivals(&self) -> bool {
        false
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until it listens.
fn connect(port: u16) -> io::Result<WebSocket<TcpStream>> {
    let address = format!("127.0.0.1:{port}");
    let connected = (0..500).find_map(|_| {
        pause(Duration::from_millis(20));
        TcpStream::connect(&address).ok()
    });
    let stream = connected.ok_or_else(|| error(format!("Janus does not listen on {address}")))?;
    let mut request = format!("ws://{address}/").into_client_request().map_err(error)?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("janus-protocol"));
    stream.set_nodelay(true)?;
    Ok(client(request, stream).map_err(|fault| error(fault.to_string()))?.0)
}

fn unexpected(answer: &Value) -> io::Error {
    error(format!("Janus answers what is not understood: {answer}"))
}
