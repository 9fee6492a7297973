//! What a run would be for, before anybody starts it.

use taskey_proto::access::Role;
use taskey_proto::runs::TARGETS_MAX;
use taskey_proto::targets::{PREVIEW_MAX, PreviewTargets, RefusedTarget, TargetDevice, TargetsPreview};

use super::ops::{needed_role, refusals, task_named};
use crate::app::App;
use crate::features::accounts::{Permit, Verb};
use crate::features::devices::targets;
use crate::platform::http::ApiError;
use crate::platform::http::problem::{ApiResult, check};

/// The devices that a start with these targets would be for now, and on which of them it would be refused.
pub(super) async fn preview_targets(app: &App, permit: &Permit, preview: PreviewTargets) -> ApiResult<TargetsPreview> {
    check(targets::field_errors(&preview.targets))?;
    let (permit, role) = match &preview.task {
        Some(_) if preview.exec => return Err(ApiError::invalid_field("/exec", "name a task or say `exec`, not both")),
        Some(word) => (permit.clone(), needed_role(task_named(app, permit.organization(), word).await?.self_service)),
        None if preview.exec => (permit.also(Verb::Exec)?, Role::Admin),
        None => (permit.clone(), Role::SelfService),
    };
    let found = targets::look_up(app, &permit, &preview.targets, TARGETS_MAX).await?;
    let refused = refusals(app, &permit, role, &found.devices).await?;
    let refused_count = refused.len();
    let shown =
        |target: &crate::features::devices::Target| TargetDevice { id: target.id, name: target.name.clone(), online: target.online };
    Ok(TargetsPreview {
        count: found.devices.len() as u64,
        online: found.devices.iter().filter(|target| target.online).count() as u64,
        devices: found.devices.iter().take(PREVIEW_MAX).map(shown).collect(),
        refused_count: refused_count as u64,
        refused: refused
            .into_iter()
            .take(PREVIEW_MAX)
            .map(|(target, refusal)| RefusedTarget { name: target.name.clone(), why: refusal.detail })
            .collect(),
        errors: found.errors,
    })
}
