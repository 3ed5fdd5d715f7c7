//! Owns the rehearsal: scenarios, simulated buildings, participants and the world they meet in.

mod address;
pub mod adversary;
pub mod channel;
pub mod city;
pub mod differential;
pub mod endpoint;
pub mod flows;
pub mod fuzz;
pub mod link;
pub mod mail;
pub mod media_node;
pub mod node;
pub mod packet;
pub mod quality;
pub mod record;
pub mod recording;
pub mod run;
pub mod sabotage;
mod saboteur;
pub mod scenario;
pub mod seed;
pub mod site;
pub mod site_group;
pub mod tap;
pub mod timeline;
pub mod trace;
pub mod world;
