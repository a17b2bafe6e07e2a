//! Standard output. It is written by a thread that may wait: whoever reads may be slow, and a signal must be heard all the same.

use std::io::Write;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::CommandError;

/// Writes it all, in one piece as far as the system lets.
pub(crate) async fn write(text: impl Into<Vec<u8>>) -> Result<(), CommandError> {
    let text = text.into();
    let written = tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout().lock();
        out.write_all(&text).and_then(|()| out.flush())
    });
    match written.await {
        Ok(written) => written.map_err(|error| CommandError::output(&error)),
        Err(error) => Err(CommandError::Failed(format!("writing the output was given up: {error}"))),
    }
}

/// Whether it goes to a file that holds something already.
pub(crate) fn is_longer_file() -> bool {
    let about = rustix::fs::fstat(std::io::stdout());
    about.is_ok_and(|about| rustix::fs::FileType::from_raw_mode(about.st_mode).is_file() && about.st_size > 0)
}

/// Whether nobody reads any more, as when the other end of a pipe was closed. A file is always read.
pub(crate) fn is_unread() -> bool {
    let stdout = std::io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    // A question that is not understood says nothing: the next write will tell.
    let answered = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    answered.is_ok() && asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Says something aside, on standard error.
pub(crate) fn note(text: &str) {
    // Nobody is left to hear it.
    let _ = writeln!(std::io::stderr(), "note: {text}");
}
