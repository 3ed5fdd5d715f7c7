//! Claims about an engine that crashes and carries on from its control state: LIC-006, JOIN-006.

use super::*;

const GUEST: PeerId = PeerId(2);

#[test]
fn after_a_crash_media_flows_again_for_who_comes_back_and_for_nobody_else() {
    let (mut server, link) = Server::with_conference(Mode::Presenter, false);
    let joined = server.join(GUEST, &link);
    let token = messages_to(&joined, GUEST).into_iter().find_map(|message| match message {
        ServerMessage::Entered { resume, .. } => Some(resume),
        _ => None,
    });
    let mut voice = Source::new(10, Codec::Opus);
    server.publish(HOST, MediaKind::Audio, &voice);
    assert_eq!(media_to(&server.send(HOST, &voice.sound()), GUEST).len(), 1);

    server.crash();
    assert_eq!(server.engine.statistics().conferences, 1);
    assert_eq!(drops_of(&server.send(HOST, &voice.sound()), HOST), [DropReason::NotJoined]);

    let (host, guest) = (PeerId(11), PeerId(12));
    let credential = Some(Token::from_bytes([1; 16]));
    let back = |credential, resume, name: &str| Request::Join {
        link: link.clone(),
        credential,
        resume,
        attempt: None,
        name: name.to_owned(),
        client: DESK,
    };
    let entered = server.ask(guest, back(None, token, "guest"));
    assert!(participant_of(&entered, guest) > participant_of(&joined, GUEST));
    server.ask(host, back(credential, None, "host"));
    server.publish(host, MediaKind::Audio, &voice);
    let mut chatter = Source::new(30, Codec::Opus);
    server.publish(guest, MediaKind::Audio, &chatter);
    let outputs = server.send(host, &voice.sound());
    assert_eq!((media_to(&outputs, guest).len(), media_to(&outputs, GUEST).len()), (1, 0));
    assert_eq!(drops_of(&server.send(guest, &chatter.sound()), guest), [DropReason::NotPermitted]);
}

impl Server {
    /// Crashes, and carries on at the same moment from what a store would hold.
    fn crash(&mut self) {
        let state = self.engine.control_state();
        let config =
            EngineConfig { conference: self.config.clone(), speakers: 3, downlink: AMPLE, seed: [8; 32] };
        self.engine = Engine::resume(config, state, self.now).expect("the state is the engine's own");
    }
}
