//! Owns `media-node` as a contender: a conference in presenter mode, whose host publishes by the signalling channel; everybody
//! else watches by WHEP.

use std::{
    io,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use benches::broadcast::{Load, SOURCE};
use media_core::{
    Codec,
    rtp::ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, MID, TRANSPORT_SEQUENCE},
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, Encryption, EndpointKind, Invitation, Mode, Request, ServerMessage,
    },
};
use tungstenite::{Message, WebSocket, client};

use crate::{
    process::Process,
    service::{Local, Remote, Service, error, own_address},
};

/// The licence holder of this bench.
const CREDENTIAL: [u8; 16] = *b"a licence holder";

pub(crate) struct MediaNode {
    process: Process,
    http: String,
    load: Load,
    /// Until the conference is begun.
    channel: Option<WebSocket<TcpStream>>,
    bearer: String,
}

impl MediaNode {
    /// Builds it and starts it.
    pub(crate) fn start(scratch: &Path, load: Load, audience: usize) -> io::Result<Self> {
        let holders = scratch.join("holders");
        let credential = json_string(&Token::from_bytes(CREDENTIAL));
        std::fs::write(&holders, credential)?;
        let program = build()?;
        let mut command = Command::new(&program);
        command
            .args(["--http", "127.0.0.1:0", "--media", &format!("{}:0", own_address()?), "--holders"])
            .arg(&holders)
            .args(["--participants", &(audience + 1).to_string()])
            .args(["--connections-per-address", &(audience + 2).to_string()])
            .stderr(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let http = process.find_in_log(|line| {
            let word = line.split("http=").nth(1)?.split_whitespace().next();
            word.map(ToOwned::to_owned)
        });
        let http =
            http.ok_or_else(|| error(format!("{} does not say where it listens", program.display())))?;
        Ok(Self { process, http, load, channel: None, bearer: String::new() })
    }

    /// One section for what is sent, or to be received.
    fn section(&self, direction: &str, source: Option<u32>) -> String {
        let kind = if self.load == Load::Audio { "audio" } else { "video" };
        let codec: Codec = self.load.codec();
        let (payload_type, name) =
            (codec.payload_type(), if self.load == Load::Audio { "opus/48000/2" } else { "VP8/90000" });
        let own = match self.load {
            Load::Audio => format!("a=extmap:{AUDIO_LEVEL} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"),
            Load::Video => format!(
                "a=extmap:{DEPENDENCY_DESCRIPTOR} https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n\
                 a=rtcp-fb:{payload_type} nack\r\na=rtcp-fb:{payload_type} nack pli\r\n\
                 a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt={payload_type}\r\n"
            ),
        };
        let repairs = if self.load == Load::Audio { "" } else { " 97" };
        let source = source.map_or_else(String::new, |ssrc| format!("a=ssrc:{ssrc} cname:load\r\n"));
        format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}{repairs}\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na={direction}\r\na=rtcp-mux\r\n\
             a=rtpmap:{payload_type} {name}\r\na=rtcp-fb:{payload_type} transport-cc\r\n{own}\
             a=extmap:{TRANSPORT_SEQUENCE} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
             a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid\r\n{source}"
        )
    }

    fn offer(&self, local: &Local, direction: &str, source: Option<u32>) -> String {
        let head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n";
        format!("{head}{}{}", local.lines(), self.section(direction, source))
    }

    fn channel(&mut self) -> io::Result<&mut WebSocket<TcpStream>> {
        self.channel.as_mut().ok_or_else(|| error("the channel is not open"))
    }

    fn ask(&mut self, request: u32, body: Request) -> io::Result<()> {
        let message = String::from_utf8(ClientMessage { request, body }.encode()).map_err(error)?;
        self.channel()?.send(Message::text(message)).map_err(error)
    }

    fn wait_for<T>(&mut self, wanted: impl Fn(ServerMessage) -> Option<T>) -> io::Result<T> {
        let channel = self.channel()?;
        loop {
            if let Message::Text(text) = channel.read().map_err(error)? {
                let message = ServerMessage::decode(text.as_bytes())
                    .map_err(|_| error(format!("this is no message of a server: {text}")))?;
                if let ServerMessage::Refused { .. } | ServerMessage::OfferRefused { .. } = message {
                    return Err(error(format!("{message:?}")));
                }
                if let Some(found) = wanted(message) {
                    return Ok(found);
                }
            }
        }
    }

    fn begin(&mut self) -> io::Result<Invitation> {
        let stream = TcpStream::connect(&self.http)?;
        let (channel, _) = client(format!("ws://{}/signalling", self.http), stream)
            .map_err(|fault| error(fault.to_string()))?;
        self.channel = Some(channel);
        self.ask(
            1,
            Request::Start {
                credential: Some(Token::from_bytes(CREDENTIAL)),
                name: "host".to_owned(),
                mode: Mode::Presenter,
                lobby: false,
                client: ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) },
            },
        )?;
        self.wait_for(
            |message| if let ServerMessage::Entered { invitation, .. } = message { invitation } else { None },
        )
    }
}

impl Service for MediaNode {
    fn name(&self) -> &'static str {
        "media-node"
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn publish(&mut self, local: &Local) -> io::Result<Remote> {
        let invitation = self.begin()?;
        self.bearer = format!("{}.{}", invitation.link.conference, json_string(&invitation.link.token));
        let offer = self.offer(local, "sendonly", Some(SOURCE.0));
        self.ask(2, Request::Negotiate { offer })?;
        let answer = self.wait_for(|message| {
            if let ServerMessage::Answer { answer, .. } = message { Some(answer) } else { None }
        })?;
        // Whoever reads no news is cut off.
        if let Some(mut channel) = self.channel.take() {
            thread::spawn(move || while channel.read().is_ok() {});
        }
        Remote::read(&answer)
    }

    fn watch(&mut self, local: &Local) -> io::Result<Remote> {
        let url = format!(
            "http://{}/whep?mls={}&sframe={}",
            self.http,
            Encryption::DEFAULT.mls,
            Encryption::DEFAULT.sframe
        );
        let answer = ureq::post(&url)
            .header("Authorization", format!("Bearer {}", self.bearer))
            .header("Content-Type", "application/sdp")
            .config()
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .send(self.offer(local, "recvonly", None))
            .map_err(|fault| error(format!("media-node does not let somebody watch: {fault}")))?;
        Remote::read(&answer.into_body().read_to_string().map_err(error)?)
    }

    fn has_the_doubt(&self) -> bool {
        false
    }

    fn wants_arrivals(&self) -> bool {
        true
    }
}

fn json_string(value: &Token) -> String {
    serde_json::to_string(value).expect("JSON").trim_matches('"').to_owned()
}

/// The program as it is now, unless `MEDIA_NODE` names another: nothing would build it for a bench of another crate.
fn build() -> io::Result<PathBuf> {
    if let Some(program) = std::env::var_os("MEDIA_NODE") {
        return Ok(program.into());
    }
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--package", "media-node", "--bin", "media-node"])
        .status()?;
    if !status.success() {
        return Err(error("media-node cannot be built"));
    }
    // Benches lie in `deps` beside the programs.
    let own = std::env::current_exe()?;
    let programs = own.ancestors().nth(2).ok_or_else(|| error("the bench lies in no target directory"))?;
    Ok(programs.join("media-node"))
}
