//! The rules: pure functions over plain data. No I/O, no async, no clock, no wire names.
//!
//! | noun | meaning |
//! |---|---|
//! | Customer | the person or household who pays |
//! | Device | hardware or an app that plays |
//! | Service | **the entitlement**: this customer may use this until then |
//! | ServiceSpec | a sellable right: kind, scope, content |
//! | ProductSpec | a bundle of included and optional rights; a tariff plan |
//! | ProductOffer | how a product is sold: term, cycles, charges |
//! | Order | this customer has this product, until when, renewed how |
//! | Charge, Price | what a cycle of an offer costs, and since when |
//! | Bill | one cycle of an order with what it costs |
//! | Invoice, OpenInvoice | what a customer was billed; the part of it that is not paid |
//! | OpeningDebt | what a customer owed before we billed them |
//! | JournalEntry, Posting, Account | money that moved, from where, to where |
//! | Payment, Refund | money that came in, or went back |
//! | Ladder | grace, reminders, freeze and suspension of an order that is not paid |
//! | Run | what the billing did, and what it cost |
//! | Doubt, Hold | why the guard holds a run; an order of such a run, which waits and is served |
//! | HostedPage | a page where one offer is paid |
//! | Activity | what a customer or their box did |
//! | Audit | who changed what, from where |
//! | Operator, Token | staff, and the credentials of billing scripts |
//! | Channel, Movie, Genre | what there is to watch |
//! | Notice, BoxEvent, Broadcast | what a box, or every box, has to be told |
//! | BoxState | what a box last told us |
//! | Programme | what a channel shows, from when to when |
//! | Reseller | who sold it |
//! | Partner, PartnerTransaction | who bills through us; one charge or refund of theirs |
//! | Pin | proves that whoever buys is the customer |
//! | Message, Template | what is written to a customer, and how it is worded |
//! | Settlement, ClosedMonth | what a partner is owed for a month; the month once it is closed |
//! | PartnerSubscription, PartnerCall | what a customer has at a partner; what it has to be told |
//! | Webhook, HookEvent, Delivery | who is told what happens; what happened; who knows |

pub mod catalogue;
pub mod effect;
pub mod event;
pub mod maker;
pub mod provider;
pub mod refusal;
pub mod second_factor;
pub mod staff;
pub mod watching;

pub mod billing;
pub mod boxes;
pub mod customers;
pub mod messages;
pub mod partners;
pub mod peers;
#[cfg(test)]
mod tests;
pub mod values;
pub mod webhooks;
