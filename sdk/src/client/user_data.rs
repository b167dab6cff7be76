//! User data through the client: its settings, its HTTP client, its thread.

use futures_core::Stream;
use serde::Serialize;

use super::Client;
use crate::user_data::{Ending, Items, Mode, Route, Row, RowStream, Upload, UploadError};

impl Client {
    /// People to be sent to the stream of the client's account, from anything that iterates.
    ///
    /// Each must serialise to an object, such as a
    /// [`UserRecord`](crate::user_data::UserRecord); the module [`user_data`](crate::user_data)
    /// shows the whole.
    ///
    /// ```no_run
    /// use segue_sdk::user_data::{Mode, UserRecord};
    ///
    /// # fn nightly(client: &segue_sdk::Client) -> Result<(), segue_sdk::user_data::UploadError> {
    /// let people = [42, 43].map(UserRecord::new);
    /// let report = client.stream_user_data(people, Mode::Live).send_blocking()?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream_user_data<I>(
        &self,
        people: I,
        mode: Mode,
    ) -> Upload<'_, impl Stream<Item = Row> + use<I>>
    where
        I: IntoIterator<Item: Serialize, IntoIter: Unpin>,
    {
        let rows = people.into_iter().map(|person| Row::of(&person));
        Upload::new(self, Items(rows), mode)
    }

    /// People from an async stream.
    ///
    /// ```no_run
    /// use futures_util::{StreamExt, stream};
    /// use segue_sdk::user_data::{Mode, UserRecord};
    ///
    /// # async fn nightly(client: &segue_sdk::Client) -> Result<(), segue_sdk::user_data::UploadError> {
    /// // Rows of a database, as they come.
    /// let people = stream::iter(1..=1_000_000).map(UserRecord::new);
    /// let report = client.stream_user_data_from(people, Mode::Live).send().await?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream_user_data_from<S>(
        &self,
        people: S,
        mode: Mode,
    ) -> Upload<'_, impl Stream<Item = Row> + use<S>>
    where
        S: Stream<Item: Serialize>,
    {
        Upload::new(self, RowStream::new(people), mode)
    }

    /// Rows of a file, as [`ndjson`](crate::user_data::ndjson) and `csv` read them.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use std::io::BufReader;
    ///
    /// use segue_sdk::user_data::{Mode, ndjson};
    ///
    /// # fn nightly(client: &segue_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = BufReader::new(File::open("people.ndjson")?);
    /// let report = client.stream_user_rows(ndjson(file), Mode::Draft).send_blocking()?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream_user_rows<I>(
        &self,
        rows: I,
        mode: Mode,
    ) -> Upload<'_, impl Stream<Item = Row> + use<I>>
    where
        I: IntoIterator<Item = Row, IntoIter: Unpin>,
    {
        Upload::new(self, Items(rows.into_iter()), mode)
    }

    /// The way to the stream, and the account it belongs to.
    pub(crate) fn user_data_route(&self, mode: Mode) -> Result<(Route, String), UploadError> {
        let engine = self.inner.engine().ok_or(UploadError::Closed)?;
        let settings = engine.settings();
        let target = settings.user_data.as_ref().ok_or(UploadError::NoStream)?;
        let route = Route::new(
            &target.endpoint,
            &target.stream,
            mode,
            &target.http,
            settings.request_timeout,
            settings.retry_for,
        );
        let route = route.map_err(UploadError::Endpoint)?;
        Ok((route, target.stream.account.clone()))
    }

    /// Sends one body on the worker's thread, where there is a runtime for it.
    pub(crate) async fn send_user_data(
        &self,
        route: &Route,
        body: Vec<u8>,
        people: usize,
    ) -> Result<Ending, UploadError> {
        let engine = self.inner.engine().ok_or(UploadError::Closed)?;
        if !engine.queue.is_running() {
            return Err(UploadError::Closed);
        }
        let (route, random) = (route.clone(), std::sync::Arc::clone(&engine.random));
        let sent = engine
            .runtime()
            .spawn(async move { route.send(body, people, &random).await });
        // A task ends without a word only when its runtime ends.
        sent.await.unwrap_or(Err(UploadError::Closed))
    }
}
