//! Who is asking, what for, and whether they may. Pure.

use taskey_proto::Time;
use taskey_proto::id::{KeyId, OrganizationId, RequestId, SessionId, UserId};
use taskey_proto::problem::{Code, FieldError};

use crate::platform::http::ApiError;

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What can be done. A route names its verb, a key's scopes are made of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Verb {
            $($(#[$doc])* $name,)*
        }

        impl Verb {
            pub const ALL: &'static [Verb] = &[$(Verb::$name,)*];

            pub const fn word(self) -> &'static str {
                match self {$(Verb::$name => $word,)*}
            }
        }
    };
}

verbs! {
    /// To know oneself and to sign out: everyone who is signed in, with whatever key.
    BeOneself = "me.read";
    ReadKeys = "keys.read";
    WriteKeys = "keys.write";
    ReadEvents = "events.read";
    ReadAudit = "audit.read";
    ReadDevices = "devices.read";
    WriteDevices = "devices.write";
    EnrollDevices = "devices.enroll";
    ReadSecrets = "secrets.read";
    /// To set and remove secrets; nobody reads their values.
    WriteSecrets = "secrets.write";
    ReadTasks = "tasks.read";
    WriteTasks = "tasks.write";
    ReadRuns = "runs.read";
    StartRuns = "runs.start";
    CancelRuns = "runs.cancel";
    /// To run actions that are not a stored task.
    Exec = "runs.exec";
    ReadQuiet = "quiet.read";
    /// To let a restored server go on; for its operators.
    EndQuiet = "quiet.end";
}

/// Who is asking: a user, by a session or by a key.
#[derive(Debug, Clone)]
pub struct Principal {
    pub organization: OrganizationId,
    pub organization_name: String,
    pub user: UserId,
    pub username: String,
    pub name: String,
    pub is_super: bool,
    pub operator: bool,
    pub via: Via,
}

#[derive(Debug, Clone)]
pub enum Via {
    Session {
        id: SessionId,
        expires_at: Time,
    },
    /// `signed_in`: the key was made by signing in and stands for a person at a command line.
    Key {
        id: KeyId,
        name: String,
        scopes: Vec<String>,
        signed_in: bool,
        expires_at: Option<Time>,
    },
}

impl Principal {
    /// The name that runs and the audit log show.
    pub fn actor_name(&self) -> String {
        match &self.via {
            Via::Session { .. } => self.username.clone(),
            Via::Key { name, .. } => format!("{} ({name})", self.username),
        }
    }

    /// Whether a person is at the other end, and not a program with a key of its own.
    pub fn is_person(&self) -> bool {
        matches!(self.via, Via::Session { .. } | Via::Key { signed_in: true, .. })
    }

    pub fn is_expired(&self, now: Time) -> bool {
        match &self.via {
            Via::Session { expires_at, .. } => *expires_at <= now,
            Via::Key { expires_at, .. } => expires_at.is_some_and(|expires_at| expires_at <= now),
        }
    }
}

/// Leave to do one thing, made by [`decide`] alone.
#[derive(Debug, Clone)]
pub struct Permit {
    principal: Principal,
    verb: Verb,
    request: RequestId,
    address: String,
}

impl Permit {
    pub fn organization(&self) -> OrganizationId {
        self.principal.organization
    }

    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    pub fn verb(&self) -> Verb {
        self.verb
    }

    pub fn request(&self) -> RequestId {
        self.request
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Leave to do another thing for the same request.
    pub fn also(&self, verb: Verb) -> Result<Permit, ApiError> {
        decide(&self.principal, verb, self.request, &self.address)
    }
}

/// Whether `principal` may do `verb`: the only place that says so.
pub fn decide(principal: &Principal, verb: Verb, request: RequestId, address: &str) -> Result<Permit, ApiError> {
    let refused = |why: &str| Err(ApiError::new(Code::NotAllowed, why));
    if let Via::Key { scopes, name, .. } = &principal.via
        && !scopes_allow(scopes, verb)
    {
        return refused(&format!("The key `{name}` has no scope for `{}`.", verb.word()));
    }
    if verb == Verb::EndQuiet && !principal.operator {
        return refused(&format!("`{}` needs an operator of this server.", verb.word()));
    }
    if !principal.is_super && verb != Verb::BeOneself {
        return refused(&format!("`{}` needs a super user.", verb.word()));
    }
    Ok(Permit { principal: principal.clone(), verb, request, address: address.to_owned() })
}

/// Whether a key with these scopes may do `verb`. No scopes at all: everything that its owner may.
fn scopes_allow(scopes: &[String], verb: Verb) -> bool {
    verb == Verb::BeOneself || scopes.is_empty() || scopes.iter().any(|scope| scope_covers(scope, verb.word()))
}

fn scope_covers(scope: &str, word: &str) -> bool {
    match scope.strip_suffix(".*") {
        Some(noun) => word.strip_prefix(noun).is_some_and(|rest| rest.starts_with('.')),
        None => scope == word,
    }
}

/// What is wrong with a list of scopes; `maker` are those of the key that makes the new one.
pub fn check_scopes(scopes: &[String], maker: &Via) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, scope) in scopes.iter().enumerate() {
        let covered: Vec<&Verb> = Verb::ALL.iter().filter(|verb| scope_covers(scope, verb.word())).collect();
        let place = format!("/scopes/{index}");
        if covered.is_empty() {
            let known: Vec<_> = Verb::ALL.iter().map(|verb| verb.word()).collect();
            errors.push(FieldError::new(&place, format!("not a scope; there are {}, and `NOUN.*`", known.join(", "))));
        }
        if let Via::Key { scopes: own, .. } = maker
            && !covered.iter().all(|verb| scopes_allow(own, **verb))
        {
            errors.push(FieldError::new(place, "wider than the key that asks for it"));
        }
    }
    if let Via::Key { scopes: own, .. } = maker
        && scopes.is_empty()
        && !own.is_empty()
    {
        errors.push(FieldError::new("/scopes", "a key with scopes makes only keys with scopes"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scopes: &[&str]) -> Via {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Via::Key { id: KeyId::new(uuid::Uuid::nil()), name: "k".to_owned(), scopes, signed_in: false, expires_at: None }
    }

    fn may(via: Via, is_super: bool, verb: Verb) -> bool {
        let principal = Principal {
            organization: OrganizationId::new(uuid::Uuid::nil()),
            organization_name: String::new(),
            user: UserId::new(uuid::Uuid::nil()),
            username: "u".to_owned(),
            name: String::new(),
            is_super,
            operator: false,
            via,
        };
        decide(&principal, verb, RequestId::new(uuid::Uuid::nil()), "").is_ok()
    }

    #[test]
    fn a_key_may_do_what_its_scopes_cover_and_no_more() {
        assert!(may(key(&[]), true, Verb::Exec));
        assert!(may(key(&["runs.*"]), true, Verb::Exec));
        assert!(may(key(&["runs.start"]), true, Verb::StartRuns));
        assert!(!may(key(&["runs.start"]), true, Verb::Exec));
        assert!(!may(key(&["run.*", "runs", "*"]), true, Verb::ReadRuns));
        assert!(may(key(&["runs.start"]), true, Verb::BeOneself));
    }

    #[test]
    fn a_key_never_reaches_beyond_its_owner() {
        for verb in Verb::ALL {
            assert_eq!(may(key(&[]), false, *verb), *verb == Verb::BeOneself);
        }
        assert!(!may(key(&[]), true, Verb::EndQuiet), "a super user of an organization does not run the server");
    }

    #[test]
    fn a_key_cannot_make_a_wider_key() {
        let scopes = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(check_scopes(&scopes(&["runs.read"]), &key(&["runs.*"])).is_empty());
        assert!(!check_scopes(&scopes(&["runs.*"]), &key(&["runs.read"])).is_empty());
        assert!(!check_scopes(&scopes(&[]), &key(&["runs.read"])).is_empty());
        assert!(!check_scopes(&scopes(&["everything"]), &key(&[])).is_empty());
    }
}
