//! A terminal that nobody looks at.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::server::LIMIT;

/// Both ends of it; dropped, it hangs up.
pub(crate) struct Pty {
    master: OwnedFd,
    name: PathBuf,
}

/// What processes write to a terminal.
pub(crate) struct Screen {
    bytes: Receiver<u8>,
}

impl Pty {
    pub(crate) fn open() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes()).into();
        Self { master, name }
    }

    /// The end for a process.
    pub(crate) fn slave(&self) -> File {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(&self.name)
            .unwrap()
    }

    /// Types something.
    pub(crate) fn write(&self, text: &str) {
        let mut master = File::from(self.master.try_clone().unwrap());
        master.write_all(text.as_bytes()).unwrap();
    }

    /// Looks at it from now on. It cannot hang up any more.
    pub(crate) fn screen(&self) -> Screen {
        let master = File::from(self.master.try_clone().unwrap());
        let (sender, bytes) = mpsc::channel();
        thread::spawn(move || {
            // Ends with the last process that has the terminal open.
            let read = BufReader::new(master).bytes().map_while(Result::ok);
            for byte in read {
                if sender.send(byte).is_err() {
                    return;
                }
            }
        });
        Screen { bytes }
    }
}

impl Screen {
    /// What is written next, up to and with `end`.
    pub(crate) fn until(&self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            match self.bytes.recv_timeout(LIMIT) {
                Ok(byte) => text.push(byte),
                Err(_) => panic!("no {end:?} in {:?}", String::from_utf8_lossy(&text)),
            }
        }
        String::from_utf8(text).unwrap()
    }
}
