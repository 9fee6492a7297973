//! Organizations: one's own for super users, all of them for operators. An organization is named by its id or its name.

use taskey_proto::organizations::{CreateOrganization, CreatedOrganization, EditOrganization, Organization};
use taskey_proto::page::Page;

use crate::{Client, ClientError, pages};

impl Client {
    /// All organizations of the server, or the first `limit`.
    pub async fn list_organizations(&self, limit: Option<usize>) -> Result<Page<Organization>, ClientError> {
        pages::collect(limit, || self.get(&["organizations"])).await
    }

    pub async fn create_organization(&self, organization: &CreateOrganization) -> Result<CreatedOrganization, ClientError> {
        self.post(&["organizations"]).json(organization).json_answer().await
    }

    pub async fn show_organization(&self, organization: &str) -> Result<Organization, ClientError> {
        self.get(&["organizations", organization]).json_answer().await
    }

    pub async fn edit_organization(&self, organization: &str, edit: &EditOrganization) -> Result<Organization, ClientError> {
        self.patch(&["organizations", organization]).json(edit).json_answer().await
    }

    /// Disables an organization at once, and has everything of it removed when its grace is over.
    pub async fn delete_organization(&self, organization: &str) -> Result<Organization, ClientError> {
        self.delete(&["organizations", organization]).json_answer().await
    }
}
