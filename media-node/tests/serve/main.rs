//! Claims about the server over real sockets of this machine: HTTP, WebSocket and UDP on loopback, with other implementations of
//! WebRTC (the crates `webrtc` and `str0m`) as its clients.

mod absence;
mod encryption;
mod end;
mod hearing;
mod hostility;
mod http_request;
mod interop;
mod limits;
mod media;
mod person;
mod publishing;
mod stage;
mod station;
