//! Claims about the server over real sockets of this machine: HTTP, WebSocket and UDP on loopback, with another implementation of
//! WebRTC (the crate `webrtc`) as its clients.

mod hearing;
mod media;
mod person;
mod stage;
