//! The server's own figures.

use crate::{Client, ClientError};

impl Client {
    /// One figure of `/metrics`, by its name and labels as they stand there; `None` where it is not told.
    pub async fn read_metric(&self, name: &str) -> Result<Option<f64>, ClientError> {
        let text = self.get_beside(&["metrics"]).text_answer("text/plain").await?;
        Ok(text
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .find(|(named, _)| *named == name)
            .and_then(|(_, value)| value.parse().ok()))
    }
}
