//! What a run would be for: asked before it is started.

use serde::{Deserialize, Serialize};

use crate::id::DeviceId;
use crate::problem::FieldError;
use crate::runs::Targets;

/// Devices, and refusals, that an answer names.
pub const PREVIEW_MAX: usize = 100;

/// Asks what a run with these targets would be for now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewTargets {
    pub targets: Targets,
    /// Id or name of the task: what is refused depends on whether it is marked for self-service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// It is for actions that are given at once, which need an admin on each device.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exec: bool,
}

/// The answer to [`PreviewTargets`]: for now. A run is for the devices that its targets mean when it is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetsPreview {
    /// How many devices. One more than a run may have stands for any number beyond.
    pub count: u64,
    /// How many of them are online.
    pub online: u64,
    /// The first 100: those that are named, those of groups, those that match, each by name.
    pub devices: Vec<TargetDevice>,
    /// On how many of them you may not start it. One is enough for a run to be refused.
    pub refused_count: u64,
    /// The first 100 of those.
    pub refused: Vec<RefusedTarget>,
    /// Why a run could not be started at all, each with its place: names of nothing, a selector that nothing matches, too many devices.
    pub errors: Vec<FieldError>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetDevice {
    pub id: DeviceId,
    pub name: String,
    pub online: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedTarget {
    /// The device.
    pub name: String,
    pub why: String,
}
