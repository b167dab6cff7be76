//! Whom the shop knows, when it was told to look: others stay pending until they are customers.
//!
//! ```text
//! curl -X PUT http://127.0.0.1:8080/customers/42
//! ```

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::put;
use segue_receiver::Receiver;
use segue_receiver::payload::PersonId;
use segue_receiver::segments::{DirectoryError, PersonDirectory};

#[derive(Clone, Debug)]
pub(crate) struct Customers(Arc<RwLock<HashSet<PersonId>>>);

impl Customers {
    pub(crate) fn new(customers: HashSet<PersonId>) -> Self {
        Self(Arc::new(RwLock::new(customers)))
    }

    fn enter(&self, customer: PersonId) {
        let mut customers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        customers.insert(customer);
    }
}

impl PersonDirectory for Customers {
    fn known<'a>(
        &'a self,
        persons: &'a [PersonId],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<bool>, DirectoryError>> + Send + 'a>> {
        Box::pin(async move {
            let customers = self.0.read().unwrap_or_else(PoisonError::into_inner);
            Ok(persons.iter().map(|id| customers.contains(id)).collect())
        })
    }
}

/// `PUT /customers/{id}`: a new customer, whose pending memberships begin.
pub(crate) fn routes<S>(customers: Customers, receiver: Receiver) -> Router<S> {
    Router::new()
        .route("/customers/{id}", put(enter))
        .with_state((customers, receiver))
}

async fn enter(
    State((customers, receiver)): State<(Customers, Receiver)>,
    Path(id): Path<String>,
) -> Result<String, StatusCode> {
    let id = PersonId::new(&id).map_err(|_| StatusCode::BAD_REQUEST)?;
    customers.enter(id.clone());
    let begun = receiver.segments().settle(vec![id]).await;
    let begun = begun.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(format!("{begun} memberships begin\n"))
}
