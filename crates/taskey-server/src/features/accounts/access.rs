//! What somebody's groups give them, and where. Pure.
//!
//! A group has a role, and may have another one in a scope; without one there, its own counts. Of all that a user's groups give in a
//! place the most permissive counts, and super users need none of it.

use std::collections::HashMap;

use taskey_proto::access::{GroupRef, Role};
use taskey_proto::id::{DeviceGroupId, GroupId, ItemTypeId};

/// Where a group's role may be another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    DeviceGroup(DeviceGroupId),
    ItemType(ItemTypeId),
}

/// What a scope is one of: an override of the one kind says nothing about things of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    DeviceGroup,
    ItemType,
}

impl Scope {
    pub const fn kind(self) -> ScopeKind {
        match self {
            Scope::DeviceGroup(_) => ScopeKind::DeviceGroup,
            Scope::ItemType(_) => ScopeKind::ItemType,
        }
    }
}

/// A user's groups with their roles.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether one of them is the group of the super users.
    pub is_super: bool,
    /// The others, by name.
    pub groups: Vec<Membership>,
}

#[derive(Debug, Clone)]
pub struct Membership {
    pub group: GroupRef,
    pub role: Role,
    pub overrides: HashMap<Scope, Role>,
}

/// What one group gives in one scope; without a scope, where there is none.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub group: &'a GroupRef,
    pub scope: Option<Scope>,
    pub role: Role,
    pub overridden: bool,
}

impl Membership {
    fn given(&self, scope: Option<Scope>) -> Given<'_> {
        let other = scope.and_then(|scope| self.overrides.get(&scope)).copied();
        Given { group: &self.group, scope, role: other.unwrap_or(self.role), overridden: other.is_some() }
    }
}

impl Access {
    /// Whether a group gives a privilege: without a group, whether there is the privilege everywhere; of a group that the user is not
    /// in, what `default` says; else what the group says.
    pub fn authorise(&self, group: Option<GroupId>, privilege: Role, default: bool) -> bool {
        match group {
            None => self.everywhere() >= privilege,
            Some(id) => self.groups.iter().find(|member| member.group.id == id).map_or(default, |member| member.role >= privilege),
        }
    }

    /// The role where nothing overrides it.
    pub fn everywhere(&self) -> Role {
        if self.is_super {
            return Role::Admin;
        }
        self.groups.iter().map(|member| member.role).max().unwrap_or(Role::None)
    }

    /// The most that there is anywhere among scopes of a kind.
    pub fn somewhere(&self, kind: ScopeKind) -> Role {
        let overrides = self.overridden(kind).map(|given| given.role);
        overrides.max().unwrap_or(Role::None).max(self.everywhere())
    }

    /// The role for what is in these scopes. What is in none is reached by the groups' own roles.
    pub fn role_in(&self, scopes: &[Scope]) -> Role {
        if self.is_super {
            return Role::Admin;
        }
        self.given(scopes).map(|given| given.role).max().unwrap_or(Role::None)
    }

    /// The least that there may be somewhere among scopes of a kind.
    pub fn least(&self, kind: ScopeKind) -> Role {
        if self.is_super {
            return Role::Admin;
        }
        // One group can take away only what it would have given itself: the others give theirs there too.
        let scopes = self.overridden(kind).filter_map(|given| given.scope);
        scopes.map(|scope| self.role_in(&[scope])).min().unwrap_or(Role::Admin).min(self.everywhere())
    }

    /// What groups give in scopes of a kind where something overrides their own role.
    pub fn overridden(&self, kind: ScopeKind) -> impl Iterator<Item = Given<'_>> {
        self.groups.iter().flat_map(move |member| {
            member.overrides.keys().filter(move |scope| scope.kind() == kind).map(|scope| member.given(Some(*scope)))
        })
    }

    pub fn is_member(&self, group: GroupId) -> bool {
        self.groups.iter().any(|member| member.group.id == group)
    }

    /// What every group gives in each of these scopes.
    pub fn given<'a>(&'a self, scopes: &'a [Scope]) -> impl Iterator<Item = Given<'a>> {
        let places = move || scopes.iter().copied().map(Some).chain(scopes.is_empty().then_some(None));
        self.groups.iter().flat_map(move |member| places().map(|scope| member.given(scope)))
    }
}

#[cfg(test)]
mod tests {
    use taskey_proto::access::Role::{Admin, None as No, ReadOnly, SelfService};
    use uuid::Uuid;

    use super::*;

    fn group(number: u128) -> GroupId {
        GroupId::new(Uuid::from_u128(number))
    }

    fn scope(number: u128) -> Scope {
        Scope::DeviceGroup(DeviceGroupId::new(Uuid::from_u128(number)))
    }

    /// A group's role, and others by scope.
    type Roles<'a> = (Role, &'a [(u128, Role)]);

    /// Groups 1, 2, 3 … with their roles and overrides by scope.
    fn access(groups: &[Roles<'_>]) -> Access {
        let member = |(index, (role, overrides)): (usize, &Roles<'_>)| Membership {
            group: GroupRef { id: group(index as u128 + 1), name: format!("group {}", index + 1) },
            role: *role,
            overrides: overrides.iter().map(|(number, role)| (scope(*number), *role)).collect(),
        };
        Access { is_super: false, groups: groups.iter().enumerate().map(member).collect() }
    }

    #[test]
    fn a_group_is_asked_for_a_privilege_as_the_table_says() {
        let member = access(&[(ReadOnly, &[]), (No, &[(1, Admin)])]);
        let table = [
            // group, privilege, default, answer
            (None, ReadOnly, false, true),
            (None, ReadOnly, true, true),
            (None, SelfService, true, false),
            (None, Admin, false, false),
            (Some(1), ReadOnly, false, true),
            (Some(1), SelfService, true, false),
            (Some(2), ReadOnly, true, false),
            (Some(2), No, false, true),
            (Some(9), ReadOnly, false, false),
            (Some(9), Admin, true, true),
        ];
        for (of, privilege, default, answer) in table {
            assert_eq!(member.authorise(of.map(group), privilege, default), answer, "{of:?} {privilege:?} {default}");
        }
        let boss = Access { is_super: true, ..Access::default() };
        assert!(boss.authorise(None, Admin, false));
        assert!(!boss.authorise(Some(group(1)), Admin, false) && boss.authorise(Some(group(1)), Admin, true), "not a member of that one");
    }

    #[test]
    fn every_role_with_every_override_gives_that_override_or_the_role() {
        for role in Role::ALL {
            let inherits = access(&[(role, &[])]);
            assert_eq!(inherits.role_in(&[]), role);
            assert_eq!(inherits.role_in(&[scope(1)]), role);
            for other in Role::ALL {
                let overridden = access(&[(role, &[(1, other)])]);
                assert_eq!(overridden.role_in(&[scope(1)]), other, "{role:?} overridden by {other:?}");
                assert_eq!(overridden.role_in(&[scope(2)]), role, "another scope inherits");
                assert_eq!(overridden.role_in(&[]), role);
                assert_eq!(overridden.somewhere(ScopeKind::DeviceGroup), role.max(other));
                assert_eq!(overridden.least(ScopeKind::DeviceGroup), role.min(other));
            }
        }
    }

    #[test]
    fn of_several_groups_and_scopes_the_most_permissive_counts() {
        for first in Role::ALL {
            for second in Role::ALL {
                let both = access(&[(first, &[]), (second, &[])]);
                assert_eq!(both.everywhere(), first.max(second));
                let overridden = access(&[(Admin, &[(1, first)]), (No, &[(1, second)])]);
                assert_eq!(overridden.role_in(&[scope(1)]), first.max(second), "no access takes away only what that group gives");
                let scopes = access(&[(No, &[(1, first), (2, second)])]);
                assert_eq!(scopes.role_in(&[scope(1), scope(2)]), first.max(second), "in two scopes");
            }
        }
        let inherits = access(&[(Admin, &[(1, No)])]);
        assert_eq!(inherits.role_in(&[scope(1), scope(2)]), Admin, "what is in another scope too is reached through that");
    }

    #[test]
    fn a_super_user_needs_no_group_and_nothing_takes_from_them() {
        let mut boss = access(&[(No, &[(1, No)])]);
        boss.is_super = true;
        assert_eq!(boss.role_in(&[scope(1)]), Admin);
        assert_eq!((boss.everywhere(), boss.somewhere(ScopeKind::DeviceGroup), boss.least(ScopeKind::DeviceGroup)), (Admin, Admin, Admin));
    }

    #[test]
    fn without_a_group_there_is_nothing() {
        let nobody = Access::default();
        assert_eq!(
            (
                nobody.role_in(&[scope(1)]),
                nobody.everywhere(),
                nobody.somewhere(ScopeKind::DeviceGroup),
                nobody.least(ScopeKind::DeviceGroup)
            ),
            (No, No, No, No)
        );
    }
}
