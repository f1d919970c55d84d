//! What a test begins with, said as a sentence:
//! `a_till_selling(offer).taking_cards().in_folder(folder).await`.
//!
//! Every sentence begins with what is wanted, goes on with how it differs, and is awaited.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use boxoffice::app::clock::Clock;
use boxoffice::config::Config;
use boxoffice::domain::staff::Role;
use boxoffice::domain::values::time::Timestamp;
use boxoffice::listener::Patience;
use boxoffice::store::Storage;
use serde_json::{Value, json};

use super::{NOW, TestBox};
use crate::alphaott::given::Shop;
use crate::billing::Till;
use crate::billing::pages::Page;
use crate::marketone::{self, Hub};
use crate::stalker::across::Both;
use crate::stalker::{self, House};

/// A box of its own: redb in memory, the test clock at [`NOW`], cheap passwords, seeded entropy.
pub fn a_box<'f>() -> Fixture<'f, TestBox> {
    Fixture {
        start: Start {
            folder: None,
            seed: 1,
            clock: Clock::test(Timestamp::parse(NOW).unwrap()),
            patience: Patience::NETWORK,
            settings: Vec::new(),
        },
        document: None,
        staff: Vec::new(),
        make: Box::new(|bx| Box::pin(async move { bx })),
    }
}

/// A customer, and a product with an offer without charges.
pub fn a_shop<'f>() -> Fixture<'f, Shop> {
    a_box().then(Shop::open_in)
}

/// A shop that sells a month for 10.00 USD, prepaid.
pub fn a_till<'f>() -> Fixture<'f, Till> {
    a_till_selling(json!({}))
}

/// The same with these members of the offer.
pub fn a_till_selling<'f>(offer: Value) -> Fixture<'f, Till> {
    a_box().then(|bx| Till::in_box(bx, offer))
}

/// A hosted page for what a till sells, in a box that takes the sandbox's cards.
pub fn a_page<'f>() -> Fixture<'f, Page> {
    a_till().taking_cards().then(Page::of)
}

/// A box with two partners and the accounts of the cases of MarketONE's reference.
pub fn a_hub<'f>() -> Fixture<'f, Hub> {
    let accounts = a_box().holding(marketone::fixture());
    accounts.then(async |bx| Hub::of(bx))
}

/// A box with the fixture of the Stalker reference, and the billing system that calls it.
pub fn a_house<'f>() -> Fixture<'f, House> {
    let boxes = a_box().holding(stalker::fixture()).set(stalker::base);
    boxes.then(async |bx| House::of(bx))
}

/// The same, called by the AlphaOTT API too.
pub fn a_house_with_both_apis<'f>() -> Fixture<'f, Both> {
    a_house().then(async |house| Both::of(house))
}

/// The same with what a portal shows: genres, addresses, locked channels, a radio.
pub fn a_portal<'f>() -> Fixture<'f, House> {
    a_house().holding(crate::portal::document())
}

/// What is to be there before a test begins. Awaited, it is.
pub struct Fixture<'f, T> {
    start: Start<'f>,
    document: Option<Value>,
    staff: Vec<(&'f str, Role)>,
    make: Box<dyn FnOnce(TestBox) -> Made<'f, T> + Send + 'f>,
}

type Made<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// A change to the settings of a box.
type Setting<'f> = Box<dyn FnOnce(&mut Config) + Send + 'f>;

/// How a box is started.
pub(super) struct Start<'f> {
    /// Where its file is; nowhere: in memory.
    pub folder: Option<PathBuf>,
    pub seed: u64,
    pub clock: Clock,
    pub patience: Patience,
    settings: Vec<Setting<'f>>,
}

impl<'f, T: 'f> Fixture<'f, T> {
    /// With settings that differ from those of [`Config::for_tests`].
    pub fn set(mut self, settings: impl FnOnce(&mut Config) + Send + 'f) -> Self {
        self.start.settings.push(Box::new(settings));
        self
    }

    /// Where the sandbox's cards are taken.
    pub fn taking_cards(self) -> Self {
        self.set(|config| config.payments.sandbox = true)
    }

    /// On a file of this folder, which may be there.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.start.folder = Some(folder.to_owned());
        self
    }

    /// Another seed for every start in one folder, or what was drawn before is drawn again.
    pub fn seed(mut self, seed: u64) -> Self {
        self.start.seed = seed;
        self
    }

    pub fn by_clock(mut self, clock: Clock) -> Self {
        self.start.clock = clock;
        self
    }

    /// Where clients may let the box wait this long only.
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.start.patience = patience;
        self
    }

    /// Where this declarative document has been applied, and no other.
    pub fn holding(mut self, document: Value) -> Self {
        self.document = Some(document);
        self
    }

    /// Where somebody works, whose password is [`super::PASSWORD`].
    pub fn with_staff(mut self, name: &'f str, role: Role) -> Self {
        self.staff.push((name, role));
        self
    }

    /// And what is made of it.
    pub fn then<U, F>(self, next: impl FnOnce(T) -> F + Send + 'f) -> Fixture<'f, U>
    where
        F: Future<Output = U> + Send + 'f,
        T: Send,
    {
        let make = self.make;
        Fixture {
            start: self.start,
            document: self.document,
            staff: self.staff,
            make: Box::new(move |bx| Box::pin(async move { next(make(bx).await).await })),
        }
    }
}

impl<'f, T: 'f> IntoFuture for Fixture<'f, T> {
    type Output = T;
    type IntoFuture = Made<'f, T>;

    fn into_future(self) -> Made<'f, T> {
        Box::pin(async move {
            let bx = TestBox::start(self.start).await;
            for (name, role) in self.staff {
                bx.hire(name, role).await;
            }
            if let Some(document) = self.document {
                bx.apply(document).await;
            }
            (self.make)(bx).await
        })
    }
}

impl Start<'_> {
    /// The settings, and where the file is.
    pub fn settings(&mut self) -> (Config, Storage) {
        let mut config = Config::for_tests();
        let mut storage = Storage::Memory;
        if let Some(folder) = &self.folder {
            config.data.clone_from(folder);
            storage = Storage::File(folder.join("boxoffice.redb"));
        }
        for change in self.settings.drain(..) {
            change(&mut config);
        }
        (config, storage)
    }
}
