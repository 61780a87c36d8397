//! The kernel boundary: the only module with `unsafe`, and the only one that names `libc` and `nix`.
//!
//! Each wrapper is either sound for every argument, or an `unsafe fn` that says what it needs. Calls that may block take a
//! `Deadline` or are non-blocking; a wait without an end cannot be written with what is here.
#![allow(unsafe_code, reason = "the kernel boundary")]

pub mod clock;
pub mod dir;
pub mod fault;
pub mod fd;
pub mod helper;
pub mod listen;
pub mod lock;
pub mod pages;
pub mod process;
pub mod random;
pub mod reexec;
pub mod sandbox;
pub mod service;
pub mod shm;
pub mod signal;
pub mod socket;
pub mod terminal;
pub mod title;
pub mod user;
pub mod wait;
