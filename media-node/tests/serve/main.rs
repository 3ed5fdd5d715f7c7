//! Claims about the server over real sockets of this machine: HTTP, WebSocket and UDP on loopback, with another implementation of
//! WebRTC (the crate `webrtc`) as its clients.

mod encryption;
mod end;
mod hearing;
mod hostility;
mod http_request;
mod limits;
mod media;
mod person;
mod publishing;
mod stage;
