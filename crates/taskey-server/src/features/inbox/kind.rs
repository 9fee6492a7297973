//! One version of a type, read: its schemas and templates compiled, kept for the items that come.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use taskey_proto::Time;
use taskey_proto::id::{GroupId, ItemTypeId, OrganizationId, WebhookId};
use taskey_proto::item_types::{FieldsSchema, ItemTypeSpec, Key, OnTimeout, Ordered, ResolutionSpec};
use taskey_proto::items::Fields;
use taskey_proto::problem::FieldError;

use super::schema::Schema;
use crate::features::accounts::access::Access;
use crate::platform::template::Templates;

/// Versions that are remembered; beyond that all are read anew.
const REMEMBERED_MAX: usize = 2_000;
/// Characters of a title.
const TITLE_LEN_MAX: usize = 200;

/// Groups by the names that a version of a type calls them.
pub type Groups = BTreeMap<String, GroupId>;

/// What a version of a type names, whatever it is called later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub groups: Groups,
    /// The webhook that alone hears of its items.
    pub webhook: Option<WebhookId>,
}

/// A version of a type, ready for use.
pub struct Kind {
    pub id: ItemTypeId,
    pub version: u32,
    pub spec: ItemTypeSpec,
    pub named: Named,
    fields: Schema,
    forms: HashMap<String, Schema>,
    templates: Templates,
}

impl Kind {
    /// Compiles a type, or says everything that is wrong with its schemas and templates.
    pub fn compile(id: ItemTypeId, version: u32, spec: ItemTypeSpec, named: Named) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut templates = Templates::default();
        let mut add = |name: String, place: String, text: &str| {
            if let Err(detail) = templates.add(&name, text) {
                errors.push(FieldError::new(place, detail));
            }
        };
        add("title".to_owned(), "/title".to_owned(), &spec.title);
        if let Some(text) = &spec.text {
            add("text".to_owned(), "/text".to_owned(), text);
        }
        for (name, resolution) in spec.resolutions.iter() {
            if let Some(label) = &resolution.label {
                add(format!("label:{name}"), format!("/resolutions/{name}/label"), label);
            }
            if let Some(confirm) = &resolution.confirm {
                add(format!("confirm:{name}"), format!("/resolutions/{name}/confirm"), confirm);
            }
        }
        let mut forms = HashMap::new();
        for (name, resolution) in spec.resolutions.iter() {
            let Some(form) = &resolution.form else { continue };
            match compile(form, &format!("/resolutions/{name}/form")) {
                Ok(form) => drop(forms.insert(name.to_owned(), form)),
                Err(error) => errors.push(error),
            }
        }
        match compile(&spec.fields, "/fields") {
            Ok(fields) if errors.is_empty() => Ok(Self { id, version, spec, named, fields, forms, templates }),
            Ok(_) => Err(errors),
            Err(error) => {
                errors.push(error);
                Err(errors)
            }
        }
    }

    /// When an item that is due then is over by itself.
    pub fn timeout_at(&self, due_at: Option<Time>) -> Option<Time> {
        due_at.filter(|_| self.spec.on_timeout == OnTimeout::Deny)
    }

    /// Whether somebody is in one of the groups that are named so.
    pub fn is_in(&self, access: &Access, names: &[String]) -> bool {
        names.iter().filter_map(|name| self.named.groups.get(name)).any(|id| access.is_member(*id))
    }

    /// What is wrong with an item's fields.
    pub fn field_errors(&self, at: &str, fields: &Fields) -> Vec<FieldError> {
        self.fields.errors(at, &object(fields))
    }

    /// What is wrong with the answers to a resolution's form.
    pub fn answer_errors(&self, at: &str, resolution: &str, answers: &Fields) -> Vec<FieldError> {
        match self.forms.get(resolution) {
            Some(form) => form.errors(at, &object(answers)),
            None if answers.is_empty() => Vec::new(),
            None => vec![FieldError::new(at, "this resolution asks nothing")],
        }
    }

    /// The title of an item with these fields.
    pub fn title(&self, fields: &Fields) -> Result<String, FieldError> {
        let title = self.templates.render("title", &values(fields)).map_err(|detail| FieldError::new("/title", detail))?;
        let words: String = title.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect();
        Ok(words.chars().take(TITLE_LEN_MAX).collect())
    }

    /// How an item with these fields reads; `None` where it is shown as a table.
    pub fn text(&self, fields: &Fields) -> Option<Result<String, FieldError>> {
        self.spec.text.as_ref()?;
        Some(self.templates.render("text", &values(fields)).map_err(|detail| FieldError::new("/text", detail)))
    }

    /// What a resolution's button says.
    pub fn label(&self, name: &str, resolution: &ResolutionSpec, fields: &Fields) -> String {
        let label = resolution.label.as_ref().and_then(|_| self.templates.render(&format!("label:{name}"), &values(fields)).ok());
        label.filter(|label| !label.trim().is_empty()).unwrap_or_else(|| name.replace(['_', '-'], " "))
    }

    /// What is asked before it is done.
    pub fn confirm(&self, name: &str, resolution: &ResolutionSpec, fields: &Fields) -> Option<String> {
        let confirm = resolution.confirm.as_ref()?;
        Some(self.templates.render(&format!("confirm:{name}"), &values(fields)).unwrap_or_else(|_| confirm.clone()))
    }

    /// What templates can never make, whatever an item holds: they are tried on one that holds nothing.
    pub fn template_errors(&self) -> Vec<FieldError> {
        let places = self.spec.resolutions.names().flat_map(|name| {
            let at = format!("/resolutions/{name}");
            [(format!("label:{name}"), format!("{at}/label")), (format!("confirm:{name}"), format!("{at}/confirm"))]
        });
        let places = places.chain([("title".to_owned(), "/title".to_owned()), ("text".to_owned(), "/text".to_owned())]);
        places.filter_map(|(name, place)| Some(FieldError::new(place, self.templates.unknown(&name)?))).collect()
    }

    pub fn labels(&self, fields: &Fields) -> Ordered<String> {
        self.spec.resolutions.iter().map(|(name, spec)| (name.to_owned(), self.label(name, spec, fields))).collect()
    }
}

fn compile(schema: &FieldsSchema, at: &str) -> Result<Schema, FieldError> {
    Schema::compile(schema).map_err(|error| FieldError::new(format!("{at}{}", error.pointer), error.detail))
}

pub fn object(fields: &Fields) -> Value {
    Value::Object(fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// What templates see: each field by what people call it.
fn values(fields: &Fields) -> Value {
    Value::Object(fields.iter().map(|(name, value)| (Key::parse(name).name.to_owned(), value.clone())).collect())
}

/// The versions that were read.
#[derive(Default)]
pub struct Kinds(Mutex<Known>);

#[derive(Default)]
struct Known {
    versions: HashMap<(ItemTypeId, u32), Arc<Kind>>,
    /// The newest of each name, as of a revision of its organization.
    names: HashMap<(OrganizationId, String), (u64, Arc<Kind>)>,
}

impl Kinds {
    pub fn get(&self, id: ItemTypeId, version: u32) -> Option<Arc<Kind>> {
        self.lock().versions.get(&(id, version)).cloned()
    }

    pub fn remember(&self, kind: Kind) -> Arc<Kind> {
        let kind = Arc::new(kind);
        let versions = &mut self.lock().versions;
        if versions.len() >= REMEMBERED_MAX {
            versions.clear();
        }
        versions.insert((kind.id, kind.version), kind.clone());
        kind
    }

    /// What a name stood for at a revision of its organization, where that was read.
    pub fn named(&self, organization: OrganizationId, name: &str, revision: u64) -> Option<Arc<Kind>> {
        let known = self.lock();
        let (of, kind) = known.names.get(&(organization, name.to_owned()))?;
        (*of == revision).then(|| kind.clone())
    }

    /// Remembers what a name stands for, which was read after the revision was.
    pub fn remember_name(&self, organization: OrganizationId, name: &str, revision: u64, kind: Arc<Kind>) {
        let names = &mut self.lock().names;
        if names.len() >= REMEMBERED_MAX {
            names.clear();
        }
        names.insert((organization, name.to_owned()), (revision, kind));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
