//! Memory of processes on this machine, as the kernel counts it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a server process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A figure of `/proc/PID/status`, in bytes; `None` where there is no such process.
pub fn memory_bytes(pid: u32, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The server processes that serve this role in this database: PostgreSQL writes both into a process's title.
pub fn backends(role: &str, database: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(Path::new("/proc")) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let title = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let title = String::from_utf8_lossy(&title);
            let words: Vec<&str> = title.split([' ', '\0']).collect();
            words.first() == Some(&"postgres:") && words.contains(&role) && words.contains(&database)
        })
        .collect()
}

/// Memory of its own that the largest of them holds now; shared buffers are not counted.
pub fn own_memory_bytes(role: &str, database: &str) -> Option<u64> {
    backends(role, database)
        .into_iter()
        .filter_map(|pid| memory_bytes(pid, "RssAnon:"))
        .max()
}

/// Watches the server processes of a role in a database for the most memory that one of them ever held.
pub struct MemoryWatch {
    stop: Arc<AtomicBool>,
    peak_bytes: Arc<AtomicU64>,
    watching: JoinHandle<()>,
}

impl MemoryWatch {
    pub fn start(role: &str, database: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let peak_bytes = Arc::new(AtomicU64::new(0));
        let (role, database) = (role.to_owned(), database.to_owned());
        let watching = {
            let (stop, peak_bytes) = (Arc::clone(&stop), Arc::clone(&peak_bytes));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if let Some(bytes) = own_memory_bytes(&role, &database) {
                        peak_bytes.fetch_max(bytes, Ordering::Relaxed);
                    }
                    std::thread::sleep(LOOK_EVERY);
                }
            })
        };
        Self {
            stop,
            peak_bytes,
            watching,
        }
    }

    /// The most that was seen; `None` where no process was.
    pub fn end(self) -> Option<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.watching.join().expect("the watch ends");
        Some(self.peak_bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0)
    }
}
