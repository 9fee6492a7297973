//! Who is asking, what for, and whether they may. Pure.

use std::sync::Arc;

use taskey_proto::Time;
use taskey_proto::access::Role;
use taskey_proto::id::{KeyId, OrganizationId, RequestId, SessionId, UserId};
use taskey_proto::problem::{Code, FieldError, Reason};

use super::access::{Access, Given, Scope, ScopeKind};
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// What a verb needs, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To be signed in; it is about oneself.
    SignedIn,
    /// A role in the scopes of the thing that it is done to.
    There(Role),
    /// A role anywhere at all: what every member may see.
    Somewhere(Role),
    /// A role on the type of the item that it is done to.
    OnItem(Role),
    /// A role on any type of items at all.
    OnSomeItem(Role),
    /// A role where nothing overrides it: it is about the whole organization.
    Everywhere(Role),
    Super,
    Operator,
}

impl Need {
    pub const fn word(self) -> &'static str {
        match self {
            Need::SignedIn => "signed-in",
            Need::There(role) | Need::Somewhere(role) | Need::Everywhere(role) => role.word(),
            Need::OnItem(role) | Need::OnSomeItem(role) => role.word(),
            Need::Super => "super",
            Need::Operator => "operator",
        }
    }

    /// Whose overrides matter for it.
    pub const fn scopes(self) -> ScopeKind {
        match self {
            Need::OnItem(_) | Need::OnSomeItem(_) => ScopeKind::ItemType,
            _ => ScopeKind::DeviceGroup,
        }
    }
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $need:expr;)*) => {
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

            pub const fn need(self) -> Need {
                match self {$(Verb::$name => $need,)*}
            }

            pub fn from_word(word: &str) -> Option<Verb> {
                Verb::ALL.iter().copied().find(|verb| verb.word() == word)
            }
        }
    };
}

use Need::{Everywhere, OnItem, OnSomeItem, Operator, SignedIn, Somewhere, Super, There};
use Role::{Admin, ReadOnly, SelfService};

verbs! {
    /// To know oneself and to sign out: everyone who is signed in, with whatever key.
    BeOneself = "me.read", SignedIn;
    /// To change one's own name, password and sessions.
    WriteOneself = "me.write", SignedIn;
    /// To see one's own keys; super users see all.
    ReadKeys = "keys.read", SignedIn;
    WriteKeys = "keys.write", SignedIn;
    /// To follow what happens, as far as one may see what it is about.
    ReadEvents = "events.read", SignedIn;
    ReadOrganizations = "organizations.read", Super;
    WriteOrganizations = "organizations.write", Super;
    /// To make, disable and delete organizations.
    ManageOrganizations = "organizations.manage", Operator;
    ReadUsers = "users.read", Super;
    WriteUsers = "users.write", Super;
    ReadGroups = "groups.read", Super;
    WriteGroups = "groups.write", Super;
    ReadAudit = "audit.read", Super;
    ReadDeviceGroups = "device-groups.read", Somewhere(ReadOnly);
    /// Which device is in which group says who may do what with it.
    WriteDeviceGroups = "device-groups.write", Super;
    ReadDevices = "devices.read", There(ReadOnly);
    WriteDevices = "devices.write", There(Admin);
    EnrollDevices = "devices.enroll", Everywhere(Admin);
    ReadSecrets = "secrets.read", Everywhere(ReadOnly);
    /// To set and remove secrets; nobody reads their values.
    WriteSecrets = "secrets.write", Everywhere(Admin);
    ReadTasks = "tasks.read", Somewhere(ReadOnly);
    WriteTasks = "tasks.write", Everywhere(Admin);
    ReadCalendars = "calendars.read", Somewhere(ReadOnly);
    WriteCalendars = "calendars.write", Everywhere(Admin);
    ReadSchedules = "schedules.read", There(ReadOnly);
    /// To schedule tasks on devices on which one may start any.
    WriteSchedules = "schedules.write", There(Admin);
    ReadRuns = "runs.read", There(ReadOnly);
    /// To start a task; one that is not marked for self-service needs an admin.
    StartRuns = "runs.start", There(SelfService);
    /// To cancel a run; one that another started needs an admin.
    CancelRuns = "runs.cancel", There(SelfService);
    /// To run actions that are not a stored task.
    Exec = "runs.exec", There(Admin);
    ReadItemTypes = "item-types.read", OnSomeItem(ReadOnly);
    WriteItemTypes = "item-types.write", Everywhere(Admin);
    ReadItems = "items.read", OnItem(ReadOnly);
    /// To post items.
    CreateItems = "items.create", OnItem(SelfService);
    /// To update and cancel items that one posted, and to edit what a type lets people edit.
    UpdateItems = "items.update", OnItem(SelfService);
    CommentItems = "items.comment", OnItem(SelfService);
    /// To resolve, move, assign, snooze and merge items; a type may narrow it to groups.
    DecideItems = "items.decide", OnItem(SelfService);
    ReadWebhooks = "webhooks.read", Everywhere(ReadOnly);
    WriteWebhooks = "webhooks.write", Everywhere(Admin);
    ReadQuiet = "quiet.read", SignedIn;
    /// To let a restored server go on; for its operators.
    EndQuiet = "quiet.end", Operator;
}

/// Who is asking: a user, by a session or by a key.
#[derive(Debug, Clone)]
pub struct Principal {
    pub organization: OrganizationId,
    pub organization_name: String,
    pub user: UserId,
    pub username: String,
    pub name: String,
    pub operator: bool,
    pub access: Arc<Access>,
    /// Of the organization when it was read for this request: whatever is remembered of an earlier one may be out of date.
    pub revision: u64,
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
        /// Where it may be used from; empty: from everywhere.
        addresses: Vec<String>,
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

    /// Who tells requests of its own from those of others: an application by its key, a person in browsers.
    pub fn caller(&self) -> String {
        match &self.principal.via {
            Via::Session { .. } => self.principal.user.to_string(),
            Via::Key { id, .. } => id.to_string(),
        }
    }

    /// Leave to do another thing for the same request.
    pub fn also(&self, verb: Verb) -> ApiResult<Permit> {
        decide(&self.principal, verb, None, self.request, &self.address)
    }

    /// Whether one's groups give another thing, somewhere; whatever the scopes of the key in use.
    pub fn gives(&self, verb: Verb) -> bool {
        judge_user(&self.principal, verb, None, "").allowed
    }

    /// Leave to do it to what is in these scopes; `what` is how people call that.
    pub fn there(&self, scopes: &[Scope], what: &str) -> ApiResult<()> {
        self.at_least(needed(self.verb), scopes, what)
    }

    /// As [`Permit::there`], where it takes another role than the verb says.
    pub fn at_least(&self, role: Role, scopes: &[Scope], what: &str) -> ApiResult<()> {
        if self.role_in(scopes) >= role {
            return Ok(());
        }
        Err(ApiError::new(Code::NotAllowed, short(&self.principal.access, self.verb.word(), role, Some(scopes), what).detail))
    }

    /// What one may do with what is in these scopes.
    pub fn role_in(&self, scopes: &[Scope]) -> Role {
        self.principal.access.role_in(scopes)
    }

    /// Whether one may know that there is what is in these scopes.
    pub fn sees(&self, scopes: &[Scope]) -> bool {
        self.role_in(scopes) >= Role::ReadOnly
    }

    /// What lists show.
    pub fn sight(&self) -> Sight {
        let access = &self.principal.access;
        let only = (access.least(ScopeKind::DeviceGroup) < Role::ReadOnly).then_some(self.principal.user);
        Sight { organization: self.principal.organization, only, by_overrides_alone: access.everywhere() < Role::ReadOnly }
    }

    /// What lists of items show: a type may be for some groups alone, and only super users stand above that.
    pub fn item_sight(&self) -> Sight {
        let only = (!self.is_super()).then_some(self.principal.user);
        Sight { organization: self.principal.organization, only, by_overrides_alone: false }
    }

    /// Whether one may do the same to every device, so that none needs to be asked for its scopes.
    pub fn is_uniform(&self) -> bool {
        let access = &self.principal.access;
        access.least(ScopeKind::DeviceGroup) == access.somewhere(ScopeKind::DeviceGroup)
    }

    pub fn is_super(&self) -> bool {
        self.principal.access.is_super
    }
}

/// Which rows a list shows: those of an organization; where `only` names somebody, those of them that this user may see.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    pub organization: OrganizationId,
    pub only: Option<UserId>,
    /// Whether that user sees nothing but what overrides show.
    pub by_overrides_alone: bool,
}

impl Sight {
    /// Everything of an organization, for what the server does itself.
    pub fn whole(organization: OrganizationId) -> Self {
        Self { organization, only: None, by_overrides_alone: false }
    }
}

/// The condition that a user has a role on a device, as SQL: the column of the device's id, the places of the user's id and of the role.
/// Without a user it holds.
#[macro_export]
macro_rules! has_role_on_device {
    ($device:literal, $user:literal, $role:literal) => {
        concat!(
            "(CAST(",
            $user,
            " AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM group_member am JOIN user_group ag ON ag.id = am.group_id \
             LEFT JOIN device_group_member ad ON ad.device_id = ",
            $device,
            " LEFT JOIN group_override ao ON ao.group_id = ag.id \
             AND ao.scope_kind = 'device_group' AND ao.scope_id = ad.device_group_id \
             WHERE am.user_id = ",
            $user,
            " AND COALESCE(ao.role, ag.role) >= ",
            $role,
            "))"
        )
    };
}

/// As [`has_role_on_device`], of the least role that lets somebody see it.
#[macro_export]
macro_rules! sees_device {
    ($device:literal, $user:literal) => {
        $crate::has_role_on_device!($device, $user, "1")
    };
}

const fn needed(verb: Verb) -> Role {
    match verb.need() {
        There(role) | Somewhere(role) | Everywhere(role) | OnItem(role) | OnSomeItem(role) => role,
        SignedIn => Role::None,
        Super | Operator => Admin,
    }
}

/// Whether `principal` may do `verb`: the only place that says so. Without scopes it is about doing it at all: what is done to one
/// thing is asked again with the scopes of that.
pub fn decide(principal: &Principal, verb: Verb, scopes: Option<&[Scope]>, request: RequestId, address: &str) -> ApiResult<Permit> {
    let judgement = judge(principal, verb, scopes, "");
    if !judgement.allowed {
        return Err(ApiError::new(Code::NotAllowed, judgement.reason.detail));
    }
    Ok(Permit { principal: principal.clone(), verb, request, address: address.to_owned() })
}

/// The outcome of a decision, with why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub allowed: bool,
    /// A role, `super` or `operator`.
    pub has: &'static str,
    pub reason: Reason,
}

/// Judges, and says why; `what` is how people call the thing that it is done to.
pub fn judge(principal: &Principal, verb: Verb, scopes: Option<&[Scope]>, what: &str) -> Judgement {
    let judgement = judge_user(principal, verb, scopes, what);
    if let Via::Key { scopes, name, .. } = &principal.via
        && !scopes_allow(scopes, verb)
    {
        let reason = Reason::new("key_scope", format!("The key `{name}` has no scope for `{}`.", verb.word()));
        return Judgement { allowed: false, reason, ..judgement };
    }
    judgement
}

/// As [`judge`], of the user alone, whatever key is in use.
pub fn judge_user(principal: &Principal, verb: Verb, scopes: Option<&[Scope]>, what: &str) -> Judgement {
    let (access, word) = (&principal.access, verb.word());
    let role = match (verb.need(), scopes) {
        (Everywhere(_), _) => access.everywhere(),
        (There(_) | OnItem(_), Some(scopes)) => access.role_in(scopes),
        (need, _) => access.somewhere(need.scopes()),
    };
    let has = match verb.need() {
        Operator if principal.operator => "operator",
        _ if access.is_super => "super",
        _ => role.word(),
    };
    let answer = |allowed, reason| Judgement { allowed, has, reason };
    match verb.need() {
        SignedIn => answer(true, Reason::new("signed_in", format!("Everybody who is signed in may do `{word}`."))),
        Operator if principal.operator => answer(true, Reason::new("operator", "Operators of this server may.")),
        Operator => answer(false, Reason::new("operator", format!("`{word}` is for operators of this server."))),
        _ if access.is_super => answer(true, Reason::new("super", "Super users may do everything in their organization.")),
        Super => answer(false, Reason::new("super", format!("`{word}` is for super users."))),
        There(needed) | Somewhere(needed) | Everywhere(needed) | OnItem(needed) | OnSomeItem(needed) if role < needed => {
            let scopes = if matches!(verb.need(), Everywhere(_)) { Some(&[][..]) } else { scopes };
            answer(false, short(access, word, needed, scopes, what))
        }
        There(_) | Somewhere(_) | Everywhere(_) | OnItem(_) | OnSomeItem(_) => answer(true, granted(access, scopes, role)),
    }
}

/// Why a role is not enough: the group, and the override, that comes closest.
fn short(access: &Access, word: &str, needed: Role, scopes: Option<&[Scope]>, what: &str) -> Reason {
    let place = if what.is_empty() { String::new() } else { format!(" on {what}") };
    let (code, why) = match best(access, scopes) {
        None => ("no_group", "no group gives anything".to_owned()),
        Some(given) if given.overridden => {
            ("override", format!("the group `{}` gives {} there, by an override", given.group.name, given.role))
        }
        Some(given) => ("role", format!("the group `{}` gives {}", given.group.name, given.role)),
    };
    Reason::new(code, format!("`{word}` needs {needed}{place}; {why}."))
}

fn granted(access: &Access, scopes: Option<&[Scope]>, role: Role) -> Reason {
    match best(access, scopes) {
        Some(given) if given.overridden => {
            Reason::new("override", format!("The group `{}` gives {} there, by an override.", given.group.name, given.role))
        }
        Some(given) if given.role == role => Reason::new("role", format!("The group `{}` gives {}.", given.group.name, given.role)),
        _ => Reason::new("role", format!("A group gives {role} somewhere, by an override.")),
    }
}

/// What decides: the most permissive that any group gives; of equals one that is not overridden.
fn best<'a>(access: &'a Access, scopes: Option<&'a [Scope]>) -> Option<Given<'a>> {
    access.given(scopes.unwrap_or_default()).max_by_key(|given| (given.role, !given.overridden))
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
    use taskey_proto::access::GroupRef;
    use taskey_proto::id::{DeviceGroupId, GroupId};

    use super::super::access::Membership;
    use super::*;

    fn key(scopes: &[&str]) -> Via {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Via::Key {
            id: KeyId::new(uuid::Uuid::nil()),
            name: "k".to_owned(),
            scopes,
            addresses: Vec::new(),
            signed_in: false,
            expires_at: None,
        }
    }

    fn principal(access: Access, via: Via) -> Principal {
        Principal {
            organization: OrganizationId::new(uuid::Uuid::nil()),
            organization_name: String::new(),
            user: UserId::new(uuid::Uuid::nil()),
            username: "u".to_owned(),
            name: String::new(),
            operator: false,
            access: Arc::new(access),
            revision: 0,
            via,
        }
    }

    fn may(via: Via, is_super: bool, verb: Verb) -> bool {
        let principal = principal(Access { is_super, ..Access::default() }, via);
        decide(&principal, verb, None, RequestId::new(uuid::Uuid::nil()), "").is_ok()
    }

    fn member(role: Role) -> Access {
        let group = GroupRef { id: GroupId::new(uuid::Uuid::nil()), name: "Support".to_owned() };
        Access { is_super: false, groups: vec![Membership { group, role, overrides: Default::default() }] }
    }

    #[test]
    fn every_role_may_do_exactly_what_its_column_of_the_table_says() {
        // verb, and what it takes: everybody, the roles in their order, super, operator
        let table = [
            ("me.read", "signed-in"),
            ("me.write", "signed-in"),
            ("keys.read", "signed-in"),
            ("keys.write", "signed-in"),
            ("events.read", "signed-in"),
            ("quiet.read", "signed-in"),
            ("item-types.read", "read-only"),
            ("item-types.write", "admin"),
            ("items.read", "read-only"),
            ("items.create", "self-service"),
            ("items.update", "self-service"),
            ("items.comment", "self-service"),
            ("items.decide", "self-service"),
            ("webhooks.read", "read-only"),
            ("webhooks.write", "admin"),
            ("device-groups.read", "read-only"),
            ("devices.read", "read-only"),
            ("secrets.read", "read-only"),
            ("tasks.read", "read-only"),
            ("calendars.read", "read-only"),
            ("calendars.write", "admin"),
            ("schedules.read", "read-only"),
            ("schedules.write", "admin"),
            ("runs.read", "read-only"),
            ("runs.start", "self-service"),
            ("runs.cancel", "self-service"),
            ("devices.write", "admin"),
            ("devices.enroll", "admin"),
            ("secrets.write", "admin"),
            ("tasks.write", "admin"),
            ("runs.exec", "admin"),
            ("organizations.read", "super"),
            ("organizations.write", "super"),
            ("users.read", "super"),
            ("users.write", "super"),
            ("groups.read", "super"),
            ("groups.write", "super"),
            ("audit.read", "super"),
            ("device-groups.write", "super"),
            ("organizations.manage", "operator"),
            ("quiet.end", "operator"),
        ];
        assert_eq!(table.len(), Verb::ALL.len());
        for (word, needs) in table {
            let verb = Verb::from_word(word).unwrap();
            assert_eq!(verb.need().word(), needs, "{word}");
            for role in Role::ALL {
                let expected = match needs {
                    "signed-in" => true,
                    "super" | "operator" => false,
                    needed => role >= needed.parse().unwrap(),
                };
                let judgement = judge(&principal(member(role), key(&[])), verb, Some(&[]), "");
                assert_eq!(judgement.allowed, expected, "{word} as {role:?}: {:?}", judgement.reason);
            }
            assert_eq!(may(key(&[]), true, verb), needs != "operator", "{word} as super user");
        }
    }

    #[test]
    fn a_refusal_names_the_group_and_the_override_that_decided() {
        let scope = Scope::DeviceGroup(DeviceGroupId::new(uuid::Uuid::nil()));
        let mut access = member(Role::Admin);
        let judged =
            |access: &Access, verb, scopes: &[Scope]| judge(&principal(access.clone(), key(&[])), verb, Some(scopes), "web-1").reason;
        access.groups[0].overrides.insert(scope, Role::ReadOnly);
        let refused = judged(&access, Verb::Exec, &[scope]);
        assert_eq!(
            refused,
            Reason::new("override", "`runs.exec` needs admin on web-1; the group `Support` gives read-only there, by an override.")
        );
        let refused = judged(&member(Role::SelfService), Verb::Exec, &[]);
        assert_eq!(refused, Reason::new("role", "`runs.exec` needs admin on web-1; the group `Support` gives self-service."));
        let refused = judged(&Access::default(), Verb::ReadDevices, &[]);
        assert_eq!(refused, Reason::new("no_group", "`devices.read` needs read-only on web-1; no group gives anything."));
        let refused = judged(&access, Verb::ReadUsers, &[]);
        assert_eq!(refused, Reason::new("super", "`users.read` is for super users."));
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
            assert_eq!(may(key(&[]), false, *verb), verb.need() == SignedIn);
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
