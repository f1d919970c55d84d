//! What the tests of the store share: plain records, an error for commands to answer, and a hold on
//! the writer that makes commands share one commit.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use boxoffice::domain::billing::order::{Order, Standing};
use boxoffice::domain::catalogue::kinds::{Billing, OrderStatus, OrderType};
use boxoffice::domain::customers::Customer;
use boxoffice::domain::customers::device::{Device, DeviceKind, DeviceStatus};
use boxoffice::domain::event::{Audit, Change};
use boxoffice::domain::values::calendar::{Period, PeriodCount, Term};
use boxoffice::domain::values::contact::Email;
use boxoffice::domain::values::id::{
    AuditId, CustomerId, DeviceId, OrderId, ProductOfferId, ProductSpecId,
};
use boxoffice::domain::values::open_object::OpenObject;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::store::{Store, StoreError, Tx};

/// Why a command failed: by its own rule, or because of the store.
#[derive(Debug)]
pub enum Refused {
    Rule,
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub type Answer = Result<(), Refused>;
pub type Command = Box<dyn FnOnce(&mut Tx<'_>) -> Answer + Send>;

pub fn command(work: impl FnOnce(&mut Tx<'_>) -> Answer + Send + 'static) -> Command {
    Box::new(work)
}

/// Whether the store said that it cannot tell what became of the command.
pub fn is_unavailable(answer: &Answer) -> bool {
    matches!(
        answer,
        Err(Refused::Store(
            StoreError::Unavailable | StoreError::DiskFull
        ))
    )
}

/// Runs `future` to its end on a runtime of its own.
pub fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A write that was handed to the writer, whoever waits for its answer.
pub enum Queued<'s, T> {
    Answered(T),
    Waiting(Pin<Box<dyn Future<Output = T> + 's>>),
}

/// Hands the write to the writer now, not first when its answer is asked for.
pub async fn queue<'s, T: 's>(write: impl Future<Output = T> + 's) -> Queued<'s, T> {
    let mut write: Pin<Box<dyn Future<Output = T> + 's>> = Box::pin(write);
    let first = std::future::poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
    match first {
        Poll::Ready(answer) => Queued::Answered(answer),
        Poll::Pending => Queued::Waiting(write),
    }
}

impl<T> Queued<'_, T> {
    pub async fn answer(self) -> T {
        match self {
            Self::Answered(answer) => answer,
            Self::Waiting(write) => write.await,
        }
    }
}

/// Keeps the writer in a command of its own until it is dropped or let go; what is queued meanwhile
/// shares the commit that follows.
pub struct Hold<'s> {
    release: mpsc::Sender<()>,
    held: Queued<'s, Answer>,
}

/// `None` where the store's disk has failed.
pub async fn hold(store: &Store) -> Option<Hold<'_>> {
    let (entered, inside) = tokio::sync::oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let wait = command(move |_| {
        let _ = entered.send(());
        // Ends when the sender is dropped.
        let _ = released.recv();
        Ok(())
    });
    let held = queue(store.write(wait)).await;
    inside.await.ok()?;
    Some(Hold { release, held })
}

impl Hold<'_> {
    /// What keeps the writer until it is dropped; nobody waits for the command any more.
    pub fn release(self) -> mpsc::Sender<()> {
        self.release
    }

    pub async fn let_go(self) {
        drop(self.release);
        // It wrote nothing, so its answer says nothing.
        let _ = self.held.answer().await;
    }
}

/// Has the commands (at most `BATCH_MAX`) share one commit. Their answers, in their order.
pub async fn together(store: &Store, commands: Vec<Command>) -> Vec<Answer> {
    let Some(holder) = hold(store).await else {
        return commands
            .iter()
            .map(|_| Err(StoreError::Unavailable.into()))
            .collect();
    };
    let mut queued = Vec::new();
    for command in commands {
        queued.push(queue(store.write(command)).await);
    }
    holder.let_go().await;
    let mut answers = Vec::new();
    for write in queued {
        answers.push(write.answer().await);
    }
    answers
}

pub fn now() -> Timestamp {
    Timestamp::from_micros(1_769_853_600_000_000).expect("a year we know")
}

/// A customer with a login and an e-mail address of that name.
pub fn customer(id: CustomerId, name: &str) -> Customer {
    Customer {
        login: Some(name.to_owned()),
        account_number: Some(format!("A-{}", id.0.div_ceil(3))),
        email: Email::parse(&format!("{name}@example.net")),
        phones: vec!["+12065550100".to_owned()],
        address: Some(OpenObject(format!(
            "{{\"street\":\"{}\"}}",
            "Main ".repeat(60)
        ))),
        ..Customer::new(id, "boxoffice".to_owned(), now())
    }
}

pub fn device(id: DeviceId, customer: CustomerId) -> Device {
    Device {
        id,
        foreign_id: Some(format!("device-{}", id.0)),
        customer,
        kind: DeviceKind::Stb,
        status: DeviceStatus::Active,
        model: "MAG322".to_owned(),
        platform: String::new(),
        brand: "Infomir".to_owned(),
        serial: format!("SN{:06}", id.0),
        mac: format!("00:1A:79:00:00:{:02X}", id.0 % 256),
        created_at: now(),
        removed_at: None,
        status_changed_at: None,
    }
}

pub fn order(id: OrderId, customer: CustomerId) -> Order {
    Order {
        id,
        foreign_id: None,
        customer,
        product: ProductSpecId(1),
        offer: Some(ProductOfferId(1)),
        term: Term {
            count: PeriodCount::whole(1).expect("one"),
            period: Period::Month,
        },
        order_type: OrderType::Recurring,
        billing: Billing::External,
        price_version: 0,
        cycles_total: 12,
        cycles_paid: 1,
        status: OrderStatus::Active,
        standing: Standing::Settled,
        anchor_at: now(),
        anchor_cycle: 0,
        next_cycle_at: Some(now().saturating_add_seconds(2_678_400)),
        expires_at: Some(now().saturating_add_seconds(2_678_400)),
        pauses: Vec::new(),
        time_kept: false,
        held: None,
        fallback_product: None,
        external_refs: Vec::new(),
        served_by_caller: false,
        created_at: now(),
        activated_at: Some(now()),
        updated_at: now(),
    }
}

/// A line of the audit log; its number and its hash are given when it is appended.
pub fn line(action: &str, subject: u64) -> Audit {
    Audit {
        id: AuditId(0),
        at: now(),
        actor_kind: "token".to_owned(),
        actor_name: "billing".to_owned(),
        dialect: "alphaott".to_owned(),
        request_id: format!("{action}-{subject}"),
        action: action.to_owned(),
        subject: ("customer".to_owned(), subject),
        changes: vec![Change {
            field: "status".to_owned(),
            before: String::new(),
            after: "active".to_owned(),
        }],
        chain: [0; 32],
    }
}
