//! Each reaction of the proxy does to a client what it says, on the embedded server.

mod cuts;
mod kit;
mod slow;
