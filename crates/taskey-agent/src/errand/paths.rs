//! Which paths may be read: below an allowed one and below no denied one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use taskey_proto::problem::Reason;

/// Folders whose files are not files on a disk: reading them asks the kernel, or a device, to do something.
pub const NEVER_READ: [&str; 3] = ["/proc", "/sys", "/dev"];

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRules {
    pub allowed: Vec<PathBuf>,
    pub denied: Vec<PathBuf>,
}

impl PathRules {
    pub fn check(&self, path: &Path) -> Result<(), Reason> {
        let refused = |why: String| Err(Reason::new("policy_path", why));
        if let Some(denied) = self.denied.iter().find(|denied| path.starts_with(denied)) {
            return refused(format!("this device's policy does not let {} be read: nothing below {}", path.display(), denied.display()));
        }
        if !self.allowed.iter().any(|allowed| path.starts_with(allowed)) {
            return refused(format!("this device's policy does not let {} be read", path.display()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_beats_what_is_allowed_and_names_are_whole() {
        let rules = PathRules { allowed: vec!["/etc".into(), "/srv/app".into()], denied: vec!["/etc/shadow".into(), "/etc/ssl".into()] };
        for path in ["/etc/hostname", "/srv/app", "/srv/app/log/a", "/etc/shadow-"] {
            assert_eq!(rules.check(Path::new(path)), Ok(()), "{path}");
        }
        for path in ["/etc/shadow", "/etc/ssl/private/key", "/srv/application", "/root/x", "/"] {
            assert_eq!(rules.check(Path::new(path)).unwrap_err().code, "policy_path", "{path}");
        }
    }
}
