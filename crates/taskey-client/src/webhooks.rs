//! Webhooks and their deliveries. A webhook is named by its id or its name; who replaces one says which version is meant.

use taskey_proto::id::DeliveryId;
use taskey_proto::page::Page;
use taskey_proto::webhooks::{Delivery, DeliveryState, RecoverDeliveries, Recovered, RotateWebhookKey, Webhook, WebhookSpec};

use crate::{Client, ClientError, Tagged, pages};

impl Client {
    /// All webhooks, or the first `limit`.
    pub async fn list_webhooks(&self, limit: Option<usize>) -> Result<Page<Webhook>, ClientError> {
        pages::collect(limit, || self.get(&["webhooks"])).await
    }

    /// Makes a webhook; its secret is in this answer and in no other.
    pub async fn create_webhook(&self, spec: &WebhookSpec) -> Result<Webhook, ClientError> {
        self.post(&["webhooks"]).json(spec).json_answer().await
    }

    pub async fn show_webhook(&self, webhook: &str) -> Result<Tagged<Webhook>, ClientError> {
        Tagged::read(self, self.get(&["webhooks", webhook])).await
    }

    /// Replaces what a webhook does, if `etag` is still its newest version. One that was given up is tried again.
    pub async fn replace_webhook(&self, webhook: &str, spec: &WebhookSpec, etag: &str) -> Result<Webhook, ClientError> {
        self.put(&["webhooks", webhook]).if_match(etag).json(spec).json_answer().await
    }

    pub async fn remove_webhook(&self, webhook: &str) -> Result<(), ClientError> {
        self.delete(&["webhooks", webhook]).no_answer().await
    }

    /// Makes the next key; the one before signs too for a while. The new secret is in this answer and in no other.
    pub async fn rotate_webhook_key(&self, webhook: &str, rotate: &RotateWebhookKey) -> Result<Webhook, ClientError> {
        self.post(&["webhooks", webhook, "rotate"]).json(rotate).json_answer().await
    }

    /// All deliveries of a webhook, newest first, or the first `limit`; with `state`, those in it.
    pub async fn list_deliveries(
        &self,
        webhook: &str,
        state: Option<DeliveryState>,
        limit: Option<usize>,
    ) -> Result<Page<Delivery>, ClientError> {
        pages::collect(limit, || self.get(&["webhooks", webhook, "deliveries"]).query_opt("state", state.map(word))).await
    }

    /// One delivery with its tries and its body.
    pub async fn show_delivery(&self, webhook: &str, delivery: DeliveryId) -> Result<Delivery, ClientError> {
        self.get(&["webhooks", webhook, "deliveries", &delivery.to_string()]).json_answer().await
    }

    /// Sends a delivery once more, under the same id.
    pub async fn resend_delivery(&self, webhook: &str, delivery: DeliveryId) -> Result<Delivery, ClientError> {
        self.post(&["webhooks", webhook, "deliveries", &delivery.to_string(), "resend"]).json_answer().await
    }

    /// Delivers again what happened in a time.
    pub async fn recover_deliveries(&self, webhook: &str, recover: &RecoverDeliveries) -> Result<Recovered, ClientError> {
        self.post(&["webhooks", webhook, "recover"]).json(recover).json_answer().await
    }
}

const fn word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "failed",
        DeliveryState::Dropped => "dropped",
    }
}
